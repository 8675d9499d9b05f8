// Package recovery finds out what became of the intents that are open or in
// doubt. It queries their status, sends a call again where the plugin's
// declaration proves that safe, expires what its customer did not finish in
// time, and otherwise waits for longer and longer.
package recovery

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
)

const (
	// lostBatch is how many lost attempts are closed in one pass.
	lostBatch = 64
	// atOnce is how many calls recovery makes to one provider at once, and how
	// many intents it claims for that.
	atOnce = 8
	// besideCallers is how many of them it makes at once while callers wait for
	// calls of theirs.
	besideCallers = 2
	// passLasts is for how long one pass begins calls.
	passLasts = time.Minute
	// abandonedAfter is how long an intent is due before a host that cannot
	// query its provider takes it that no host can.
	abandonedAfter = time.Minute
)

// Options are what a Reconciler works with. Logger may be left out.
type Options struct {
	Core     *core.Core
	Store    store.Transactor
	Accounts core.Accounts
	Logger   *slog.Logger
}

// Reconciler is one host's recovery. Several hosts may run theirs at once on
// one store. It may be used by any number of goroutines.
type Reconciler struct {
	core     *core.Core
	store    store.Transactor
	accounts core.Accounts
	log      *slog.Logger
}

// New returns a Reconciler, and makes it the one by which its core resolves
// doubts.
func New(o Options) *Reconciler {
	r := &Reconciler{core: o.Core, store: o.Store, accounts: o.Accounts, log: o.Logger}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	r.core.ReconcileWith(r.Reconcile)
	return r
}

// Run makes one pass for every provider that has something due, and waits for
// all of them. Recovery goes provider by provider: each has its own calls at
// once and its own claims, so that one which hangs, or has a backlog of
// thousands, delays no other provider's doubts. The error is the store's.
func (r *Reconciler) Run(ctx context.Context) error {
	due, err := r.DueProviders(ctx)
	if err != nil {
		return err
	}
	var passes sync.WaitGroup
	for _, name := range due {
		passes.Go(func() { r.RunProvider(ctx, name) })
	}

	passes.Wait()
	return nil
}

// DueProviders ends the attempts that no host will answer, and returns the
// providers that have something due. The error is the store's.
func (r *Reconciler) DueProviders(ctx context.Context) (due []string, err error) {
	if err := r.closeLost(store.Behind(ctx)); err != nil {
		return nil, err
	}
	err = r.store.Read(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.DueProviders(ctx, r.store.Now())
		return err
	})
	return due, err
}

// closeLost ends attempts as unknown whose deadline and a grace have passed, or
// whose host is gone. The provider is queried about them at once; they are sent
// again only when no host can send them any more.
func (r *Reconciler) closeLost(ctx context.Context) error {
	now := r.store.Now()
	var ids []string
	err := r.store.Read(ctx, func(tx *store.Tx) (err error) {
		ids, err = core.LostAttempts(ctx, tx, now, lostBatch)
		return err
	})
	if err != nil {
		return err
	}

	// The writes go at once, so that they share a commit. An intent that cannot
	// be written must not keep the others waiting.
	var writes sync.WaitGroup

	for _, id := range ids {
		writes.Go(func() {
			err := r.core.Change(ctx, id, func(tx *store.Tx, i *intent.Intent) error {
				return r.core.CloseLost(ctx, tx, i)
			})
			if err != nil && ctx.Err() == nil {
				r.log.ErrorContext(ctx,
					"recovery could not close a lost attempt",
					"id", id,
					"error", err,
				)
			}
		})
	}

	writes.Wait()
	return ctx.Err()
}

// RunProvider reconciles what is due at one provider now, and returns when its
// calls have ended. It begins calls for a minute at most; what is left then is
// for the next pass. Nothing is claimed before there is a free call for it, so
// a host that dies leaves few claims behind.
//
// It yields to callers: its writes let theirs go first, and while callers wait
// for calls it makes few of its own.
//
// A host on which the account's plugin does not run cannot query the provider.
// It claims nothing, since another host may be able to, and only ends payments
// whose time is over, and puts off what no host has claimed for a minute.
func (r *Reconciler) RunProvider(ctx context.Context, name string) {
	cfg, ok := r.reachable(ctx, name)
	if !ok {
		r.tidy(ctx, name)
		return
	}

	ctx = store.Behind(ctx)
	p := newPass(r, name, cfg)
	begin, over := context.WithTimeout(ctx, passLasts)
	defer over()

	var calls sync.WaitGroup
	defer calls.Wait()
	ended := make(chan struct{}, atOnce)
	underWay := 0

	for begin.Err() == nil {
		// An intent is claimed when there is a free call for it.
		room := r.callsAtOnce(cfg) - underWay
		if room <= 0 {
			select {
			case <-ended:
				underWay--
			case <-begin.Done():
			}

			continue
		}

		claimed, err := p.claim(ctx, room)
		if err != nil && ctx.Err() == nil {
			r.log.ErrorContext(ctx, "recovery could not read or write the store; it goes on trying",
				"provider", name, "error", err)
		}

		// Nothing is due now; what the calls under way release may be.
		if len(claimed) == 0 {
			calls.Wait()
			if !p.released() {
				return
			}
		}

		for _, about := range claimed {
			underWay++
			calls.Go(func() {
				defer func() { ended <- struct{}{} }()
				p.reconcile(ctx, about)
			})
		}

		underWay -= taken(ended)
	}
}

// callsAtOnce is how many calls recovery may make to an account at once now.
func (r *Reconciler) callsAtOnce(cfg config.Provider) int {
	most := atOnce
	if r.core.Busy() {
		most = besideCallers
	}
	return max(1, min(most, cfg.MaxInFlight))
}

// taken empties a channel and returns how much was in it.
func taken(ended <-chan struct{}) (count int) {
	for {
		select {
		case <-ended:
			count++
		default:
			return count
		}
	}
}

// reachable reports whether calls can be made to an account from this host, and
// with which configuration.
func (r *Reconciler) reachable(
	ctx context.Context,
	name string,
) (cfg config.Provider, ok bool) {
	lease, err := r.accounts.AcquireExisting(ctx, name)
	if err != nil {
		return config.Provider{}, false
	}
	defer lease.Release()
	return lease.Config(), true
}

// tidy does for an account what needs no call.
func (r *Reconciler) tidy(ctx context.Context, name string) {
	var left []*intent.Intent
	err := r.store.Read(ctx, func(tx *store.Tx) error {
		now := r.store.Now()
		overdue, err := tx.Overdue(ctx, name, now, core.MaxListed)
		if err != nil {
			return err
		}
		abandoned, err := tx.Due(ctx, name, now.Add(-abandonedAfter), core.MaxListed)
		left = append(overdue, abandoned...)
		return err
	})

	// An intent can be overdue and abandoned.
	tidied := map[string]bool{}

	for _, i := range left {
		if !tidied[i.ID] {
			err = errors.Join(err, r.tidyOne(ctx, i))
			tidied[i.ID] = true
		}
	}

	if err != nil && ctx.Err() == nil {
		r.log.WarnContext(ctx, "recovery could not put off or end what is due; it is looked at again",
			"provider", name, "error", err)
	}
}

// tidyOne makes an intent due again later, or ends a payment whose time is
// over.
func (r *Reconciler) tidyOne(ctx context.Context, i *intent.Intent) error {
	return r.core.Change(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
		if !current.CheckAt.Equal(i.CheckAt) {
			return nil // another host has claimed it
		}
		return errors.Join(
			r.core.Reschedule(ctx, tx, current),
			r.expireIn(ctx, tx, current),
		)
	})
}
