package idempotency

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// conflict is for another request under a key that is taken.
func conflict(key *store.Key) *payment.Error {
	return &payment.Error{
		Code:      payment.CodeIdempotencyConflict,
		Outcome:   sdk.OutcomeNotSent,
		PaymentID: key.IntentID,
		Message: "this Idempotency-Key stands for another request; " +
			"use a new key for a new intent",
	}
}

// InProgress is for a key whose first request still runs. id is that of its
// intent, "" when that is not known.
func InProgress(id string) *payment.Error {
	return &payment.Error{
		Code:       payment.CodeIdempotencyInProgress,
		Outcome:    sdk.OutcomeUnknown,
		PaymentID:  id,
		RetryAfter: time.Second,
		Message: fmt.Sprintf(
			"the first request under this Idempotency-Key still runs after %s; "+
				"ask again",
			replayWait,
		),
	}
}

// GaveUp is for a caller whose context has ended.
func GaveUp(ctx context.Context, outcome sdk.Outcome, provider, id, message string,
) *payment.Error {
	return &payment.Error{
		Code:      payment.CodeCanceled,
		Outcome:   outcome,
		Provider:  provider,
		PaymentID: id,
		Message:   message,
		Cause:     context.Cause(ctx),
	}
}

// Unrecorded is for a write that is known not to have happened: nothing was
// recorded, and the provider was not called. An err that is a *payment.Error is
// returned as it is.
func Unrecorded(ctx context.Context, err error) *payment.Error {
	var own *payment.Error
	if errors.As(err, &own) {
		return own
	}

	if ctx.Err() != nil {
		return GaveUp(ctx, sdk.OutcomeNotSent, "", "",
			"you stopped waiting before anything was recorded; nothing was done")
	}

	return &payment.Error{
		Code:    payment.CodeStorage,
		Outcome: sdk.OutcomeNotSent,
		Cause:   err,
		Message: "the database refused, so nothing was recorded and the provider was not called: " +
			err.Error(),
	}
}

// Undecided is for a write, or a reading of what a key stands for, whose end
// cannot be found out: the request may have been recorded, and what is recorded
// is carried out. An err that is a *payment.Error is returned as it is.
func Undecided(ctx context.Context, err error, provider, id string) *payment.Error {
	var own *payment.Error
	if errors.As(err, &own) {
		return own
	}

	// The advice holds whatever became of the write: the key finds out.
	const advice = "repeat the request with the same Idempotency-Key, never with a new one"
	if ctx.Err() != nil {
		return GaveUp(ctx, sdk.OutcomeUnknown, provider, id,
			"you stopped waiting while the database was asked; "+advice)
	}

	return &payment.Error{
		Code:       payment.CodeStorage,
		Outcome:    sdk.OutcomeUnknown,
		Provider:   provider,
		PaymentID:  id,
		Cause:      err,
		RetryAfter: time.Second,
		Message: fmt.Sprintf("the database does not say whether this is recorded; %s: %v",
			advice, err),
	}
}
