// Package core is the durable heart of a host: it records an intent before the
// provider is called, calls it at most as often as is safe, and records what
// became of it together with the outgoing event. Package recovery decides what
// becomes of the intents that are left open or in doubt.
package core

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/idempotency"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Lease is a configured account of a running plugin, pinned to one process
// until Release.
type Lease interface {
	sdk.MethodLister
	sdk.PaymentCreator
	sdk.PaymentConfirmer
	sdk.PaymentGetter
	sdk.PaymentLister
	sdk.PaymentCapturer
	sdk.PaymentCanceler
	sdk.RefundCreator
	sdk.RefundGetter
	sdk.PayoutCreator
	sdk.PayoutGetter
	sdk.PayoutLister
	sdk.BalanceGetter
	sdk.WebhookParser
	sdk.ReturnParser
	sdk.OperationInvoker

	// Version and Fingerprint are the plugin's version and the account's
	// identity at the provider. They do not change during a lease.
	Version() string
	Fingerprint() string
	Info() sdk.Info
	Account() sdk.AccountInfo
	Has(sdk.Capability) bool
	Config() config.Provider
	// Release must be called once, when no call of the lease runs any more.
	Release()
}

// Accounts hands out leases. Errors are *sdk.Error. Both methods may be called
// by any number of goroutines, and must return within a moment.
type Accounts interface {
	// Acquire is for new intents.
	Acquire(ctx context.Context, name string) (Lease, error)
	// AcquireExisting is for what already exists: it must also work while the
	// account is being taken out of service.
	AcquireExisting(ctx context.Context, name string) (Lease, error)
}

type contextKey int

// keyCalling is under which a context has the verb that a lease is for.
const keyCalling contextKey = iota

// calling says in a context which verb a lease is acquired for.
func calling(ctx context.Context, verb sdk.Capability) context.Context {
	return context.WithValue(ctx, keyCalling, verb)
}

// CallingFor returns the verb that a lease is acquired for, so that a call which
// is turned away is counted like one that is made; "" when it is for none.
func CallingFor(ctx context.Context) sdk.Capability {
	verb, _ := ctx.Value(keyCalling).(sdk.Capability)
	return verb
}

// Options are what a Core works with. Logger, Now and Steady may be left out.
type Options struct {
	Store store.Transactor
	// VerifyAudit recomputes the store's audit log; nil: it cannot be verified.
	VerifyAudit func(context.Context) (payment.AuditCheck, error)
	// Scrub takes what was erased out of the store's own files; nil: nothing.
	Scrub func(context.Context) error
	// Remember is called with each heartbeat: it compares the store with what the
	// host remembers of it; nil: nothing.
	Remember  func(context.Context) error
	Accounts  Accounts
	PublicURL string
	// Approval returns what needs a second name now; nil: nothing.
	Approval func() config.Approval
	// TokenSecrets are mixed into the keys of the URLs that the host hands out,
	// the newest first; without one the store alone has the keys.
	TokenSecrets []string
	// Limits returns the brakes of an account as its configuration has them
	// now; nil: there are none.
	Limits func(provider string) config.Limits
	// Braked is told of calls that a pause, a cap or the fence has kept from being
	// made; nil: nobody is.
	Braked func(provider string, verb sdk.Capability, code string)
	Logger *slog.Logger
	Now    func() time.Time
	// Alone says that no other host can be at the store, as with an embedded
	// database: whatever another one was doing is lost. Predecessor is the
	// instance that is known to have ended, "" for none.
	Alone       bool
	Predecessor string
	// Steady takes the random spread out of pauses, for tests that decide
	// themselves when what happens.
	Steady bool
}

// Core may be used by any number of goroutines.
type Core struct {
	store     store.Transactor
	approval  func() config.Approval
	verify    func(context.Context) (payment.AuditCheck, error)
	scrub     func(context.Context) error
	remember  func(context.Context) error
	accounts  Accounts
	keys      *idempotency.Keys
	tokens    *token.Keys
	publicURL string
	log       *slog.Logger
	now       func() time.Time
	steady    bool
	limits    func(provider string) config.Limits
	braked    func(provider string, verb sdk.Capability, code string)
	instance  string

	// reconcile resolves a doubt; see ReconcileWith.
	reconcile func(context.Context, Lease, *intent.Intent) error

	changes *broadcast
	calls   inflight
	callers atomic.Int64 // that wait for a call
	running running
	// closing is closed when what could not be recorded has to be given up.
	closing chan struct{}
	close   sync.Once
}

// New returns a Core that is known to the other hosts on its store. The error
// is the store's, or that its token keys cannot be used.
func New(ctx context.Context, o Options) (*Core, error) {
	c := open(o)
	err := o.Store.Write(ctx, func(tx *store.Tx) error {
		if err := c.begin(ctx, tx, o.Alone, o.Predecessor); err != nil {
			return err
		}
		return c.tokens.Open(ctx, tx)
	})
	if err != nil {
		return nil, err
	}

	// The other hosts must be able to check the tokens that this one signs.
	if err := c.tokens.Check(); err != nil {
		return nil, err
	}

	return c, nil
}

