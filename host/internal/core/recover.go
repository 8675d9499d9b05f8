package core

import (
	"context"
	"errors"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

const (
	// lostBatch is how many lost attempts are closed in one round.
	lostBatch = 64
	// recoverAtOnce is how many calls recovery makes to one provider at once, and how many intents it claims for that.
	recoverAtOnce = 8
	// defaultReplayWindow is how long a declared guarantee of repeats holds when the plugin does not say.
	defaultReplayWindow = 10 * time.Minute
)

// markLost takes attempts for unknown that nobody will answer: their deadline and a grace have passed, or their host has
// gone. What may have reached the provider is asked about at once; it is repeated only when nobody can send it any more.
func (c *Core) markLost(ctx context.Context) error {
	now := c.nowMicro()
	var ids []string
	err := c.store.Read(ctx, func(tx *store.Tx) (err error) {
		ids, err = tx.LostAttempts(ctx, now.Add(-lostGrace), now.Add(-goneAfter), lostBatch)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := c.change(ctx, id, func(tx *store.Tx, i *intent.Intent) error { return c.closeLost(ctx, tx, i) })
		if err != nil && ctx.Err() == nil { // one that cannot be written must not keep the others waiting
			c.log.Error("could not close a lost attempt", "id", id, "error", err)
		}
	}
	return ctx.Err()
}

// closeLost ends the attempts of an intent that nobody will answer any more.
func (c *Core) closeLost(ctx context.Context, tx *store.Tx, i *intent.Intent) error {
	attempts, err := tx.Attempts(ctx, i.ID)
	if err != nil {
		return err
	}
	const message = "the host that made the call ended before it recorded an answer"
	closed := payment.Attempt{}
	for k, a := range attempts {
		lost, err := c.lost(ctx, tx, i.ID, a)
		if err != nil {
			return err
		}
		if !lost {
			continue
		}
		a.Outcome, a.Code, a.Message = string(sdk.OutcomeUnknown), payment.CodeHostGone, message
		if err := tx.FinishAttempt(ctx, i.ID, a); err != nil {
			return err
		}
		attempts[k], closed = a, a
	}
	if tookUnheard(i, closed) {
		noteCaptured(i, attempts)
		return tx.SaveIntent(ctx, i)
	}
	if closed.Number == 0 || i.Status.Final() {
		return nil
	}
	c.log.Warn("a call is in doubt: its host ended before it recorded an answer", "id", i.ID, "provider", i.Provider,
		"verb", closed.Verb, "attempt", closed.Number, "host", closed.Host)

	if i.Status == payment.Created {
		_, err = c.Apply(ctx, tx, i, intent.Report{
			Actor: actorHost, Proof: intent.Answer, Status: payment.Unknown, Message: message,
			Failure: &payment.Failure{Code: payment.CodeHostGone, Outcome: string(sdk.OutcomeUnknown), Message: message},
		}, intent.Asking{})
		if err != nil {
			return err
		}
	} else if movesMoney(closed.Verb) {
		i.Doubt = closed.Verb
	}
	i.CheckAt, i.Checks = tx.Now(), 0 // the provider is asked what became of it
	return tx.SaveIntent(ctx, i)
}

// lost reports whether an attempt is open and nobody will answer it. A host never says so of an attempt that it is making.
func (c *Core) lost(ctx context.Context, tx *store.Tx, id string, a payment.Attempt) (bool, error) {
	if a.Outcome != "" || c.running.has(id, a.Number) {
		return false, nil
	}
	if a.Deadline.Add(lostGrace).Before(tx.Now()) {
		return true, nil
	}
	if a.Host == c.instance {
		return false, nil // it is being recorded at this moment
	}
	alive, err := tx.HostAlive(ctx, a.Host, tx.Now().Add(-goneAfter))
	return !alive, err
}

// settleOne settles what was claimed. When no call can be made at this moment,
// nothing was found out: it is due again soon, and the pauses do not grow.
func (c *Core) settleOne(ctx context.Context, i *intent.Intent) error {
	l, err := c.accounts.AcquireExisting(ctx, i.Provider)
	if err != nil {
		return errors.Join(err, c.change(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
			if !current.CheckAt.Equal(i.CheckAt) {
				return nil // somebody has had news
			}
			current.CheckAt = tx.Now().Add(firstCheckUnknown)
			if current.Status == payment.Expired {
				current.Checks &^= expiredLookUnderWay
			}
			return tx.SaveIntent(ctx, current)
		}))
	}
	defer l.Release()
	return c.settle(ctx, l, i)
}

// settle does the one next thing for an intent that is open: ask, repeat where the plugin's declaration makes that safe,
// expire, or wait.
func (c *Core) settle(ctx context.Context, l Lease, i *intent.Intent) error {
	switch {
	case i.Status == payment.Created:
		return nil
	case i.Status.Final():
		return c.confirmFinal(ctx, l, i)
	case foreign(l, i) && i.Status == payment.Unknown:
		return c.reviewForeign(ctx, i.ID)
	}

	var asked error
	if c.asking(l, i).Possible {
		if asked = c.Ask(ctx, l, i); asked == nil {
			return c.expire(ctx, i.ID)
		}
		if sdk.CodeOf(asked) != sdk.CodeNotFound {
			return errors.Join(asked, c.laterOrExpire(ctx, i.ID))
		}
	}
	if i.Doubt == verbCapture && !foreign(l, i) {
		if done, err := c.repeatCapture(ctx, l, i); done || err != nil {
			return err
		}
	}
	next, err := c.repeat(ctx, l, i, asked != nil)
	switch {
	case err != nil:
		return err
	case next == repeatNow:
		return nil
	case next == repeatForeign:
		return c.reviewForeign(ctx, i.ID)
	}
	return c.laterOrExpire(ctx, i.ID)
}

// confirmFinal asks about what is final because a report contradicts it, or because a payment that has expired may have
// been paid since. It goes on asking until the provider has answered.
func (c *Core) confirmFinal(ctx context.Context, l Lease, i *intent.Intent) error {
	if i.CheckAt.IsZero() {
		return nil
	}
	err := c.Ask(ctx, l, i)
	switch sdk.CodeOf(err) {
	case "":
		return nil
	case sdk.CodeNotFound, sdk.CodeNotSupported:
		return c.change(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
			if current.Status.Final() {
				current.CheckAt, current.Checks = time.Time{}, 0
			}
			return tx.SaveIntent(ctx, current)
		})
	}
	return errors.Join(err, c.later(ctx, i.ID))
}

