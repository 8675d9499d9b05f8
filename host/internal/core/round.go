package core

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// Recovery goes provider by provider: each has its own calls at once and its own claims, so that one which hangs, or has
// a backlog of thousands, delays nobody else's doubts.

const (
	// claimGrace is added to what an intent's calls may last, before another host may take a claimed intent for abandoned.
	claimGrace = 10 * time.Second
	// callsInARow is how many calls settling one intent can take: it is asked about, then repeated.
	callsInARow = 2
	// roundLasts is for how long one round begins calls.
	roundLasts = time.Minute
)

// Wait returns when no provider call of this host runs any more.
func (c *Core) Wait() { c.calls.wait() }

// GiveUp ends the keeping of answers that the database does not take; what they say is logged. Close the plugins first.
func (c *Core) GiveUp() { c.close.Do(func() { close(c.closing) }) }

// Recover does one round for every provider, and waits for all of them: attempts whose host has gone become unknown, and
// what is due is asked about, repeated where that is proven safe, or expired.
func (c *Core) Recover(ctx context.Context) error {
	due, err := c.DueProviders(ctx)
	if err != nil {
		return err
	}
	var rounds sync.WaitGroup
	for _, name := range due {
		rounds.Go(func() { c.RecoverProvider(ctx, name) })
	}
	rounds.Wait()
	return nil
}

// DueProviders closes lost attempts and names the providers that have something due. The error is the store's.
func (c *Core) DueProviders(ctx context.Context) (due []string, err error) {
	if err := c.markLost(ctx); err != nil {
		return nil, err
	}
	err = c.store.Read(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.DueProviders(ctx, c.nowMicro())
		return err
	})
	return due, err
}

// RecoverProvider settles what is due at one provider now, and returns when its calls have ended. It begins calls for a
// minute at most; what is left then is for the next round. Nothing is claimed before there is a free call for it, so a
// host that dies leaves few claims behind. Several hosts may do it at once on one store.
//
// A host on which the account's plugin does not run can ask nobody. It claims
// nothing, since another host may be able to, and only ends payments whose time is
// over, and puts off what no host has taken for a minute.
func (c *Core) RecoverProvider(ctx context.Context, name string) {
	cfg, ok := c.reachable(ctx, name)
	if !ok {
		c.tidy(ctx, name)
		return
	}

	r := &round{core: c, provider: name, until: c.nowMicro(), hold: claimTime(cfg),
		alone: map[string]bool{}}
	begin, over := context.WithTimeout(ctx, roundLasts)
	defer over()
	slots := make(chan struct{}, max(1, min(recoverAtOnce, cfg.MaxInFlight)))
	var calls sync.WaitGroup
	defer calls.Wait()
	for begin.Err() == nil {
		select {
		case slots <- struct{}{}:
		case <-begin.Done():
			return
		}
		mine, err := r.claim(ctx)
		if err != nil && ctx.Err() == nil {
			c.log.Error("recovery could not read or write the store; it goes on trying", "provider", name, "error", err)
		}
		if len(mine) == 0 {
			<-slots
			calls.Wait()
			if !r.more() {
				return
			}
			continue
		}
		calls.Go(func() {
			defer func() { <-slots }()
			r.settle(ctx, mine)
		})
	}
}

// reachable reports whether calls can be made to an account from this host, and
// with which configuration.
func (c *Core) reachable(ctx context.Context, name string) (cfg config.Provider, ok bool) {
	lease, err := c.accounts.AcquireExisting(ctx, name)
	if err != nil {
		return config.Provider{}, false
	}
	defer lease.Release()
	return lease.Config(), true
}

// abandonedAfter is how long something is due before a host that can ask nobody
// takes it that no host can.
const abandonedAfter = time.Minute

// tidy does for an account what needs no call.
func (c *Core) tidy(ctx context.Context, name string) {
	var left []*intent.Intent
	err := c.store.Read(ctx, func(tx *store.Tx) error {
		now := c.nowMicro()
		overdue, err := tx.Overdue(ctx, name, now, listAtMost)
		if err != nil {
			return err
		}
		abandoned, err := tx.Due(ctx, name, now.Add(-abandonedAfter), listAtMost)
		left = append(overdue, abandoned...)
		return err
	})

	done := map[string]bool{}
	for _, i := range left {
		if !done[i.ID] {
			err = errors.Join(err, c.change(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
				if !current.CheckAt.Equal(i.CheckAt) {
					return nil // another host has taken it
				}
				return errors.Join(c.laterIn(ctx, tx, current), c.expireIn(ctx, tx, current))
			}))
			done[i.ID] = true
		}
	}
	if (err != nil) && (ctx.Err() == nil) {
		c.log.Warn("what is due could not be put off or ended; it is looked at again", "provider", name, "error", err)
	}
}

// round is one provider's recovery.
type round struct {
	core     *Core
	provider string
	until    time.Time // what was due by then
	hold     time.Duration

	mu sync.Mutex
	// alone are the intents that a list did not answer: they are asked about by themselves. returned says that there are
	// new ones, which are due again.
	alone    map[string]bool
	returned bool
}

