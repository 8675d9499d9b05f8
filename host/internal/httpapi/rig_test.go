package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/httpapi"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/push"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "token-of-the-shop"

// rig is an API on a real core and a real SQLite file, with one scripted
// account called acme.
type rig struct {
	*httptest.Server
	admin   *httptest.Server
	api     *httpapi.API
	core    *core.Core
	account *coretest.Account
	// database is the path of the file.
	database string
	config   *config.Config
	store    *flaky
	faults   *coretest.Faulty // between the core and the store
	log      *safeBuffer
	after    string // the last event that lastEvent has read
	status   []payment.ProviderStatus
	waiting  payment.Attention
	history  payment.ProviderHistory
	reload   func(context.Context, bool) httpapi.Reloaded
}

// flaky is a store whose probes a test can fail.
type flaky struct {
	*store.Store
	down bool
}

func (f *flaky) Ping(ctx context.Context) error {
	if f.down {
		return errors.New("connection refused by database-host-9")
	}
	return f.Store.Ping(ctx)
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Providers, Provider and WebhookURL are httpapi.Providers.
func (r *rig) Providers() []payment.ProviderStatus { return r.status }
func (r *rig) Provider(name string) (payment.ProviderStatus, bool) {
	for _, s := range r.status {
		if s.Name == name {
			return s, true
		}
	}
	return payment.ProviderStatus{}, false
}

func (r *rig) Pauses(ctx context.Context) ([]payment.Pause, error) { return r.core.Pauses(ctx) }

func (r *rig) PauseProvider(
	ctx context.Context, name string, what payment.PauseScope, operator, reason string,
) ([]payment.Pause, error) {
	return r.core.Pause(ctx, name, what, operator, reason)
}

func (r *rig) ResumeProvider(
	ctx context.Context, name string, what payment.PauseScope, operator, reason string,
) ([]payment.Pause, error) {
	return r.core.Resume(ctx, name, what, operator, reason)
}

func (r *rig) RestartProvider(
	_ context.Context, name, _, _ string,
) (payment.ProviderStatus, error) {
	status, _ := r.Provider(name)
	return status, nil
}

// Attention and ProviderHistory are httpapi.Insight.
func (r *rig) Attention(context.Context, int) (payment.Attention, error) { return r.waiting, nil }

func (r *rig) ProviderHistory(_, _ string) (payment.ProviderHistory, error) { return r.history, nil }

func (r *rig) WebhookURL(name string) string { return r.core.AccountURL(name) }

func newRig(t *testing.T) *rig {
	t.Helper()
	url := storetest.SQLite(t)
	database := strings.TrimPrefix(url, "sqlite:")
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}

	r := &rig{
		database: database,
		account:  coretest.New("acme"),
		store:    &flaky{Store: s},
		faults:   coretest.NewFaulty(s),
		log:      &safeBuffer{},
		config: &config.Config{
			HTTP: config.HTTP{
				Tokens: []sdk.Secret{sdk.NewSecret("an-older-token"), sdk.NewSecret(token)},
			},
			Providers: []config.Provider{{Name: "acme"}}},
	}

	r.status = []payment.ProviderStatus{
		{Name: "acme", State: payment.ProviderReady, Plugin: "acme", Version: "1.0.0"},
	}
	log := slog.New(
		slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}),
	)
	accounts := coretest.NewAccounts(r.account)
	c, err := core.New(
		t.Context(),
		core.Options{
			Store:       r.faults,
			Accounts:    accounts,
			PublicURL:   "http://host.example",
			VerifyAudit: s.VerifyAudit,
			Approval:    func() config.Approval { return r.config.Approval },
		},
	)
	if err != nil {
		t.Fatal(err)
	}

	box := inbox.New(
		inbox.Options{Store: s, Core: c, Accounts: accounts, Directory: accounts},
	)
	r.core = c
	configuration := func() *config.Config { return r.config }
	schema := func(name string) json.RawMessage {
		s, _ := r.Provider(name)
		return s.ConfigSchema
	}

	r.api = httpapi.New(httpapi.Options{
		Payments:    c,
		Webhooks:    inbox.NewArchive(box, configuration, schema),
		Incoming:    box,
		DeadLetters: push.NewDeadLetters(s, time.Now),
		Store:       r.store,
		StoreReason: store.Reason,
		Providers:   r,
		Insight:     r,
		Logger:      log,
		Config:      configuration,
		Reload:      func(ctx context.Context, force bool) httpapi.Reloaded { return r.reload(ctx, force) },
	})

	r.Server, r.admin = httptest.NewServer(r.api.All()), httptest.NewServer(r.api.Admin())
	t.Cleanup(func() {
		r.Server.Close()
		r.admin.Close()
		c.Wait()
		if n := r.account.Leases(); n != 0 {
			t.Errorf("%d leases are still held", n)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})

	return r
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

// at returns what stands at a dotted path, nil when there is nothing.
func (a answer) at(path string) any {
	var v any = a.json
	for name := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// violations returns the messages by field.
func (a answer) violations() map[string]string {
	out := map[string]string{}
	list, _ := a.json["violations"].([]any)
	for _, v := range list {
		m := v.(map[string]any)
		out[m["field"].(string)] = m["message"].(string)
	}
	return out
}

// call sends a request with the token. Headers are pairs; an empty value takes
// one away.
func (r *rig) call(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	return send(
		t,
		method,
		r.URL+path,
		strings.NewReader(body),
		append([]string{"Authorization", "Bearer " + token}, headers...)...)
}

func send(t *testing.T, method, url string, body io.Reader, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}

	for k := 0; k < len(headers); k += 2 {
		req.Header.Set(headers[k], headers[k+1])
		if headers[k+1] == "" {
			req.Header.Del(headers[k])
		}
	}

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") &&
		method != http.MethodHead {
		if err := json.Unmarshal(text, &a.json); err != nil {
			t.Fatalf("%s %s: %v in %s", method, url, err, text)
		}
	}

	return a
}

// want checks status and, for problems, everything that each of them must have.
func (a answer) want(t *testing.T, status int, code string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("got %d, want %d: %s", a.status, status, a.text)
	}
	if status < 400 {
		return a
	}

	if a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("the content type is %s", a.header.Get("Content-Type"))
	}
	if a.json["code"] != code || a.json["status"] != float64(status) ||
		a.json["title"] != http.StatusText(status) ||
		a.json["type"] != "about:blank" {
		t.Errorf("want code %s: %s", code, a.text)
	}

	if a.json["request_id"] == "" || a.json["request_id"] != a.header.Get("X-Request-Id") {
		t.Errorf(
			"request_id is %v, the header %q",
			a.json["request_id"],
			a.header.Get("X-Request-Id"),
		)
	}

	if _, ok := a.json["violations"].([]any); !ok || a.json["detail"] == "" ||
		a.json["outcome"] == "" {
		t.Errorf("a problem is not whole: %s", a.text)
	}

	return a
}

const paymentBody = `{"provider":"acme","amount":"60.00","currency":"USD","merchant_reference":"order-47"}`

const payoutBody = `{"provider":"acme","amount":"12.50","currency":"USD","recipient":{"email":"a@b.example"}}`

func redirecting(_ context.Context, r sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	return &sdk.Payment{
		ProviderReference: "theirs-" + r.MerchantReference,
		Status:            sdk.PaymentRequiresAction,
		NextAction:        sdk.RedirectTo("https://acme.example/pay"),
	}, nil
}

// pay makes a payment and gives its id.
func (r *rig) pay(t *testing.T, key string) string {
	t.Helper()
	if r.account.Create == nil {
		r.account.Create = redirecting
	}
	a := r.call(t, "POST", "/v1/payments", paymentBody, "Idempotency-Key", key).
		want(t, 201, "")
	return a.json["id"].(string)
}
