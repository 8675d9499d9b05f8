package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// waitForKey returns a key that has a result, waiting while its first request runs; nil when the key is free.
func (c *Core) waitForKey(ctx context.Context, key string, hashes []string) (*store.Key, error) {
	ctx, cancel := context.WithTimeout(ctx, replayWait)
	defer cancel()
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		changed, leave := c.changes.wait(key)
		k, err := c.knownAction(ctx, key, hashes)
		if k == nil || err != nil || k.Result != "" {
			leave()
			return k, err
		}
		if c.nowMicro().After(k.Deadline.Add(lostGrace)) {
			leave()
			return nil, &payment.Error{Code: payment.CodeHostGone, Outcome: sdk.OutcomeUnknown, PaymentID: k.IntentID,
				Message: "the host that made the call ended before it recorded an answer; ask for the status"}
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

// knownAction returns what a key stands for as it is now, nil when the key is free. When it cannot be read nobody knows what
// was done under it.
func (c *Core) knownAction(ctx context.Context, key string, hashes []string) (k *store.Key, err error) {
	err = c.store.Get(ctx, func(tx *store.Tx) (err error) {
		k, err = tx.Key(ctx, key)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil && ctx.Err() != nil:
		return nil, inProgress("")
	case err != nil:
		return nil, undecided(ctx, err, "", "")
	case !slices.Contains(hashes, k.RequestHash):
		return nil, keyConflict(k)
	}
	return k, nil
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
