// Package core is the durable heart of a host: it records an intent before the provider is called, calls it at most as
// often as is safe, records what became of it together with the outgoing event, and settles what is in doubt by asking,
// by a notice, or by an operator.
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
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Lease is a configured account of a running plugin, pinned to one process until Release.
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

	Version() string
	Fingerprint() string
	Info() sdk.Info
	Account() sdk.AccountInfo
	Has(sdk.Capability) bool
	Config() config.Provider
	Release()
}

// Accounts gives leases. Errors are *sdk.Error.
type Accounts interface {
	// Acquire is for new intents.
	Acquire(ctx context.Context, name string) (Lease, error)
	// AcquireExisting is for what already exists: it also works while the account is being taken out of service.
	AcquireExisting(ctx context.Context, name string) (Lease, error)
}

// Options are what a Core works with. Logger, Now and Steady may be left out.
type Options struct {
	Store     store.Transactor
	Accounts  Accounts
	PublicURL string
	// TokenSecrets are mixed into the keys of the URLs that the host gives out,
	// the newest first; none: the store alone has the keys.
	TokenSecrets []string
	Logger       *slog.Logger
	Now          func() time.Time
	// Alone says that no other host can be at the store, as with an embedded database: whatever another one was doing is
	// lost. Predecessor is the instance that is known to have ended, "" for none.
	Alone       bool
	Predecessor string
	// Steady takes the random spread out of pauses, for tests that decide themselves when
	// what happens.
	Steady bool
}

// Core may be used by any number of goroutines.
type Core struct {
	store     store.Transactor
	accounts  Accounts
	publicURL string
	log       *slog.Logger
	now       func() time.Time
	steady    bool
	instance  string
	// ring has the keys of the URLs that this host gives out; ringText is how the
	// store has them, and secrets are the configuration's, the newest first.
	ring     atomic.Pointer[token.Ring]
	ringText string
	secrets  []string
	changes  *broadcast
	calls    inflight
	running  running
	keys     keys
	// closing is closed when what could not be recorded has to be given up.
	closing chan struct{}
	close   sync.Once
}

// New makes a Core. It fails only when the store does.
func New(ctx context.Context, o Options) (*Core, error) {
	c := &Core{
		store: o.Store, accounts: o.Accounts, publicURL: strings.TrimSuffix(o.PublicURL, "/"), log: o.Logger, now: o.Now,
		steady: o.Steady, instance: "host_" + strings.ToLower(rand.Text()[:10]), changes: newBroadcast(),
		secrets: o.TokenSecrets, keys: keys{held: map[string]chan struct{}{}}, closing: make(chan struct{}),
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	err := o.Store.Write(ctx, func(tx *store.Tx) error {
		if err := c.begin(ctx, tx, o.Alone, o.Predecessor); err != nil {
			return err
		}
		return c.openTokenKeys(ctx, tx)
	})
	if err != nil {
		return nil, err
	}

	if err := c.Tokens().Usable(); err != nil {
		return nil, err
	}
	if secret := c.newestSecret(); !c.Tokens().SealedWith(secret) {
		c.log.Warn("the newest token key was not made with the first secret of host.token_secret: " +
			"`payhost tokens rotate` makes one that is")
	}
	return c, nil
}

// Instance names this host in attempts.
func (c *Core) Instance() string { return c.instance }

// NewID gives an id that sorts by time: the prefix and a UUID of version 7 in base 32.
func NewID(prefix string) string {
	id := uuid.Must(uuid.NewV7()) // fails only when the system has no randomness
	return prefix + "_" + token.IDEncoding.EncodeToString(id[:])
}

// nowMicro is the database's clock: everything is dated by it, and due by it.
func (c *Core) nowMicro() time.Time { return c.store.Now() }

// notFound is for an id that names nothing of that kind.
func notFound(kind payment.Kind, id string) *payment.Error {
	return &payment.Error{Code: string(sdk.CodeNotFound), Outcome: sdk.OutcomeNotSent, Message: "no " + string(kind) + " has the id " + id}
}

func (c *Core) get(ctx context.Context, kind payment.Kind, id string) (*intent.Intent, error) {
	i, err := c.read(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && i.Kind != kind {
		return nil, notFound(kind, id)
	}
	if err != nil {
		return nil, unread(ctx, err)
	}
	return i, nil
}

// getUnderKey is get for a request that has a key: as long as nothing can be read, nobody knows what the key stands for.
func (c *Core) getUnderKey(ctx context.Context, kind payment.Kind, id string) (*intent.Intent, error) {
	i, err := c.get(ctx, kind, id)
	var e *payment.Error
	if errors.As(err, &e) && e.Cause != nil {
		return nil, undecided(ctx, e.Cause, "", id)
	}
	return i, err
}

func (c *Core) read(ctx context.Context, id string) (i *intent.Intent, err error) {
	err = c.store.Get(ctx, func(tx *store.Tx) (err error) {
		i, err = tx.Intent(ctx, id)
		return err
	})
	return i, err
}
