package core

import (
	"context"

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
	err := c.store.View(ctx, func(tx *store.Tx) (err error) {
		attempts, err = tx.Attempts(ctx, i.ID)
		return err
	})
	if err != nil || len(attempts) == 0 {
		return repeatNever, err
	}
	first := attempts[0]
	switch {
	case c.now().Sub(first.StartedAt) > window, g.Repeat == sdk.RepeatRejectsDuplicates && notFound && !immediate(l, i.Kind):
		return repeatNever, nil
	case first.Fingerprint != l.Fingerprint(), first.PluginVersion != l.Version():
		return repeatForeign, nil
	}
	return repeatNow, nil
}

// repeat sends a doubtful create again, as one more attempt of the same intent.
func (c *Core) repeat(ctx context.Context, l Lease, i *intent.Intent) error {
	verb := c.verbOf(i.Kind)
	var number int
	err := c.store.Update(ctx, func(tx *store.Tx) error {
		attempts, err := tx.Attempts(ctx, i.ID)
		if err != nil {
			return err
		}
		for _, a := range attempts {
			if a.Outcome == "" {
				return store.ErrConflict // another call for it runs
			}
		}
		number = len(attempts) + 1
		return tx.InsertAttempt(ctx, i.ID, c.newAttempt(number, verb.verb, l))
	})
	if err != nil {
		return err
	}
	// The attempt is on disk: from here on it must come to an end, whatever happens to whoever asked for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.Config().Timeout)
	defer cancel()
	c.attempt(ctx, l, verb, i, number, false, true)
	return nil
}
