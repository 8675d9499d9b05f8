package coretest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/recovery"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// Grace is what a host is given after an attempt's deadline to record its
// answer.
const Grace = 30 * time.Second

// callTime is more than a call to a rig's account takes.
const callTime = 50 * time.Millisecond

// Clock is a clock that a test moves.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock returns a clock that stands still.
func NewClock() *Clock {
	return &Clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Add moves the clock.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Node is a core with its recovery.
type Node struct {
	*core.Core
	recovery *recovery.Reconciler
}

// NewNode returns a core on a store, which is waited for when the test ends.
func NewNode(t *testing.T, o core.Options) *Node {
	t.Helper()
	c, err := core.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Wait)

	return &Node{Core: c, recovery: recovery.New(recovery.Options{
		Core:     c,
		Store:    o.Store,
		Accounts: o.Accounts,
		Logger:   o.Logger,
	})}
}

// Recover makes one pass of recovery.
func (n *Node) Recover(ctx context.Context) error { return n.recovery.Run(ctx) }

// DueProviders is recovery's.
func (n *Node) DueProviders(ctx context.Context) ([]string, error) {
	return n.recovery.DueProviders(ctx)
}

// Rig is a core on a real database with one scripted account called acme.
type Rig struct {
	*Node
	URL     string
	Store   *store.Store
	Faults  *Faulty // what the rig's own core writes through
	Account *Account
	Clock   *Clock
	// Approval is what needs a second name on all nodes.
	Approval config.Approval
}

// NewRig returns a rig, which fails the test when it ends with a lease that is
// still held.
func NewRig(t *testing.T) *Rig {
	t.Helper()
	url := storetest.URL(t)
	clock := NewClock()
	db, err := store.Open(t.Context(), url, store.WithClock(clock.Now))
	if err != nil {
		t.Fatal(err)
	}

	r := &Rig{
		URL:     url,
		Store:   db,
		Faults:  NewFaulty(Rehearsed{db}),
		Account: New("acme"),
		Clock:   clock,
	}
	r.Node = r.HostOn(t, r.Faults)
	t.Cleanup(func() {
		r.Wait()
		if n := r.Account.Leases(); n != 0 {
			t.Errorf("%d leases are still held", n)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// NewHost returns another node on the rig's store.
func (r *Rig) NewHost(t *testing.T) *Node {
	t.Helper()
	return r.HostOn(t, r.Store)
}

// HostOn returns another node on a connection of its own to the rig's database.
func (r *Rig) HostOn(t *testing.T, s store.Transactor) *Node {
	t.Helper()
	return r.HostWith(t, core.Options{Store: s})
}

// HostWith returns another node, with the rig's options for those that o leaves
// out.
func (r *Rig) HostWith(t *testing.T, o core.Options) *Node {
	t.Helper()
	if o.Store == nil {
		o.Store = r.Store
	}
	if o.Accounts == nil {
		o.Accounts = NewAccounts(r.Account)
	}
	if o.Now == nil {
		o.Now = r.Clock.Now
	}
	if o.Limits == nil {
		o.Limits = func(string) config.Limits { return r.Account.Settings.Limits }
	}
	if o.Approval == nil {
		o.Approval = func() config.Approval { return r.Approval }
	}
	o.PublicURL = "http://host.example"
	return NewNode(t, o)
}

// Recover makes a pass of recovery some time after the last call. The clock
// stands still and calls do not: one that took a millisecond would else end
// later than the query that is made after it.
func (r *Rig) Recover(ctx context.Context) error {
	r.Clock.Add(callTime)
	return r.Node.Recover(ctx)
}

// RecoverUntil makes passes of recovery, moving the clock, until the condition
// holds or an hour has passed.
func (r *Rig) RecoverUntil(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 60 {
		if err := r.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		if done() {
			return
		}
		r.Clock.Add(time.Minute)
	}
	t.Fatalf("%s did not come about within an hour", what)
}

// Pay creates a payment of Request under a key.
func (r *Rig) Pay(t *testing.T, key string) *payment.Payment {
	t.Helper()
	p, _, err := r.CreatePayment(t.Context(), Request(), key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// PayOut creates a payout of PayoutRequest under a key.
func (r *Rig) PayOut(t *testing.T, key string) *payment.Payout {
	t.Helper()
	p, _, err := r.CreatePayout(t.Context(), PayoutRequest(), key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// PaymentStatus returns a payment's status.
func (r *Rig) PaymentStatus(t *testing.T, id string) payment.Status {
	t.Helper()
	p, err := r.Payment(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return p.Status
}

// PayoutStatus returns a payout's status.
func (r *Rig) PayoutStatus(t *testing.T, id string) payment.Status {
	t.Helper()
	p, err := r.Payout(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return p.Status
}

// DoubtfulPayout scripts a provider whose first payout has no answer, and whose
// later ones get what second returns.
func (r *Rig) DoubtfulPayout(retry sdk.RetryBehavior, second func() (*sdk.Payout, error)) {
	r.Account.OnInfo.CreatePayout = sdk.IdempotencySupport{Retry: retry}
	first := true
	r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		if first {
			first = false
			return nil, Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
		}
		return second()
	}
}

// RecoverAt makes one pass of recovery at a node.
func RecoverAt(t *testing.T, node *Node) {
	t.Helper()
	if err := node.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Request returns a request for a payment at acme.
func Request() payment.Request {
	return payment.Request{
		Provider:          "acme",
		Amount:            decimal.RequireFromString("60.00"),
		Currency:          "USD",
		MerchantReference: "order-47",
	}
}

// PayoutRequest returns a request for a payout at acme.
func PayoutRequest() payment.PayoutRequest {
	return payment.PayoutRequest{
		Provider:  "acme",
		Amount:    decimal.RequireFromString("12.5"),
		Currency:  "USD",
		Recipient: payment.Recipient{Email: "client@example.com"},
	}
}

// Redirecting is a Create script: the customer has to go to the provider.
func Redirecting(_ context.Context, _ sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	return &sdk.Payment{
		ProviderReference: "theirs-1",
		Status:            sdk.PaymentRequiresAction,
		NextAction:        sdk.RedirectTo("https://pay.example/1"),
	}, nil
}

// Failing returns a plugin's error with a code and an outcome.
func Failing(code sdk.Code, outcome sdk.Outcome) error {
	return &sdk.Error{
		Code:            code,
		Outcome:         outcome,
		Message:         "as the test says",
		ProviderCode:    "E1",
		ProviderMessage: "no",
	}
}

// Problem returns an error as the *payment.Error that it must be.
func Problem(t *testing.T, err error) *payment.Error {
	t.Helper()
	var e *payment.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want a *payment.Error", err, err)
	}
	return e
}
