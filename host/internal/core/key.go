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
		changed := c.changes.wait(key)
		var k *store.Key
		err := c.store.View(ctx, func(tx *store.Tx) (err error) {
			k, err = tx.Key(ctx, key)
			return err
		})
		switch {
		case errors.Is(err, store.ErrNotFound):
			return nil, nil
		case err != nil && ctx.Err() == nil:
			return nil, storageError(err)
		case err == nil && k.RequestHash != hash:
			return nil, keyConflict(k)
		case err == nil && k.Result != "":
			return k, nil
		case err == nil && c.now().After(k.Deadline.Add(lostGrace)):
			return nil, &payment.Error{Code: string(sdk.CodeInternal), Outcome: sdk.OutcomeUnknown, PaymentID: k.IntentID,
				Message: "the host that made the call ended before it recorded an answer; ask for the status"}
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
			return nil, inProgress("")
		}
	}
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
