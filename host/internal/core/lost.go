package core

import (
	"context"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

const lostMessage = "the host that made the call ended before it recorded an answer"

// LostAttempts returns the ids of up to limit intents with an attempt that no
// host will answer: its deadline and a grace have passed, or its host is gone.
// now is the database's.
func LostAttempts(
	ctx context.Context,
	tx *store.Tx,
	now time.Time,
	limit int,
) ([]string, error) {
	return tx.LostAttempts(ctx, now.Add(-lostGrace), now.Add(-goneAfter), limit)
}

// CloseLost ends the attempts of an intent that no host will answer any more as
// unknown, and makes the intent due at once: the provider is queried. It may be
// called on any intent and changes nothing of one without such attempts.
func (c *Core) CloseLost(ctx context.Context, tx *store.Tx, i *intent.Intent) error {
	attempts, err := tx.Attempts(ctx, i.ID)
	if err != nil {
		return err
	}
	closed := payment.Attempt{}

	for k, a := range attempts {
		lost, err := c.lost(ctx, tx, i.ID, a)
		if err != nil {
			return err
		}
		if !lost {
			continue
		}

		a.Outcome = string(sdk.OutcomeUnknown)
		a.Code = payment.CodeHostGone
		a.Message = lostMessage
		if err := tx.FinishAttempt(ctx, i.ID, a); err != nil {
			return err
		}

		attempts[k], closed = a, a
	}

	// A capture counts, also when the payment has succeeded since.
	if tookUnheard(i, closed) {
		noteCaptured(i, attempts)
		return tx.SaveIntent(ctx, i)
	}

	// An intent that has ended is not put in doubt again.
	if closed.Number == 0 || i.Status.Final() {
		return nil
	}
	c.log.WarnContext(ctx, "a call is in doubt: its host ended before it recorded an answer",
		"id", i.ID, "provider", i.Provider, "verb", closed.Verb, "attempt", closed.Number,
		"host", closed.Host)

	return c.doubt(ctx, tx, i, closed.Verb)
}

// doubt records that the outcome of a call of this host or another is unknown.
func (c *Core) doubt(
	ctx context.Context,
	tx *store.Tx,
	i *intent.Intent,
	verb string,
) error {
	// A create in doubt is the intent's status, an action's doubt stands beside
	// it.
	switch {
	case i.Status == payment.Created:
		_, err := c.Apply(ctx, tx, i, intent.Report{
			Actor:   ActorHost,
			Proof:   intent.Answer,
			Status:  payment.Unknown,
			Message: lostMessage,
			Failure: &payment.Failure{
				Code:    payment.CodeHostGone,
				Outcome: string(sdk.OutcomeUnknown),
				Message: lostMessage,
			},
		}, intent.StatusQuery{})
		if err != nil {
			return err
		}

	case movesMoney(verb):
		i.Doubt = verb
	}

	// The provider is queried at once about what became of the call.
	i.CheckAt = tx.Now()
	i.Checks = 0

	return tx.SaveIntent(ctx, i)
}

// lost reports whether an attempt is open and no host will answer it. A host
// never says so of an attempt that it is making.
func (c *Core) lost(
	ctx context.Context,
	tx *store.Tx,
	id string,
	a payment.Attempt,
) (bool, error) {
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
