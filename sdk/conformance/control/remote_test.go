package control

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
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// shop is a simulator that can do everything and remembers what it was told.
type shop struct {
	http.Handler
	books   ledger.Ledger
	settled []string
}

func (l *shop) Ledger() *ledger.Ledger  { return &l.books }
func (l *shop) Settle(reference string) { l.settled = append(l.settled, reference) }
func (l *shop) LoginPath() string       { return "/login" }

func (l *shop) Webhooks(reference string) []sdk.HTTPRequest {
	return []sdk.HTTPRequest{delivered1("webhook " + reference)}
}

func (l *shop) Returns(reference string) []sdk.HTTPRequest {
	return []sdk.HTTPRequest{delivered1("return " + reference)}
}

func (l *shop) OddWebhooks() map[Oddity]func(...string) []sdk.HTTPRequest {
	return map[Oddity]func(...string) []sdk.HTTPRequest{
		Batch: func(references ...string) []sdk.HTTPRequest {
			return []sdk.HTTPRequest{delivered1(strings.Join(references, " and "))}
		},
	}
}

func (l *shop) Samples() Samples {
	return Samples{
		Payment: &Sample{
			Method:  "card",
			Amount:  decimal.RequireFromString("12.50"),
			Options: json.RawMessage(`{"a":1}`),
		},
		Payout:     &Sample{Person: Person{Email: "{reference}@example.com"}},
		Confirm:    map[string]string{"tx": "1"},
		Operations: map[string]json.RawMessage{"quote": json.RawMessage(`{"x":[]}`)},
	}
}

// delivered1 is one request with a body that is no text.
func delivered1(what string) sdk.HTTPRequest {
	return sdk.HTTPRequest{
		Method:        "POST",
		Query:         "q=1",
		Header:        http.Header{"X-Sign": {"a", "b"}},
		Body:          []byte(what + "\xff\x00"),
		RemoteAddress: "203.0.113.7",
		ReceivedAt:    time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC),
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

// A simulator behind the control protocol is to the kit what it is in the same
// process.
func TestARemoteSimulatorIsTheSame(t *testing.T) {
	l := &shop{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(
			w,
			r.Method+" "+r.RequestURI+" "+r.Header.Get("X-Forwarded-Host")+" "+string(body),
		)
	})}

	l.books.Add(
		ledger.Entry{
			Kind:     ledger.Payout,
			ID:       "1",
			OrderID:  "po_1",
			Amount:   decimal.RequireFromString("0.10"),
			Currency: "USD",
			Moved:    true,
		},
	)

	r, err := dial(
		t,
		http.StripPrefix(
			"/acme",
			Handler(l, func(base string) string { return `{"base_url":"` + base + `"}` }),
		),
	)
	if err != nil {
		t.Fatal(err)
	}

	here, there := Of(l), Of(r)
	ctx := t.Context()
	for what, pair := range map[string][2]func() (any, error){
		"books":    {func() (any, error) { return here.Books(ctx) }, func() (any, error) { return there.Books(ctx) }},
		"webhooks": {func() (any, error) { return here.Webhooks(ctx, "pay_1") }, func() (any, error) { return there.Webhooks(ctx, "pay_1") }},
		"returns":  {func() (any, error) { return here.Returns(ctx, "pay_1") }, func() (any, error) { return there.Returns(ctx, "pay_1") }},
		"batch": {
			func() (any, error) { return here.Odd[Batch](ctx, []string{"a", "b"}) },
			func() (any, error) { return there.Odd[Batch](ctx, []string{"a", "b"}) },
		},
		"samples": {func() (any, error) { return here.Samples, nil }, func() (any, error) { return there.Samples, nil }},
		"login":   {func() (any, error) { return here.LoginPath, nil }, func() (any, error) { return there.LoginPath, nil }},
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

	if err := there.Settle(ctx, "pay_7"); err != nil ||
		!reflect.DeepEqual(l.settled, []string{"pay_7"}) {
		t.Errorf("settled %q, %v", l.settled, err)
	}

	if !r.HasConfig() || !r.Sends(Batch) || r.Sends(Stale) {
		t.Errorf("it says %+v", r.said)
	}
	if text, err := r.Config(ctx, "http://x"); err != nil ||
		string(text) != `{"base_url":"http://x"}` {
		t.Errorf("the configuration is %s, %v", text, err)
	}
}

// What the plugin sends reaches the simulator's API under its path, and the
// simulator learns where the kit stands.
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
		if _, err := dial(t, c.handler); err == nil ||
			!strings.Contains(err.Error(), c.want) {
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
	l := &shop{Handler: http.NotFoundHandler()}
	r, err := dial(t, http.StripPrefix("/acme", Handler(l, nil)))
	if err != nil {
		t.Fatal(err)
	}

	if err := r.settle(t.Context(), ""); err == nil ||
		!strings.Contains(err.Error(), "reference") {
		t.Errorf("settling nothing: %v", err)
	}

	if r.HasConfig() {
		t.Error("it gives a configuration")
	}
	w := httptest.NewRecorder()
	answer(w, nil, errors.New("the books are wet"))
	if w.Code != http.StatusInternalServerError ||
		!strings.Contains(w.Body.String(), "wet") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
