package core

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// waitForKey gives a key that has a result, waiting while its first request runs; nil when the key is free.
func (c *Core) waitForKey(ctx context.Context, key, hash string) (*store.Key, error) {
	ctx, cancel := context.WithTimeout(ctx, replayWait)
	defer cancel()
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		changed, leave := c.changes.wait(key)
		k, running, err := c.lookAtKey(ctx, key, hash)
		if !running {
			leave()
			return k, err
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
		}
		leave()
		if ctx.Err() != nil {
			return nil, inProgress("")
		}
	}
}

// lookAtKey gives what waitForKey gives, as far as it is known now; running says that it is not.
func (c *Core) lookAtKey(ctx context.Context, key, hash string) (k *store.Key, running bool, err error) {
	err = c.store.Look(ctx, func(tx *store.Tx) (err error) {
		k, err = tx.Key(ctx, key)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, false, nil
	case err != nil && ctx.Err() == nil:
		return nil, false, storageError(err)
	case err != nil: // the caller's own time is over, and it will say so
		return nil, true, nil //nolint:nilerr // see above
	case k.RequestHash != hash:
		return nil, false, keyConflict(k)
	case k.Result != "":
		return k, false, nil
	case c.now().After(k.Deadline.Add(lostGrace)):
		return nil, false, &payment.Error{Code: string(sdk.CodeInternal), Outcome: sdk.OutcomeUnknown, PaymentID: k.IntentID,
			Message: "the host that made the call ended before it recorded an answer; ask for the status"}
	}
	return nil, true, nil
}

// keyConflict is for another request under a key that is taken.
func keyConflict(k *store.Key) *payment.Error {
	return &payment.Error{Code: payment.CodeIdempotencyConflict, Outcome: sdk.OutcomeNotSent, PaymentID: k.IntentID,
		Message: "this Idempotency-Key stands for another request; use a new key for a new intent"}
}

// inProgress is for a key whose first request is still running.
func inProgress(id string) *payment.Error {
	return &payment.Error{Code: payment.CodeIdempotencyInProgress, Outcome: sdk.OutcomeUnknown, PaymentID: id, RetryAfter: time.Second,
		Message: fmt.Sprintf("the first request under this Idempotency-Key still runs after %s; ask again", replayWait)}
}
