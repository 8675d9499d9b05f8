package recovery

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
)

const (
	// claimGrace is added to what an intent's calls may last, before another
	// host may take a claimed intent for abandoned.
	claimGrace = 10 * time.Second
	// callsInARow is how many calls reconciling one intent can take: its status
	// is queried, then its call is sent again.
	callsInARow = 2
)

// pass is one provider's recovery, once.
type pass struct {
	*Reconciler
	provider string
	until    time.Time // what was due by then
	hold     time.Duration

	mu sync.Mutex
	// unmatched are the intents that a list did not answer: their status is
	// queried one by one. returned says that there are new ones, which are due
	// again.
	unmatched map[string]bool
	returned  bool
}

// newPass returns a pass over what is due at a provider now.
func newPass(r *Reconciler, provider string, cfg config.Provider) *pass {
	return &pass{
		Reconciler: r,
		provider:   provider,
		until:      r.store.Now(),
		hold:       claimTime(cfg),
		unmatched:  map[string]bool{},
	}
}

// claimTime returns for how long a host that has claimed an intent keeps others
// from it.
func claimTime(cfg config.Provider) time.Duration {
	return callsInARow*cfg.Timeout + claimGrace
}

// released reports whether a list has left intents unanswered since the last
// call of released.
func (p *pass) released() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.returned
	p.returned = false
	return was
}

// claim is an intent that this host has claimed, and when it was due.
type claim struct {
	*intent.Intent
	due time.Time
}

// claim claims what the next calls are about, so that no other host makes them,
// all in one commit: several intents for one call where one call can be about
// several, else one intent for each call, of which there are at most room.
// Doubts come before what is only open.
func (p *pass) claim(ctx context.Context, room int) (calls [][]claim, err error) {
	var due []*intent.Intent
	err = p.store.Read(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.DueFirst(ctx, p.provider, p.until, core.MaxListed)
		return err
	})
	if err != nil {
		return nil, err
	}

	if len(due) == 0 {
		return nil, p.putOffDamaged(ctx)
	}

	// One list answers for many, so it comes before single queries.
	if together := p.together(ctx, due); len(together) > 1 {
		claimed, err := p.claimAll(ctx, together)
		if err != nil {
			return nil, err
		}
		if len(claimed) > 0 {
			return [][]claim{claimed}, nil
		}
	}

	// Else they are the first intents that no other host has claimed meanwhile.
	for len(due) > 0 && len(calls) == 0 {
		next := due[:min(room, len(due))]
		due = due[len(next):]

		claimed, err := p.claimAll(ctx, next)
		if err != nil {
			return nil, err
		}

		for _, one := range claimed {
			calls = append(calls, []claim{one})
		}
	}

	return calls, nil
}

// putOffDamaged takes intents that cannot be read out of the way of those
// behind them.
func (p *pass) putOffDamaged(ctx context.Context) error {
	damaged := false
	err := p.store.Get(ctx, func(tx *store.Tx) (err error) {
		damaged, err = tx.DamagedDue(ctx, p.provider, p.until, core.MaxListed)
		return err
	})
	if err != nil || !damaged {
		return err
	}

	return p.store.Write(ctx, func(tx *store.Tx) error {
		later := tx.Now().Add(core.MaxBackoff)
		return tx.PostponeDamaged(ctx, p.provider, p.until, later, core.MaxListed)
	})
}

// together returns those that are due and can be queried in one list.
func (p *pass) together(ctx context.Context, due []*intent.Intent) []*intent.Intent {
	lease, err := p.accounts.AcquireExisting(ctx, p.provider)
	if err != nil {
		return nil
	}
	defer lease.Release()

	p.mu.Lock()
	defer p.mu.Unlock()
	var list []*intent.Intent

	for _, i := range due {
		if !p.unmatched[i.ID] {
			list = append(list, i)
		}
	}

	return core.Listable(lease, list)
}

// claimAll claims those of a list that no other host has claimed.
func (p *pass) claimAll(
	ctx context.Context,
	list []*intent.Intent,
) (claimed []claim, err error) {
	err = p.store.Write(ctx, func(tx *store.Tx) error {
		claimed = nil
		wanted := make([]*intent.Intent, len(list))
		due := map[string]time.Time{}

		for k, i := range list {
			mine := *i
			core.Claim(&mine, tx.Now().Add(p.hold))
			wanted[k] = &mine
			due[i.ID] = i.CheckAt
		}

		// Saving compares versions: what is left out, another host has.
		saved, err := tx.SaveSchedules(ctx, wanted)
		for _, i := range saved {
			claimed = append(claimed, claim{i, due[i.ID]})
		}

		return err
	})
	if err != nil {
		return nil, err
	}

	return claimed, nil
}

