//go:build linux

package supervisor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin/plugintest"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
)

// programs holds the actor, built once, under the names 1.0.0 and 2.0.0.
var programs string

func TestMain(m *testing.M) {
	folder, remove, err := plugintest.BuildAll("../plugin/testdata/actor", "1.0.0", "2.0.0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}

	programs = folder
	code := m.Run()
	remove()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}

	os.Exit(code)
}

// stage is a registry, its folders, and the provider that its plugins call.
type stage struct {
	t        testing.TB
	plugins  string
	data     string
	provider *plugintest.Provider
	sup      *Supervisor
	metrics  *prometheus.Registry
	log      *text
	open     atomic.Bool // whether anything is open at the providers
	// identities are who the providers were in what is open at them.
	identities atomic.Pointer[[]string]
}

func (s *stage) openIdentities(string) []string {
	if list := s.identities.Load(); list != nil {
		return slices.Clone(*list)
	}
	return nil
}

// newStage makes a registry that is quick to try again and slow to give up.
func newStage(t testing.TB, change ...func(*tuning)) *stage {
	s := &stage{
		t:        t,
		plugins:  t.TempDir(),
		data:     t.TempDir(),
		provider: plugintest.NewProvider(t),
		metrics:  prometheus.NewRegistry(),
		log:      &text{},
	}

	s.install("actor", "1.0.0")
	tune := defaultTuning()
	tune.retryFirst, tune.openEvery = 5*time.Millisecond, 5*time.Millisecond
	tune.restartWait, tune.queueWait = 20*time.Second, 20*time.Second
	for _, f := range change {
		f(tune)
	}

	s.sup = New(Options{
		Logger: slog.New(
			slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}),
		),
		PluginDir:      s.plugins,
		DataDir:        s.data,
		Metrics:        s.metrics,
		OpenIntents:    func(string) bool { return s.open.Load() },
		OpenIdentities: s.openIdentities,
		tune:           tune,
	})

	t.Cleanup(func() {
		if err := s.sup.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(s.log.String())
		}
	})

	return s
}

func (s *stage) install(file, version string) {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join(programs, version))
	if err != nil {
		s.t.Fatal(err)
	}

	temp := filepath.Join(s.plugins, ".new")
	if err := os.WriteFile(temp, content, 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(temp, filepath.Join(s.plugins, file)); err != nil {
		s.t.Fatal(err)
	}
}

// script says how the actor is to behave at its next start.
func (s *stage) script(text string) {
	s.t.Helper()
	folder := filepath.Join(s.data, "plugins", "actor")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "script"), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// config is an account's, changed as wanted.
func (s *stage) config(name string, change ...func(*config.Provider)) config.Provider {
	p := config.Provider{
		Name:         name,
		Plugin:       "actor",
		Enabled:      true,
		Timeout:      30 * time.Second,
		MaxInFlight:  64,
		DrainTimeout: 30 * time.Second,
		Config:       own(map[string]string{"base_url": s.provider.URL, "merchant": "m1"}),
	}

	for _, f := range change {
		f(&p)
	}

	return p
}

func own(table map[string]string) json.RawMessage {
	text, _ := json.Marshal(table)
	return text
}

// merchant changes who the account is, note only how it is configured.
func (s *stage) merchant(m string) func(*config.Provider) { return s.table(m, "") }

func (s *stage) table(merchant, note string) func(*config.Provider) {
	return func(p *config.Provider) {
		p.Config = own(
			map[string]string{
				"base_url": s.provider.URL,
				"merchant": merchant,
				"note":     note,
			},
		)
	}
}

// apply applies and compares what was done, one word a provider.
func (s *stage) apply(want string, providers ...config.Provider) []Result {
	s.t.Helper()
	results := s.sup.Apply(context.Background(), providers)
	s.expect(want, results)
	return results
}

func (s *stage) expect(want string, results []Result) {
	s.t.Helper()
	got := ""

	for i, r := range results {
		if i > 0 {
			got += " "
		}
		got += r.Name + ":" + string(r.Action)
		if (r.Error != nil) != (r.Action == ActionFailed) {
			s.t.Errorf("%s: %s with error %v", r.Name, r.Action, r.Error)
		}
	}

	if got != want {
		s.t.Fatalf("applied %q, want %q; %v", got, want, results)
	}
}

func (s *stage) acquire(name string) *Lease {
	s.t.Helper()
	l, err := s.sup.Acquire(context.Background(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(l.Release)
	return l
}

// pay leases, pays and gives back.
func (s *stage) pay(name string) (*sdk.Payment, error) {
	l, err := s.sup.Acquire(context.Background(), name)
	if err != nil {
		return nil, err
	}
	defer l.Release()
	return l.CreatePayment(context.Background(), payment("r1"))
}

func (s *stage) mustPay(name string) {
	s.t.Helper()
	if _, err := s.pay(name); err != nil {
		s.t.Fatal(err)
	}
}

func payment(reference string) sdk.CreatePaymentRequest {
	return sdk.CreatePaymentRequest{
		Reference:         reference,
		IdempotencyKey:    "k-" + reference,
		Sequence:          1,
		Attempt:           1,
		MerchantReference: "order-1",
		Amount:            sdk.Money{Amount: decimal.NewFromInt(60), Currency: "USD"},
	}
}

// payIn pays in the background, on a lease that is held already.
func payIn(l *Lease) <-chan error {
	failed := make(chan error, 1)
	go func() {
		_, err := l.CreatePayment(context.Background(), payment("r1"))
		failed <- err
	}()
	return failed
}

func (s *stage) status(name string) Status {
	s.t.Helper()
	st, ok := s.sup.Status(name)
	if !ok {
		s.t.Fatalf("there is no %s", name)
	}
	return st
}

func (s *stage) awaitState(name string, want State) Status {
	s.t.Helper()
	var st Status
	eventually(
		s.t,
		name+" is "+string(want),
		func() bool { st, _ = s.sup.Status(name); return st.State == want },
	)
	return st
}

// eventually waits for something that another process or goroutine does.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come to this: %s", what)
		}
	}
}

// text is a buffer for several goroutines.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// runCall has a call of the test's own go through the chain.
func runCall[R any](
	ctx context.Context,
	l *Lease,
	capability sdk.Capability,
	do func(context.Context) (R, error),
) (R, error) {
	made := func(_ *client.Account, ctx context.Context, _ struct{}) (R, error) { return do(ctx) }
	return run(ctx, l, capability, made, struct{}{})
}

// testCall is a call of the test's own.
type testCall func(context.Context) error

func (do testCall) make(ctx context.Context) error { return do(ctx) }

func (do testCall) answered() any { return nil }

// meet has a call of the test's own meet one wrapper of the chain.
func meet(ctx context.Context, l *Lease, met wrapper, do testCall) error {
	return met(ctx, &call{lease: l, within: do})
}
