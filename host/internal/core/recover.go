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
	// lostGrace is how long after its deadline an unanswered attempt is still its host's own.
	lostGrace = 30 * time.Second
	// lostBatch is how many lost attempts are closed in one round.
	lostBatch = 64
	// recoverAtOnce is how many calls recovery makes to one provider at once, and how many intents it claims for that.
	recoverAtOnce = 8
	// defaultReplayWindow is how long a declared guarantee of repeats holds when the plugin does not say.
	defaultReplayWindow = 10 * time.Minute
)

// markLost takes attempts that nobody answered, though their deadline and a grace have passed, for unknown.
func (c *Core) markLost(ctx context.Context) error {
	limit := c.nowMicro().Add(-lostGrace)
	var ids []string
	err := c.store.View(ctx, func(tx *store.Tx) (err error) {
		ids, err = tx.LostAttempts(ctx, limit, lostBatch)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := c.change(ctx, id, func(tx *store.Tx, i *intent.Intent) error { return c.closeLost(ctx, tx, i, limit) })
		if err != nil && ctx.Err() == nil { // one that cannot be written must not keep the others waiting
			c.log.Error("could not close a lost attempt", "id", id, "error", err)
		}
	}
	return ctx.Err()
}

func (c *Core) closeLost(ctx context.Context, tx *store.Tx, i *intent.Intent, limit time.Time) error {
	attempts, err := tx.Attempts(ctx, i.ID)
	if err != nil {
		return err
	}
	const message = "the host that made the call ended before it recorded an answer"
	for _, a := range attempts {
		if a.Outcome != "" || !a.Deadline.Before(limit) {
			continue
		}
		a.Outcome, a.Code, a.Message = string(sdk.OutcomeUnknown), string(sdk.CodeInternal), message
		if err := tx.FinishAttempt(ctx, i.ID, a); err != nil {
			return err
		}
	}
	if i.Status.Final() {
		return nil
	}
	if i.Status != payment.Created { // an action, or a repeat: the provider is asked what became of it
		i.CheckAt, i.Checks = c.nowMicro(), 0
		return tx.SaveIntent(ctx, i)
	}
	_, err = c.Apply(ctx, tx, i, intent.Report{
		Actor: actorHost, Proof: intent.Answer, Status: payment.Unknown, Message: message,
		Failure: &payment.Failure{Code: string(sdk.CodeInternal), Outcome: string(sdk.OutcomeUnknown), Message: message},
	}, intent.Asking{})
	return err
}

func (c *Core) settleOne(ctx context.Context, i *intent.Intent) error {
	l, err := c.accounts.AcquireExisting(ctx, i.Provider)
	if err != nil {
		return errors.Join(err, c.later(ctx, i.ID))
	}
	defer l.Release()
	return c.settle(ctx, l, i)
}

// settle does the one next thing for an intent that is open: ask, repeat where the plugin's declaration makes that safe,
// expire, or wait.
func (c *Core) settle(ctx context.Context, l Lease, i *intent.Intent) error {
	if i.Status == payment.Created {
		return nil
	}
	if i.Status.Final() {
		return c.confirmFinal(ctx, l, i)
	}
	var asked error
	if c.asking(l, i).Possible {
		if asked = c.Ask(ctx, l, i); asked == nil {
			return c.expire(ctx, i.ID)
		}
		if sdk.CodeOf(asked) != sdk.CodeNotFound {
			return errors.Join(asked, c.later(ctx, i.ID))
		}
	}
	repeat, err := c.mayRepeat(ctx, l, i, asked != nil)
	if err != nil {
		return err
	}
	switch repeat {
	case repeatNow:
		return c.repeat(ctx, l, i)
	case repeatForeign:
		return c.reviewForeign(ctx, i.ID)
	}
	return c.change(ctx, i.ID, func(tx *store.Tx, i *intent.Intent) error {
		return errors.Join(c.laterIn(ctx, tx, i), c.expireIn(ctx, tx, i))
	})
}

// confirmFinal asks about what is final because a report contradicts it. It goes on asking until the provider has answered.
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

// later puts the next look off by the next longer pause.
func (c *Core) later(ctx context.Context, id string) error {
	return c.change(ctx, id, func(tx *store.Tx, i *intent.Intent) error { return c.laterIn(ctx, tx, i) })
}

func (c *Core) laterIn(ctx context.Context, tx *store.Tx, i *intent.Intent) error {
	if i.Status.Final() && i.CheckAt.IsZero() {
		return nil // settled meanwhile
	}
	i.CheckAt = c.nowMicro().Add(c.pause(i.Status, i.Checks))
	i.Checks++
	return tx.SaveIntent(ctx, i)
}

// expire ends a payment that nobody finished in time. What the provider is working on, or may be, is not touched: it
// would only be guessed.
func (c *Core) expire(ctx context.Context, id string) error {
	return c.change(ctx, id, func(tx *store.Tx, i *intent.Intent) error { return c.expireIn(ctx, tx, i) })
}

func (c *Core) expireIn(ctx context.Context, tx *store.Tx, i *intent.Intent) error {
	now := c.nowMicro()
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
	_, err := c.Apply(ctx, tx, i, intent.Report{Actor: actorHost, Proof: intent.Operator, Status: payment.Expired,
		Message: "nobody finished it in time"}, intent.Asking{})
	return err
}
