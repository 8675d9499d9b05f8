package core

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
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
	// claimWithoutPlugin is how long a claim holds where no plugin runs that has a timeout: nothing can be called then.
	claimWithoutPlugin = 30 * time.Second
)

// Wait returns when no provider call of this host runs any more.
func (c *Core) Wait() { c.calls.wait() }

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
	err = c.store.View(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.DueProviders(ctx, c.nowMicro())
		return err
	})
	return due, err
}

// RecoverProvider settles what is due at one provider now, and returns when its calls have ended. It begins calls for a
// minute at most; what is left then is for the next round. Nothing is claimed before there is a free call for it, so a
// host that dies leaves few claims behind. Several hosts may do it at once on one store.
func (c *Core) RecoverProvider(ctx context.Context, name string) {
	until := c.nowMicro()
	begin, over := context.WithTimeout(ctx, roundLasts)
	defer over()
	hold := c.claimTime(ctx, name)
	slots := make(chan struct{}, recoverAtOnce)
	var calls sync.WaitGroup
	defer calls.Wait()
	for begin.Err() == nil {
		select {
		case slots <- struct{}{}:
		case <-begin.Done():
			return
		}
		mine, err := c.claimDue(ctx, name, until, hold)
		if err != nil && ctx.Err() == nil {
			c.log.Error("recovery could not read or write the store; it goes on trying", "provider", name, "error", err)
		}
		if mine == nil {
			return
		}
		calls.Go(func() {
			defer func() { <-slots }()
			if err := c.settleOne(ctx, mine); err != nil && ctx.Err() == nil {
				c.log.Warn("could not settle", "id", mine.ID, "provider", mine.Provider, "status", mine.Status, "error", err)
			}
		})
	}
}

// claimTime is for how long a host that has taken an intent keeps others from it.
func (c *Core) claimTime(ctx context.Context, name string) time.Duration {
	l, err := c.accounts.AcquireExisting(ctx, name)
	if err != nil {
		return claimWithoutPlugin
	}
	defer l.Release()
	return callsInARow*l.Config().Timeout + claimGrace
}

// claimDue takes one intent that was due at a moment, so that no other host does the same; nil when there is none left.
func (c *Core) claimDue(ctx context.Context, provider string, until time.Time, hold time.Duration) (*intent.Intent, error) {
	var due []*intent.Intent
	err := c.store.View(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.Due(ctx, provider, until, recoverAtOnce)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, i := range due {
		i.CheckAt = c.nowMicro().Add(hold)
		err := c.store.Update(ctx, func(tx *store.Tx) error { return tx.SaveIntent(ctx, i) })
		if errors.Is(err, store.ErrConflict) {
			continue // somebody else has it
		}
		if err != nil {
			return nil, err
		}
		return i, nil
	}
	return nil, nil
}
