package core

import (
	"context"
	"time"

	"github.com/payhost/payhost/host/internal/idempotency"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// This file sends calls in doubt again. Whether one may be is for package
// recovery to judge.

// InDoubt is a call in doubt as it is in the transaction that records its
// retry: before that a webhook, an operator or another host may change the
// intent, and any time may pass.
type InDoubt struct {
	Intent   *intent.Intent
	Attempts []payment.Attempt
	// First is the attempt that the retry is of.
	First payment.Attempt
	// Now is the database's clock.
	Now time.Time
}

// Judgement decides whether a call in doubt may be sent again. It may be called
// more than once for one retry; the last call counts.
type Judgement func(InDoubt) bool

// RetryCreate sends a create in doubt again where allowed says so, with the
// same key and sequence, as one more attempt of the same intent. It reports
// whether it was sent; then the call's end is recorded. The error is the
// store's.
func (c *Core) RetryCreate(
	ctx context.Context,
	lease Lease,
	i *intent.Intent,
	allowed Judgement,
) (sent bool, err error) {
	op := c.operationFor(i.Kind)
	if i.Kind != payment.KindRefund && c.mintable() != nil {
		return false, nil // it would be another request; a host with the secret retries it
	}

	w := c.wallFrom(lease.Config().Timeout)
	var retry payment.Attempt
	err = c.store.WriteIntent(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
		sent = false
		attempts, err := tx.Attempts(ctx, i.ID)
		if err != nil {
			return err
		}
		if len(attempts) == 0 {
			return nil
		}

		// The intent is locked: what is judged here holds until the attempt is
		// on disk.
		call := InDoubt{
			Intent:   current,
			Attempts: attempts,
			First:    attempts[0],
			Now:      tx.Now(),
		}
		fenced, err := isFenced(ctx, tx)
		if err != nil || fenced || !allowed(call) {
			return err
		}

		i, sent = current, true
		retry = c.newAttempt(tx, len(attempts)+1, op.name, lease)
		return tx.InsertAttempt(ctx, i.ID, retry)
	})
	if err != nil || !sent {
		return false, err
	}

	// The attempt is on disk: from here on it must come to an end, whatever
	// happens to the caller.
	w.deadline = retry.Deadline
	defer c.running.add(i.ID, retry.Number)()

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.left())
	defer cancel()
	c.attempt(ctx, lease, op, i, createAttempt{attempt: retry, wall: w, doubt: true})

	return true, nil
}

// RetryCapture sends a capture in doubt again, with its own key and amount,
// where allowed says so. It reports whether it was sent; then the call's end is
// recorded. The error is the store's.
func (c *Core) RetryCapture(
	ctx context.Context,
	lease Lease,
	i *intent.Intent,
	allowed Judgement,
) (sent bool, err error) {
	w := c.wallFrom(lease.Config().Timeout)
	var (
		retry payment.Attempt
		claim store.Key
	)
	err = c.store.WriteIntent(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
		sent = false
		if (current.Doubt != verbCapture) || current.Status.Final() {
			return nil
		}

		attempts, err := tx.Attempts(ctx, i.ID)
		if err != nil {
			return err
		}
		first, ok := firstInDoubt(attempts)
		call := InDoubt{Intent: current, Attempts: attempts, First: first, Now: tx.Now()}
		fenced, err := isFenced(ctx, tx)
		if err != nil || fenced || !ok || !allowed(call) {
			return err
		}

		claim, err = idempotency.ClaimUnder(ctx, tx, first.ActionKey)
		if err != nil {
			return err
		}

		// With the same key and amount it is the same capture to the provider.
		i, sent = current, true
		retry = c.newAttempt(tx, len(attempts)+1, verbCapture, lease)
		retry.ActionKey = first.ActionKey
		retry.Amount = first.Amount

		return tx.InsertAttempt(ctx, i.ID, retry)
	})
	if err != nil || !sent {
		return false, err
	}

	// The end is recorded for the payment and under the merchant's key; no
	// caller waits for it.
	w.deadline = retry.Deadline
	defer c.running.add(i.ID, retry.Number)()

	problem := c.runAction(context.WithoutCancel(ctx), lease, i, actionAttempt{
		action:  action{verb: verbCapture, call: callCapture},
		attempt: retry,
		wall:    w,
		claim:   claim,
		retry:   true,
	}, nil)
	if problem != nil {
		c.log.WarnContext(ctx, "a capture in doubt was sent again, and failed",
			"id", i.ID, "provider", i.Provider, "error", problem)
	}

	return true, nil
}

// CaptureInDoubt reports whether the outcome of a payment's capture is unknown.
func CaptureInDoubt(i *intent.Intent) bool { return i.Doubt == verbCapture }

// Arrived reports whether the provider has said that it knows the key of an
// attempt: then there is nothing to send again, only an outcome to wait for.
func Arrived(attempts []payment.Attempt) bool {
	for _, a := range attempts {
		if a.Code == string(sdk.CodeDuplicate) {
			return true
		}
	}
	return false
}