// open returns a Core that has not been at its store yet.
func open(o Options) *Core {
	c := &Core{
		store:     o.Store,
		approval:  o.Approval,
		verify:    o.VerifyAudit,
		scrub:     o.Scrub,
		remember:  o.Remember,
		accounts:  o.Accounts,
		publicURL: strings.TrimSuffix(o.PublicURL, "/"),
		log:       o.Logger,
		now:       o.Now,
		steady:    o.Steady,
		limits:    o.Limits,
		braked:    o.Braked,
		instance:  "host_" + strings.ToLower(rand.Text()[:10]),
		changes:   newBroadcast(),
		closing:   make(chan struct{}),
		reconcile: func(context.Context, Lease, *intent.Intent) error { return nil },
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}

	if c.now == nil {
		c.now = time.Now
	}
	if c.scrub == nil {
		c.scrub = func(context.Context) error { return nil }
	}
	if c.limits == nil {
		c.limits = func(string) config.Limits { return config.Limits{} }
	}
	if c.approval == nil {
		c.approval = func() config.Approval { return config.Approval{} }
	}
	c.tokens = token.NewKeys(o.Store, o.TokenSecrets, c.log)
	c.keys = idempotency.New(idempotency.Options{
		Store: o.Store,
		Watch: c.changes.wait,
		Backoff: func(first time.Duration) idempotency.Pauses {
			return c.backoff(first)
		},
	})

	return c
}

// ReconcileWith sets what resolves the doubt about an intent before an action
// on it, and on demand: it does for one intent what recovery would do next.
// Package recovery calls it when its Reconciler is made, before the Core is
// used; a Core without it leaves doubts to webhooks and operators.
func (c *Core) ReconcileWith(fn func(context.Context, Lease, *intent.Intent) error) {
	c.reconcile = fn
}

// Instance names this host in attempts.
func (c *Core) Instance() string { return c.instance }

// Busy reports whether callers wait for calls of this host now: what can wait
// yields to them.
func (c *Core) Busy() bool { return c.callers.Load() > 0 }

// countCaller counts a caller until done is called, which may be called again.
func (c *Core) countCaller() (done func()) {
	c.callers.Add(1)
	return sync.OnceFunc(func() { c.callers.Add(-1) })
}

// Go runs fn in the background; Wait waits for it.
func (c *Core) Go(fn func()) { c.calls.run(fn) }

// Wait returns when no provider call of this host runs any more.
func (c *Core) Wait() { c.calls.wait() }

// GiveUp ends the keeping of answers that the database does not take; what they
// say is logged. The caller closes the plugins first. It may be called again.
func (c *Core) GiveUp() { c.close.Do(func() { close(c.closing) }) }

// NewID returns an id that sorts by time: the prefix and a UUID of version 7 in
// base 32.
func NewID(prefix string) string {
	id := uuid.Must(uuid.NewV7()) // fails only when the system has no randomness
	return prefix + "_" + token.IDEncoding.EncodeToString(id[:])
}

// nowMicro is the database's clock: everything is dated by it, and due by it.
func (c *Core) nowMicro() time.Time { return c.store.Now() }

// get reads an intent of a kind. The error is a *payment.Error.
func (c *Core) get(
	ctx context.Context,
	kind payment.Kind,
	id string,
) (*intent.Intent, error) {
	i, err := c.read(ctx, id)
	if errors.Is(err, store.ErrNotFound) || (err == nil && !shows(ctx, i, kind)) {
		return nil, notFound(kind, id)
	}
	if err != nil {
		return nil, unread(ctx, err)
	}
	return i, nil
}

// shows reports whether an intent is of a kind and the caller sees it.
func shows(ctx context.Context, i *intent.Intent, kind payment.Kind) bool {
	return i.Kind == kind && caller.From(ctx).Sees(i.Provider)
}

// getUnderKey is get for a request that has a key: as long as nothing can be
// read, it is unknown what the key stands for.
func (c *Core) getUnderKey(ctx context.Context, kind payment.Kind, id string,
) (*intent.Intent, error) {
	i, err := c.get(ctx, kind, id)
	var e *payment.Error
	if errors.As(err, &e) && e.Cause != nil {
		return nil, idempotency.Undecided(ctx, e.Cause, "", id)
	}
	return i, err
}

// read reads an intent of any kind. The error is the store's.
func (c *Core) read(ctx context.Context, id string) (i *intent.Intent, err error) {
	err = c.store.Get(ctx, func(tx *store.Tx) (err error) {
		i, err = tx.Intent(ctx, id)
		return err
	})
	return i, err
}

// notFound is for an id that names nothing of that kind.
func notFound(kind payment.Kind, id string) *payment.Error {
	return &payment.Error{
		Code:    string(sdk.CodeNotFound),
		Outcome: sdk.OutcomeNotSent,
		Message: "no " + string(kind) + " has the id " + id,
	}
}

// unread is for a reading that failed and under which nothing was to be done.
func unread(ctx context.Context, err error) *payment.Error {
	var e *payment.Error
	if errors.As(err, &e) {
		return e
	}
	if ctx.Err() != nil {
		return idempotency.GaveUp(ctx, sdk.OutcomeNotSent, "", "",
			"you stopped waiting; nothing was to be done")
	}

	return &payment.Error{
		Code:    payment.CodeStorage,
		Outcome: sdk.OutcomeNotSent,
		Cause:   err,
		Message: "the database could not be read; nothing was to be done: " + err.Error(),
	}
}
