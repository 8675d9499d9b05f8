package payment

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
)

// Error is why a request was not carried out. Nothing was recorded unless
// PaymentID is set.
type Error struct {
	// Code is one of sdk's codes or one of the host's own below.
	Code string
	// Outcome reports whether the provider may have acted; "" is doubt.
	Outcome sdk.Outcome
	// Message is for people.
	Message string
	// Provider is the name of the account, as far as that is known.
	Provider string
	// PaymentID is the ID of a payment, payout or refund that is recorded.
	PaymentID string
	// ProviderCode and ProviderMessage are the provider's own words.
	ProviderCode    string
	ProviderMessage string
	// Violations are everything that is wrong with the request itself.
	Violations []sdk.Violation
	// RetryAfter is how long to wait before the same request; 0: not said.
	RetryAfter time.Duration
	// Asked reports whether the provider was asked, and its answer or its
	// silence is the cause.
	Asked bool
	// Cause is what errors.Is and errors.As look at behind the error, such as
	// context.Canceled; nil when there is nothing to tell apart.
	Cause error
}

// The errors that callers test with errors.Is. They stand for a code: the error
// itself is an *Error and says more.
var (
	// ErrNotFound is for an ID or a provider's name that names nothing.
	ErrNotFound = errors.New("not found")
	// ErrConflict is for a payment that is not in a state for the request, and
	// for a key that stands for another request.
	ErrConflict = errors.New("conflict")
	// ErrInProgress is for a key whose first request is still running.
	ErrInProgress = errors.New("the first request under that key is still running")
)

// The host's own codes; the others are sdk's.
const (
	// CodeIdempotencyConflict is for a key that stands for another request.
	CodeIdempotencyConflict = "idempotency_conflict"
	// CodeIdempotencyInProgress is for a key whose first request is still
	// running.
	CodeIdempotencyInProgress = "idempotency_in_progress"
	// CodeConflict is for a payment that is not in a state for the request.
	CodeConflict = "conflict"
	// CodeStorage is for a database that refuses or does not answer; Outcome
	// says whether anything may be recorded.
	CodeStorage = "storage"
	// CodeHostGone is for an attempt whose host ended before it recorded an
	// answer.
	CodeHostGone = "host_gone"
	// CodePaused is for what an operator has paused: nothing was recorded.
	CodePaused = "paused"
	// CodeFenced is for a database that was restored or is a copy, on which no
	// money moves before an operator says so: nothing was recorded.
	CodeFenced = "fenced"
	// CodeRejected is for a payout that waited for a second name and got a
	// refusal: it was not sent.
	CodeRejected = "rejected"
	// CodeCanceled is for a caller whose own context ended first; Outcome says
	// whether the call may go on.
	CodeCanceled = "canceled"
)

// Error returns everything on one line, for a log.
func (e *Error) Error() string {
	var line strings.Builder
	if e.Provider != "" {
		fmt.Fprintf(&line, "provider %s: ", e.Provider)
	}
	if e.PaymentID != "" {
		fmt.Fprintf(&line, "%s: ", e.PaymentID)
	}

	fmt.Fprintf(&line, "%s (%s): %s", e.Code, e.Outcome, e.Message)

	for _, violation := range e.Violations {
		fmt.Fprintf(&line, "; %s: %s", violation.Field, violation.Message)
	}
	if said := strings.TrimSpace(e.ProviderCode + " " + e.ProviderMessage); said != "" {
		fmt.Fprintf(&line, " [provider said: %s]", said)
	}

	return line.String()
}

// Is makes errors.Is find the errors of this package by the code.
func (e *Error) Is(target error) bool {
	// One error stands for the two kinds of conflict.
	switch target {
	case ErrNotFound:
		return e.Code == string(sdk.CodeNotFound)
	case ErrConflict:
		return e.Code == CodeConflict || e.Code == CodeIdempotencyConflict
	case ErrInProgress:
		return e.Code == CodeIdempotencyInProgress
	}
	return false
}

// Unwrap returns the Cause.
func (e *Error) Unwrap() error { return e.Cause }

// FromProvider wraps an error of a plugin, or of the way to it, about a payment
// or another thing with that ID.
func FromProvider(provider, id string, err error) *Error {
	said := sdk.AsError(err)
	return &Error{
		Code:            string(said.Code),
		Outcome:         said.Outcome,
		Message:         said.Message,
		Provider:        provider,
		PaymentID:       id,
		ProviderCode:    said.ProviderCode,
		ProviderMessage: said.ProviderMessage,
		Violations:      said.Violations,
		RetryAfter:      said.RetryAfter,
		Asked:           true,
	}
}
