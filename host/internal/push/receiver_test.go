package push_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/push"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// secret is what a receiver would get from its user: base64 behind the prefix.
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// receiver is somebody's service. It checks every signature with the library's
// own verifier.
type receiver struct {
	*httptest.Server
	t        *testing.T
	verifier string

	mu  sync.Mutex
	got []payment.Event
	ids []string // webhook-id of each request, those that were not taken too
	// answer decides on a request; nil takes everything.
	answer func(e payment.Event, w http.ResponseWriter)
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t, verifier: secret}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		r.t.Error(err)
	}
	v, err := standardwebhooks.NewWebhook(r.verifier)
	if err != nil {
		r.t.Error(err)
	}

	// The clock of most tests is not the wall's, so the time is looked at where
	// it matters.
	if err := v.VerifyIgnoringTimestamp(body, req.Header); err != nil {
		r.t.Errorf("the signature does not verify: %v", err)
	}

	var e payment.Event
	if err := json.Unmarshal(body, &e); err != nil {
		r.t.Error(err)
	}
	if id := req.Header.Get("Webhook-Id"); id != e.ID {
		r.t.Errorf("webhook-id is %q, the event is %q", id, e.ID)
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids = append(r.ids, e.ID)
	rec := httptest.NewRecorder()
	if r.answer != nil {
		r.answer(e, rec)
	}

	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
	if rec.Code < 300 {
		r.got = append(r.got, e)
	}
}

// taken lists what was taken, as "payment/sequence".
func (r *receiver) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, e := range r.got {
		out = append(out, fmt.Sprintf("%s/%d", e.PaymentID+e.PayoutID, e.Sequence))
	}
	return out
}

func (r *receiver) asked() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ids)
}

// answering changes how requests are answered from now on.
func (r *receiver) answering(answer func(payment.Event, http.ResponseWriter)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// status answers everything with one status.
func status(code int) func(payment.Event, http.ResponseWriter) {
	return func(_ payment.Event, w http.ResponseWriter) { w.WriteHeader(code) }
}

// clock stands still unless it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// open opens a store; more than one may be opened on one URL where the engine
// allows that.
func open(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})

	return s
}

// pusher pushes a store's events to a receiver.
func pusher(
	t *testing.T,
	s *store.Store,
	r *receiver,
	c *clock,
	secrets ...string,
) *push.Pusher {
	t.Helper()
	if len(secrets) == 0 {
		secrets = []string{secret}
	}
	o := push.Options{
		Store:  s,
		Target: push.Target{URL: r.URL + "/events?token=canary"},
		Now:    c.now,
		More:   func() <-chan struct{} { return nil },
	}

	for _, text := range secrets {
		o.Target.Secrets = append(o.Target.Secrets, sdk.NewSecret(text))
	}
	p, err := push.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}

	return p
}

// rig is one host that pushes, on an empty store.
type rig struct {
	*receiver
	clock   *clock
	store   *store.Store
	pusher  *push.Pusher
	letters *push.DeadLetters
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{receiver: newReceiver(t), clock: newClock(), store: open(t, storetest.URL(t))}
	r.pusher = pusher(t, r.store, r.receiver, r.clock)
	r.letters = push.NewDeadLetters(r.store, r.clock.now)
	return r
}

// happen records events of a payment, numbered from first to last.
func happen(t *testing.T, s *store.Store, id string, first, last int64) {
	t.Helper()
	err := s.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Intent(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
			return err
		}

		return tx.InsertIntent(t.Context(), &intent.Intent{
			ID:       id,
			Kind:     payment.KindPayment,
			Status:   payment.Processing,
			Amount:   payment.Amount{Decimal: decimal.RequireFromString("60")},
			Currency: "USD",
			Request:  json.RawMessage(`{}`),
		})
	})
	if err != nil {
		t.Fatal(err)
	}

	for n := first; n <= last; n++ {
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			return tx.AppendEvent(t.Context(), payment.KindPayment, id, "", &payment.Event{
				Type:      "payment.processing",
				CreatedAt: time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC),
				Data:      json.RawMessage(`{"id":"` + id + `"}`),
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// settle makes rounds until there is nothing to do now.
func settle(t *testing.T, p *push.Pusher) {
	t.Helper()
	for worked := true; worked; {
		var err error
		if worked, err = p.RunOnce(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