// more reports whether a list has left something over since the last time.
func (r *round) more() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	was := r.returned
	r.returned = false
	return was
}

// claimed is an intent that this host has taken, and when it was due.
type claimed struct {
	*intent.Intent
	due time.Time
}

// claim takes what the next call is about, so that no other host does the same: several intents where one call can be
// about several, else one, else none.
func (r *round) claim(ctx context.Context) ([]claimed, error) {
	var due []*intent.Intent
	err := r.core.store.Get(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.Due(ctx, r.provider, r.until, listAtMost)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(due) == 0 {
		return nil, r.putOffDamaged(ctx)
	}
	if together := r.together(ctx, due); len(together) > 1 {
		mine, err := r.take(ctx, together)
		if len(mine) > 0 || err != nil {
			return mine, err
		}
	}
	for _, i := range due {
		mine, err := r.take(ctx, []*intent.Intent{i})
		if len(mine) > 0 || err != nil {
			return mine, err
		}
	}
	return nil, nil
}

// putOffDamaged takes intents that cannot be read out of the way of those behind them.
func (r *round) putOffDamaged(ctx context.Context) error {
	damaged := false
	err := r.core.store.Get(ctx, func(tx *store.Tx) (err error) {
		damaged, err = tx.DamagedDue(ctx, r.provider, r.until, listAtMost)
		return err
	})
	if err != nil || !damaged {
		return err
	}
	return r.core.store.Write(ctx, func(tx *store.Tx) error {
		return tx.PostponeDamaged(ctx, r.provider, r.until, tx.Now().Add(maxCheck), listAtMost)
	})
}

// together gives those that are due and can be asked about in one call.
func (r *round) together(ctx context.Context, due []*intent.Intent) []*intent.Intent {
	l, err := r.core.accounts.AcquireExisting(ctx, r.provider)
	if err != nil {
		return nil
	}
	defer l.Release()
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []*intent.Intent
	for _, i := range due {
		if !r.alone[i.ID] {
			list = append(list, i)
		}
	}
	return r.core.listTogether(l, list)
}

// take claims those of a list that nobody else has taken.
func (r *round) take(ctx context.Context, list []*intent.Intent) (mine []claimed, err error) {
	err = r.core.store.Write(ctx, func(tx *store.Tx) error {
		for _, i := range list {
			was := i.CheckAt
			i.CheckAt = tx.Now().Add(r.hold)
			if i.Status == payment.Expired {
				i.Checks |= expiredLookUnderWay
			}
			err := tx.SaveIntent(ctx, i)
			if errors.Is(err, store.ErrConflict) {
				continue // somebody else has it
			}
			if err != nil {
				return err
			}
			mine = append(mine, claimed{i, was})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return mine, nil
}

// settle makes the call for what was claimed. What a list does not answer is due again, for a call of its own.
func (r *round) settle(ctx context.Context, mine []claimed) {
	if len(mine) == 1 {
		if err := r.core.settleOne(ctx, mine[0].Intent); err != nil && ctx.Err() == nil {
			r.core.log.Warn("could not settle", "id", mine[0].ID, "provider", r.provider, "status", mine[0].Status, "error", err)
		}
		return
	}
	rest, err := r.list(ctx, mine)
	if err != nil && ctx.Err() == nil {
		r.core.log.Warn("could not settle together", "provider", r.provider, "error", err)
	}
	if err := r.giveBack(ctx, rest); err != nil && ctx.Err() == nil {
		r.core.log.Warn("what was claimed waits until the claim runs out", "provider", r.provider, "error", err)
	}
}

func (r *round) list(ctx context.Context, mine []claimed) (rest []claimed, err error) {
	l, err := r.core.accounts.AcquireExisting(ctx, r.provider)
	if err != nil {
		return mine, err
	}
	defer l.Release()
	var list []*intent.Intent
	for _, m := range mine {
		list = append(list, m.Intent)
	}
	unanswered, err := r.core.settleAll(ctx, l, list)
	for _, m := range mine {
		if slices.Contains(unanswered, m.Intent) {
			rest = append(rest, m)
		}
	}
	return rest, err
}

// giveBack makes intents due again as they were, unless they have changed since.
func (r *round) giveBack(ctx context.Context, rest []claimed) error {
	if len(rest) == 0 {
		return nil
	}
	r.mu.Lock()
	for _, m := range rest {
		r.alone[m.ID] = true
	}
	r.returned = true
	r.mu.Unlock()
	return r.core.store.Write(ctx, func(tx *store.Tx) error {
		for _, m := range rest {
			m.CheckAt = m.due
			if err := tx.SaveIntent(ctx, m.Intent); err != nil && !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
		return nil
	})
}

// claimTime is for how long a host that has taken an intent keeps others from it.
func claimTime(cfg config.Provider) time.Duration { return callsInARow*cfg.Timeout + claimGrace }
