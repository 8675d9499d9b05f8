package conformance

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

// ledger is a simulator that can do everything and remembers what it was told.
type ledger struct {
	http.Handler
	books   fault.Books
	settled []string
}

func (l *ledger) Books() *fault.Books     { return &l.books }
func (l *ledger) Settle(reference string) { l.settled = append(l.settled, reference) }
func (l *ledger) LoginPath() string       { return "/login" }

func (l *ledger) Webhooks(reference string) []sdk.HTTPRequest {
	return []sdk.HTTPRequest{delivered1("webhook " + reference)}
}

func (l *ledger) Returns(reference string) []sdk.HTTPRequest {
	return []sdk.HTTPRequest{delivered1("return " + reference)}
}

func (l *ledger) OddWebhooks() map[Oddity]func(...string) []sdk.HTTPRequest {
	return map[Oddity]func(...string) []sdk.HTTPRequest{
		Batch: func(references ...string) []sdk.HTTPRequest {
			return []sdk.HTTPRequest{delivered1(strings.Join(references, " and "))}
		},
	}
}

func (l *ledger) Samples() Samples {
	return Samples{
		Payment:    &Sample{Method: "card", Amount: decimal.RequireFromString("12.50"), Options: json.RawMessage(`{"a":1}`)},
		Payout:     &Sample{Person: Person{Email: "{reference}@example.com"}},
		Confirm:    map[string]string{"tx": "1"},
		Operations: map[string]json.RawMessage{"quote": json.RawMessage(`{"x":[]}`)},
	}
}

// delivered1 is one request with a body that is no text.
func delivered1(what string) sdk.HTTPRequest {
	return sdk.HTTPRequest{
		Method: "POST", Query: "q=1", Header: http.Header{"X-Sign": {"a", "b"}}, Body: []byte(what + "\xff\x00"),
		RemoteAddress: "203.0.113.7", ReceivedAt: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC),
	}
}

// dial serves a handler and makes a Remote of it.
func dial(t *testing.T, h http.Handler) (*Remote, error) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	r, err := Dial(t.Context(), s.URL+"/acme/")
	if r != nil {
		t.Cleanup(r.Close)
	}
	return r, err
}

// A simulator behind the control protocol is to the kit what it is in the same process.
func TestARemoteSimulatorIsTheSame(t *testing.T) {
	l := &ledger{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Method+" "+r.RequestURI+" "+r.Header.Get("X-Forwarded-Host")+" "+string(body))
	})}
	l.books.Add(fault.Entry{Kind: fault.Payout, ID: "1", OrderID: "po_1", Amount: decimal.RequireFromString("0.10"), Currency: "USD", Moved: true})
	r, err := dial(t, http.StripPrefix("/acme", Control(l, func(base string) string { return `{"base_url":"` + base + `"}` })))
	if err != nil {
		t.Fatal(err)
	}
	here, there := controlsOf(l), controlsOf(r)
	ctx := t.Context()
	for what, pair := range map[string][2]func() (any, error){
		"books":    {func() (any, error) { return here.books(ctx) }, func() (any, error) { return there.books(ctx) }},
		"webhooks": {func() (any, error) { return here.webhooks(ctx, "pay_1") }, func() (any, error) { return there.webhooks(ctx, "pay_1") }},
		"returns":  {func() (any, error) { return here.returns(ctx, "pay_1") }, func() (any, error) { return there.returns(ctx, "pay_1") }},
		"batch": {
			func() (any, error) { return here.odd[Batch](ctx, []string{"a", "b"}) },
			func() (any, error) { return there.odd[Batch](ctx, []string{"a", "b"}) },
		},
		"samples": {func() (any, error) { return here.samples, nil }, func() (any, error) { return there.samples, nil }},
		"login":   {func() (any, error) { return here.login, nil }, func() (any, error) { return there.login, nil }},
	} {
		a, errA := pair[0]()
		b, errB := pair[1]()
		// As JSON: a decimal has several inner forms.
		textA, _ := json.Marshal(a)
		textB, _ := json.Marshal(b)
		if errA != nil || errB != nil || string(textA) != string(textB) {
			t.Errorf("%s: %s (%v) here, %s (%v) there", what, textA, errA, textB, errB)
		}
	}
	if err := there.settle(ctx, "pay_7"); err != nil || !reflect.DeepEqual(l.settled, []string{"pay_7"}) {
		t.Errorf("settled %q, %v", l.settled, err)
	}
	if !r.HasConfig() || !r.Sends(Batch) || r.Sends(Stale) {
		t.Errorf("it says %+v", r.said)
	}
	if text, err := r.Config(ctx, "http://x"); err != nil || string(text) != `{"base_url":"http://x"}` {
		t.Errorf("the configuration is %s, %v", text, err)
	}
}

