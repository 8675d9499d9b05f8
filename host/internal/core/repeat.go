package core

import (
	"context"
	"errors"
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
// In every case only within the declared window since the first attempt, by the same identity, by the plugin version that
// derived the keys, and when no other attempt can reach the provider any more. now is the database's.
func (c *Core) mayRepeat(l Lease, i *intent.Intent, attempts []payment.Attempt, notFound bool, now time.Time) repeatDecision {
	op := c.verbOf(i.Kind)
	g := op.guarantee(l.Info())
	if i.Status != payment.Unknown || len(attempts) == 0 || arrived(attempts) {
		return repeatNever
	}
	if g.Retry != sdk.RetryRejectsDuplicates && g.Retry != sdk.RetryReturnsOriginal {
		return repeatNever
	}
	if _, busy := anyUnderWay(attempts, now); busy {
		return repeatNever
	}

	first := attempts[0]
	switch {
	case tooLate(first, now, l, g), g.Retry == sdk.RetryRejectsDuplicates && notFound && !immediate(l, i.Kind):
		return repeatNever
	case first.Fingerprint != l.Fingerprint(), first.PluginVersion != l.Version():
		return repeatForeign
	}
	return repeatNow
}

// tooLate reports whether a repeat begun now could reach the provider when its guarantee no longer holds. A twentieth of
// the window is left as a margin: the provider counts by a clock of its own. A first attempt that is in the future was
// dated by a clock that has been set back since, and tells nothing.
func tooLate(first payment.Attempt, now time.Time, l Lease, g sdk.IdempotencySupport) bool {
	window := g.Window
	if window == 0 {
		window = defaultReplayWindow
	}
	since := now.Sub(first.StartedAt)
	return since < 0 || since+l.Config().Timeout > window-window/20
}

// arrived reports whether the provider has said that it knows the create's key: then there is nothing to repeat, only
// an outcome to wait for.
func arrived(attempts []payment.Attempt) bool {
	return slices.ContainsFunc(attempts, func(a payment.Attempt) bool { return a.Code == string(sdk.CodeDuplicate) })
}

// repeat sends a doubtful create again where that is safe, as one more attempt of the same intent. All of it is judged in
// the transaction that records the attempt, by the database's clock: before that a notice, an operator or another host may
// settle the intent, and any time may pass.
func (c *Core) repeat(ctx context.Context, l Lease, i *intent.Intent, notFound bool) (repeatDecision, error) {
	op := c.verbOf(i.Kind)
	if g := op.guarantee(l.Info()); i.Status != payment.Unknown || g.Retry == "" || g.Retry == sdk.RetryNone {
		return repeatNever, nil
	}
	if (i.Kind != payment.KindRefund) && (c.mintable() != nil) {
		return repeatNever, nil // it would be another request; a host with the secret repeats it
	}
	w := c.wallFrom(l.Config().Timeout)
	decision := repeatNever
	var attempt payment.Attempt
	err := c.store.Write(ctx, func(tx *store.Tx) error {
		current, err := tx.IntentForUpdate(ctx, i.ID)
		if err != nil {
			return err
		}
		attempts, err := tx.Attempts(ctx, i.ID)
		if err != nil {
			return err
		}
		if decision = c.mayRepeat(l, current, attempts, notFound, tx.Now()); decision != repeatNow {
			return nil
		}
		i = current
		attempt = c.newAttempt(tx, len(attempts)+1, op.verb, l)
		return tx.InsertAttempt(ctx, i.ID, attempt)
	})
	if err != nil || decision != repeatNow {
		return decision, err
	}

	// The attempt is on disk: from here on it must come to an end, whatever happens to whoever asked for it.
	w.deadline = attempt.Deadline
	defer c.running.add(i.ID, attempt.Number)()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.left())
	defer cancel()
	c.attempt(ctx, l, op, i, attempt, w, nil, true)
	return repeatNow, nil
}

// repeatCapture sends a capture in doubt again, with its own key, where the plugin declares that this answers with the
// first one's result. done reports whether it was sent.
func (c *Core) repeatCapture(ctx context.Context, l Lease, i *intent.Intent) (done bool, err error) {
	g := l.Info().CapturePayment
	if g.Retry != sdk.RetryReturnsOriginal || !l.Has(sdk.CapabilityCapturePayment) {
		return false, nil
	}
	w := c.wallFrom(l.Config().Timeout)
	var (
		attempt payment.Attempt
		claim   store.Key
	)
	err = c.store.Write(ctx, func(tx *store.Tx) error {
		done = false
		current, err := tx.IntentForUpdate(ctx, i.ID)
		if err != nil || current.Doubt != verbCapture || current.Status.Final() {
			return err
		}
		attempts, err := tx.Attempts(ctx, i.ID)
		if err != nil {
			return err
		}
		first, ok := firstInDoubt(attempts)
		if _, busy := anyUnderWay(attempts, tx.Now()); busy || !ok || tooLate(first, tx.Now(), l, g) {
			return nil
		}
		if first.Fingerprint != l.Fingerprint() || first.PluginVersion != l.Version() {
			return nil
		}
		if claim, err = claimUnder(ctx, tx, first.ActionKey); err != nil {
			return err
		}

		i, done = current, true
		attempt = c.newAttempt(tx, len(attempts)+1, verbCapture, l)
		attempt.ActionKey, attempt.Amount = first.ActionKey, first.Amount
		return tx.InsertAttempt(ctx, i.ID, attempt)
	})
	if err != nil || !done {
		return false, err
	}

	w.deadline = attempt.Deadline
	defer c.running.add(i.ID, attempt.Number)()
	again := actionAttempt{action: action{verb: verbCapture, call: callCapture},
		attempt: attempt, wall: w, key: claim, repeat: true}
	problem := c.runAction(context.WithoutCancel(ctx), l, i, again, nil)
	if problem != nil {
		c.log.Warn("a capture in doubt was sent again, and failed", "id", i.ID, "provider", i.Provider, "error", problem)
	}
	return true, nil
}

// claimUnder returns what a key stands for now. The key may be forgotten since:
// then it is what no key is.
func claimUnder(ctx context.Context, tx *store.Tx, key string) (store.Key, error) {
	k, err := tx.Key(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return store.Key{Key: key}, nil
	}
	if err != nil {
		return store.Key{}, err
	}
	return *k, nil
}

// firstInDoubt finds the first attempt at the capture that is in doubt. One that
// was not sent has freed its key: what was wanted under it before is another
// capture, maybe of another amount.
func firstInDoubt(attempts []payment.Attempt) (payment.Attempt, bool) {
	for k := len(attempts) - 1; k >= 0; k-- {
		if attempts[k].Verb != verbCapture || attempts[k].Outcome != string(sdk.OutcomeUnknown) {
			continue
		}
		if decidedAgainst(attempts, attempts[k]) {
			continue
		}
		key := attempts[k].ActionKey
		for _, a := range attempts {
			sent := a.Outcome != string(sdk.OutcomeNotSent)
			if (a.Verb == verbCapture) && (a.ActionKey == key) && sent {
				return a, key != ""
			}
		}
	}
	return payment.Attempt{}, false
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