// reconcile makes the calls for what was claimed. Intents that a list does not
// answer are due again, for calls of their own.
func (p *pass) reconcile(ctx context.Context, claimed []claim) {
	if len(claimed) == 1 {
		i := claimed[0].Intent
		if err := p.reconcileOne(ctx, i); err != nil && ctx.Err() == nil {
			p.log.WarnContext(ctx, "recovery could not reconcile an intent",
				"id", i.ID, "provider", p.provider, "status", i.Status, "error", err)
		}
		return
	}

	unanswered, err := p.reconcileList(ctx, claimed)
	if err != nil && ctx.Err() == nil {
		p.log.WarnContext(ctx,
			"recovery could not list intents together",
			"provider", p.provider,
			"error", err,
		)
	}

	if err := p.release(ctx, unanswered); err != nil && ctx.Err() == nil {
		p.log.WarnContext(ctx,
			"recovery could not release intents, which wait until their claim runs out",
			"provider", p.provider,
			"error", err,
		)
	}
}

// reconcileOne reconciles one intent. When no call can be made at this moment,
// nothing was found out: it is due again soon, and its backoff does not grow.
func (p *pass) reconcileOne(ctx context.Context, i *intent.Intent) error {
	lease, err := p.accounts.AcquireExisting(ctx, i.Provider)
	if err == nil {
		defer lease.Release()
		return p.Reconcile(ctx, lease, i)
	}

	return errors.Join(
		err,
		p.core.Change(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
			if !current.CheckAt.Equal(i.CheckAt) {
				return nil // there is news of it
			}
			core.DueSoon(current, tx.Now())
			return tx.SaveIntent(ctx, current)
		}),
	)
}

// reconcileList queries the status of several intents in one list, and returns
// those that it did not answer.
func (p *pass) reconcileList(
	ctx context.Context,
	claimed []claim,
) (unanswered []claim, err error) {
	lease, err := p.accounts.AcquireExisting(ctx, p.provider)
	if err != nil {
		return claimed, err
	}
	defer lease.Release()

	intents := make([]*intent.Intent, len(claimed))
	for k, c := range claimed {
		intents[k] = c.Intent
	}
	asked := p.store.Now()
	reports, err := core.QueryList(ctx, lease, intents)
	if err != nil {
		return claimed, fmt.Errorf(
			"list %d intents in one call (each is now asked about by itself): %w",
			len(claimed),
			err,
		)
	}

	// The writes go at once, so that they share a commit.
	failures := make([]error, len(claimed))
	var writes sync.WaitGroup

	for k, c := range claimed {
		report, ok := reports[c.ID]
		if !ok {
			unanswered = append(unanswered, c)
			continue
		}

		writes.Go(func() {
			failures[k] = p.applyListed(
				ctx,
				lease,
				c.ID,
				core.Answer{Report: report, Asked: asked},
			)
		})
	}

	writes.Wait()
	return unanswered, errors.Join(failures...)
}

// applyListed applies what a list says of one intent, which may then expire.
func (p *pass) applyListed(
	ctx context.Context,
	lease core.Lease,
	id string,
	answer core.Answer,
) error {
	return p.core.Change(ctx, id, func(tx *store.Tx, current *intent.Intent) error {
		answer.Query = core.StatusQuery(lease, current)
		if err := p.core.ApplyAnswer(ctx, tx, current, answer); err != nil {
			return err
		}
		return p.expireIn(ctx, tx, current)
	})
}

// release makes intents due again as they were, unless they have changed since.
func (p *pass) release(ctx context.Context, unanswered []claim) error {
	if len(unanswered) == 0 {
		return nil
	}

	// They are queried one by one in this pass.
	p.mu.Lock()
	for _, c := range unanswered {
		p.unmatched[c.ID] = true
	}

	p.returned = true
	p.mu.Unlock()

	return p.store.Write(ctx, func(tx *store.Tx) error {
		list := make([]*intent.Intent, len(unanswered))
		for k, c := range unanswered {
			asBefore := *c.Intent
			asBefore.CheckAt = c.due
			list[k] = &asBefore
		}
		_, err := tx.SaveSchedules(ctx, list)
		return err
	})
}
