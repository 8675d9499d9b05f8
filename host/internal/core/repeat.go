package core

import (
	"context"
	"slices"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// repeatDecision says whether a doubtful create may be sent again with the same key and sequence.
type repeatDecision int

const (
	repeatNever repeatDecision = iota
	repeatNow
	// repeatForeign: the declaration would allow it, but who we are or how keys are derived has changed.
	repeatForeign
)

// mayRepeat holds the table of what recovery may do with an unknown create:
//
//	declared            with a status verb                      without
//	none                ask; never repeat                       wait
//	rejects_duplicates  ask; not found (immediate): repeat      repeat
//	returns_original    repeat                                  repeat
//
// In every case only within the declared window since the first attempt, by the same identity, and by the plugin version
// that derived the keys.
func (c *Core) mayRepeat(ctx context.Context, l Lease, i *intent.Intent, notFound bool) (repeatDecision, error) {
	verb := c.verbOf(i.Kind)
	g := verb.guarantee(l.Info())
	if i.Status != payment.Unknown || g.Repeat != sdk.RepeatRejectsDuplicates && g.Repeat != sdk.RepeatReturnsOriginal {
		return repeatNever, nil
	}
	window := g.Window
	if window == 0 {
		window = defaultReplayWindow
	}
	var attempts []payment.Attempt
	err := c.store.Look(ctx, func(tx *store.Tx) (err error) {
		attempts, err = tx.Attempts(ctx, i.ID)
		return err
	})
	if err != nil || len(attempts) == 0 || arrived(attempts) {
		return repeatNever, err
	}
	first := attempts[0]
	switch {
	case tooLate(first, c.now(), l, window), g.Repeat == sdk.RepeatRejectsDuplicates && notFound && !immediate(l, i.Kind):
		return repeatNever, nil
	case first.Fingerprint != l.Fingerprint(), first.PluginVersion != l.Version():
		return repeatForeign, nil
	}
	return repeatNow, nil
}

// tooLate reports whether a repeat begun now could reach the provider when its guarantee no longer holds.
func tooLate(first payment.Attempt, now time.Time, l Lease, window time.Duration) bool {
	return now.Add(l.Config().Timeout).Sub(first.StartedAt) > window
}

// arrived reports whether the provider has said that it knows the create's key: then there is nothing to repeat, only
// an outcome to wait for.
func arrived(attempts []payment.Attempt) bool {
	return slices.ContainsFunc(attempts, func(a payment.Attempt) bool { return a.Code == string(sdk.CodeDuplicate) })
}

// repeat sends a doubtful create again, as one more attempt of the same intent. What was decided before is worth nothing
// by itself: a notice, an operator or another host may have settled the intent since, and a repeat would move its money
// after all. So the doubt is read again in the transaction that records the attempt.
func (c *Core) repeat(ctx context.Context, l Lease, i *intent.Intent) error {
	verb := c.verbOf(i.Kind)
	number := 0
	err := c.store.Update(ctx, func(tx *store.Tx) error {
		current, err := tx.IntentToChange(ctx, i.ID)
		if err != nil || current.Status != payment.Unknown {
			return err
		}
		attempts, err := tx.Attempts(ctx, i.ID)
		if err != nil {
			return err
		}
		for _, a := range attempts {
			if a.Outcome == "" {
				return store.ErrConflict // another call for it runs
			}
		}
		number, i = len(attempts)+1, current
		return tx.InsertAttempt(ctx, i.ID, c.newAttempt(number, verb.verb, l))
	})
	if err != nil || number == 0 {
		return err
	}
	// The attempt is on disk: from here on it must come to an end, whatever happens to whoever asked for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.Config().Timeout)
	defer cancel()
	c.attempt(ctx, l, verb, i, number, false, true)
	return nil
}

// reviewForeign puts an intent that can no longer be repeated under review, unless its doubt has been settled meanwhile.
func (c *Core) reviewForeign(ctx context.Context, id string) error {
	return c.change(ctx, id, func(tx *store.Tx, current *intent.Intent) error {
		if current.Status != payment.Unknown {
			return nil
		}
		_, err := c.Apply(ctx, tx, current, intent.Report{Actor: actorHost, Proof: intent.Operator, Status: payment.UnderReview,
			Reason:  payment.ReviewUnproven,
			Message: "the account's identity or the plugin's version has changed since the call, so it cannot be repeated"}, intent.Asking{})
		return err
	})
}