// What the plugin sends reaches the simulator's API under its path, and the simulator learns where the kit stands.
func TestARemoteSimulatorIsReachedThroughTheTap(t *testing.T) {
	l := &ledger{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Method+" "+r.RequestURI+" "+string(body)+" for "+r.Header.Get("X-Forwarded-Host"))
	})}
	r, err := dial(t, http.StripPrefix("/acme", Control(l, nil)))
	if err != nil {
		t.Fatal(err)
	}
	tap, err := newTap(r, "")
	if err != nil {
		t.Fatal(err)
	}
	defer tap.close()
	resp, err := http.Post(tap.url+"/v1/pay?a=%2F", "text/plain", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, _ := io.ReadAll(resp.Body)
	if want := "POST /acme/v1/pay?a=%2F body for " + strings.TrimPrefix(tap.url, "http://"); string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestWhatIsNoRemoteSimulator(t *testing.T) {
	say := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	}
	for name, c := range map[string]struct {
		handler http.Handler
		want    string
	}{
		"a provider":   {say(404, "no such page"), "404"},
		"not JSON":     {say(200, "<html>"), "does not answer with its JSON"},
		"another form": {say(200, `{"can":"all"}`), "does not answer with its JSON"},
		"too much":     {say(200, strings.Repeat(" ", maxControlAnswer+1)), "more than"},
	} {
		if _, err := dial(t, c.handler); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, address := range []string{"", "acme", "ftp://127.0.0.1", "http://", "http://127.0.0.1/?a=b", "http://127.0.0.1:1"} {
		if _, err := Dial(t.Context(), address); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
}

// What fails at the simulator's side is an error there, and not an empty book.
func TestControlFailures(t *testing.T) {
	l := &ledger{Handler: http.NotFoundHandler()}
	r, err := dial(t, http.StripPrefix("/acme", Control(l, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.settle(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "reference") {
		t.Errorf("settling nothing: %v", err)
	}
	if r.HasConfig() {
		t.Error("it gives a configuration")
	}
	w := httptest.NewRecorder()
	answer(w, nil, errors.New("the books are wet"))
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "wet") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestSamplesChangeWhatTheyName(t *testing.T) {
	req := sdk.CreatePaymentRequest{Reference: "pay_Kit-1", Method: "kit", Country: "DE", Customer: sdk.Customer{Email: "kit@example.com", Phone: "1"}}
	(&Sample{
		Method: "card", Amount: decimal.RequireFromString("5"), Options: json.RawMessage(`{"r":"{reference}"}`),
		Person: Person{Email: "{reference}@acme.example", FirstName: "Eve"},
	}).payment(&req)
	if req.Method != "card" || req.Country != "DE" || req.Customer.Email != "pay_kit-1@acme.example" || req.Customer.Phone != "1" ||
		req.Customer.FirstName != "Eve" || string(req.Options) != `{"r":"pay_kit-1"}` || !req.Amount.Amount.Equal(decimal.NewFromInt(5)) {
		t.Errorf("got %+v", req)
	}
	out := sdk.CreatePayoutRequest{Reference: "po_1", Recipient: sdk.Recipient{IBAN: "DE1", Name: "Ada"}}
	(&Sample{Currency: "EUR", Person: Person{Name: "Eve"}}).payout(&out)
	if out.Amount.Currency != "EUR" || out.Recipient.Name != "Eve" || out.Recipient.IBAN != "DE1" {
		t.Errorf("got %+v", out)
	}
	before := req
	(*Sample)(nil).payment(&req)
	if !reflect.DeepEqual(before, req) {
		t.Error("no sample changed something")
	}
}
