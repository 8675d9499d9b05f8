package idempotency

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// done is the result of a key whose action was carried out. The result of any
// other action is its problem, as JSON.
const done = "done"

// ClaimOf returns the key of an action as the action's first attempt took it.
func ClaimOf(first payment.Attempt) store.Key {
	return store.Key{Key: first.ActionKey, Host: first.Host, Deadline: first.Deadline}
}

// ClaimUnder returns what a key stands for now. A key that has been forgotten
// since stands for nothing.
func ClaimUnder(ctx context.Context, tx *store.Tx, key string) (store.Key, error) {
	found, err := tx.Key(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return store.Key{Key: key}, nil
	}
	if err != nil {
		return store.Key{}, err
	}
	return *found, nil
}

// Finish records how the action under a key ended; problem is nil when it was
// carried out. An action that was proven not to have been sent frees its key,
// so that it can be tried again under it. A key that another request has taken
// since is left alone.
func Finish(
	ctx context.Context,
	tx *store.Tx,
	claim store.Key,
	problem *payment.Error,
) error {
	if problem == nil {
		return tx.FinishKey(ctx, claim, done)
	}
	if problem.Outcome == sdk.OutcomeNotSent {
		return tx.DeleteKey(ctx, claim)
	}

	// Any other failure keeps the key: the call may have reached the provider.
	result, err := json.Marshal(problem)
	if err != nil {
		return err
	}

	return tx.FinishKey(ctx, claim, string(result))
}

// FinishAsFound is Finish for an attempt that answers for a key which another
// request took. It finishes the key as it finds it, as long as that stands for
// the same claim on the same intent and nothing clear is known of it. An action
// that was carried out stays so, whatever was recorded before.
func FinishAsFound(ctx context.Context, tx *store.Tx, claim store.Key, intentID string,
	problem *payment.Error,
) error {
	found, err := tx.Key(ctx, claim.Key)
	if errors.Is(err, store.ErrNotFound) {
		return nil // forgotten since
	}
	if err != nil {
		return err
	}

	// The claim may have been freed and taken again for another request.
	same := found.IntentID == intentID && found.Host == claim.Host &&
		found.Deadline.Equal(claim.Deadline)
	if !same || (problem != nil && decided(found.Result)) {
		return nil
	}

	return Finish(ctx, tx, *found, problem)
}

// decided reports whether a key's result says what became of its action.
func decided(result string) bool {
	if result == "" || result == done {
		return result == done
	}
	var problem payment.Error
	if json.Unmarshal([]byte(result), &problem) != nil {
		return true
	}
	return problem.Outcome != sdk.OutcomeUnknown
}

// Problem returns why the action under a key failed, nil when it was carried
// out. The error is that the result cannot be read.
func Problem(key *store.Key) (*payment.Error, error) {
	if key.Result == done {
		return nil, nil
	}
	var problem payment.Error
	if err := json.Unmarshal([]byte(key.Result), &problem); err != nil {
		return nil, err
	}
	return &problem, nil
}

// output is how one of a provider's own operations ended, as its key keeps it.
type output struct {
	Output  json.RawMessage `json:"output,omitempty"`
	Problem *payment.Error  `json:"problem,omitempty"`
}

// FinishOperation records what one of a provider's own operations returned, or
// why it failed. An operation that was proven not to have been sent frees its
// key.
func FinishOperation(ctx context.Context, tx *store.Tx, claim store.Key,
	returned json.RawMessage, problem *payment.Error,
) error {
	if problem != nil && problem.Outcome == sdk.OutcomeNotSent {
		return tx.DeleteKey(ctx, claim)
	}
	// The key is kept even without a readable output: the operation may have
	// been carried out.
	result, err := json.Marshal(output{returned, problem})
	if err != nil { // what the plugin returned is not JSON
		result = []byte(`{}`)
	}
	return tx.FinishKey(ctx, claim, string(result))
}

// Output returns what the operation under a key returned. The error is why it
// failed, or that the result cannot be read.
func Output(key *store.Key) (json.RawMessage, error) {
	var kept output
	if err := json.Unmarshal([]byte(key.Result), &kept); err != nil {
		return nil, err
	}
	if kept.Problem != nil {
		return nil, kept.Problem
	}
	return kept.Output, nil
}
