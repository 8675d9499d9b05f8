package core_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/recovery"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

func TestMain(m *testing.M) { os.Exit(storetest.OnBothWithoutLeaks(m)) }

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// node is a core with its recovery.
type node struct {
	*core.Core
	recovery *recovery.Reconciler
}

func newNode(t *testing.T, o core.Options) *node {
	t.Helper()
	c, err := core.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(c.Wait)
	return &node{
		Core: c,
		recovery: recovery.New(recovery.Options{
			Core:     c,
			Store:    o.Store,
			Accounts: o.Accounts,
			Logger:   o.Logger,
		}),
	}
}

// Recover is one pass of recovery.
func (n *node) Recover(ctx context.Context) error { return n.recovery.Run(ctx) }

// DueProviders is recovery's.
func (n *node) DueProviders(ctx context.Context) ([]string, error) {
	return n.recovery.DueProviders(ctx)
}

// rig is a core on a real database with one scripted account called acme.
type rig struct {
	*node
	url     string
	store   *store.Store
	faults  *coretest.Faulty // what the rig's own core writes through
	account *coretest.Account
	clock   *clock
}

func newRig(t *testing.T) *rig {
	t.Helper()
	url := storetest.URL(t)
	clock := newClock()
	s, err := store.Open(t.Context(), url, store.WithClock(clock.now))
	if err != nil {
		t.Fatal(err)
	}

	r := &rig{
		url:     url,
		store:   s,
		faults:  coretest.NewFaulty(s),
		account: coretest.New("acme"),
		clock:   clock,
	}
	r.node = r.hostOn(t, r.faults)

	t.Cleanup(func() {
		r.Wait()
		if n := r.account.Leases(); n != 0 {
			t.Errorf("%d leases are still held", n)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})

	return r
}

// newHost gives another core on the rig's store.
func (r *rig) newHost(t *testing.T) *node {
	t.Helper()
	return r.hostOn(t, r.store)
}

// hostOn gives another core on a connection of its own to the rig's database.
func (r *rig) hostOn(t *testing.T, s store.Transactor) *node {
	t.Helper()
	return r.hostWith(t, core.Options{Store: s})
}

// hostWith gives another core, with the rig's for what o leaves out.
func (r *rig) hostWith(t *testing.T, o core.Options) *node {
	t.Helper()
	if o.Store == nil {
		o.Store = r.store
	}
	if o.Accounts == nil {
		o.Accounts = coretest.NewAccounts(r.account)
	}

	if o.Now == nil {
		o.Now = r.clock.now
	}
	o.PublicURL = "http://host.example"

	return newNode(t, o)
}

// callTime is more than a call to the rig's account takes.
const callTime = 50 * time.Millisecond

// Recover is a pass of recovery some time after the last call. The clock stands
// still and calls do not: one that took a millisecond would else end later than
// the question that is put after it.
func (r *rig) Recover(ctx context.Context) error {
	r.clock.add(callTime)
	return r.node.Recover(ctx)
}

// recoverAt does one pass of recovery at a host.
func recoverAt(t *testing.T, host *node) {
	t.Helper()
	if err := host.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func request() payment.Request {
	return payment.Request{
		Provider:          "acme",
		Amount:            decimal.RequireFromString("60.00"),
		Currency:          "USD",
		MerchantReference: "order-47",
	}
}

func payoutRequest() payment.PayoutRequest {
	return payment.PayoutRequest{
		Provider:  "acme",
		Amount:    decimal.RequireFromString("12.5"),
		Currency:  "USD",
		Recipient: payment.Recipient{Email: "client@example.com"},
	}
}

func (r *rig) pay(t *testing.T, key string) *payment.Payment {
	t.Helper()
	p, _, err := r.CreatePayment(t.Context(), request(), key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (r *rig) payout(t *testing.T, key string) *payment.Payout {
	t.Helper()
	p, _, err := r.CreatePayout(t.Context(), payoutRequest(), key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func redirecting(_ context.Context, _ sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	return &sdk.Payment{
		ProviderReference: "theirs-1",
		Status:            sdk.PaymentRequiresAction,
		NextAction:        sdk.RedirectTo("https://pay.example/1"),
	}, nil
}

// failing returns a script that fails with a code and an outcome.
func failing(code sdk.Code, outcome sdk.Outcome) error {
	return &sdk.Error{
		Code:            code,
		Outcome:         outcome,
		Message:         "as the test says",
		ProviderCode:    "E1",
		ProviderMessage: "no",
	}
}

func problem(t *testing.T, err error) *payment.Error {
	t.Helper()
	var e *payment.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want a *payment.Error", err, err)
	}
	return e
}