// laterOrExpire puts the next look off, and ends a payment whose time is over although the provider says nothing of it: a
// success that comes later is still accepted.
func (c *Core) laterOrExpire(ctx context.Context, id string) error {
	return c.change(ctx, id, func(tx *store.Tx, i *intent.Intent) error {
		return errors.Join(c.laterIn(ctx, tx, i), c.expireIn(ctx, tx, i))
	})
}

// later puts the next look off by the next longer pause.
func (c *Core) later(ctx context.Context, id string) error {
	return c.change(ctx, id, func(tx *store.Tx, i *intent.Intent) error { return c.laterIn(ctx, tx, i) })
}

func (c *Core) laterIn(ctx context.Context, tx *store.Tx, i *intent.Intent) error {
	if i.Status.Final() && i.CheckAt.IsZero() {
		return nil // settled meanwhile
	}
	if i.Status == payment.Expired {
		expiredLater(i, tx.Now())
		return tx.SaveIntent(ctx, i)
	}
	i.CheckAt = tx.Now().Add(c.pause(i.Status, i.Checks))
	i.Checks++
	return tx.SaveIntent(ctx, i)
}

// expire ends a payment that nobody finished in time. What the provider is working on, or may be, is not touched: it
// would only be guessed.
func (c *Core) expire(ctx context.Context, id string) error {
	return c.change(ctx, id, func(tx *store.Tx, i *intent.Intent) error { return c.expireIn(ctx, tx, i) })
}

func (c *Core) expireIn(ctx context.Context, tx *store.Tx, i *intent.Intent) error {
	now := tx.Now()
	if i.Kind != payment.KindPayment || i.Status != payment.RequiresAction || i.ExpiresAt.IsZero() {
		return nil
	}
	if now.Before(i.ExpiresAt) {
		if i.CheckAt.After(i.ExpiresAt) {
			i.CheckAt = i.ExpiresAt
			return tx.SaveIntent(ctx, i)
		}
		return nil
	}

	attempts, err := tx.Attempts(ctx, i.ID)
	if err != nil {
		return err
	}
	if _, busy := anyUnderWay(attempts, now); busy {
		return nil // an action may still reach the provider; its end is looked at again
	}
	_, err = c.Apply(ctx, tx, i, intent.Report{Actor: actorHost, Proof: intent.Operator, Status: payment.Expired,
		Message: "nobody finished it in time"}, intent.Asking{})
	return err
}
