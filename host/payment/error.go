package payment

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
)

// Error is why a request was not carried out. Nothing was recorded unless
// PaymentID names something.
type Error struct {
	// Code is one of sdk's codes or one of the host's own below.
	Code string
	// Outcome reports whether the provider may have acted.
	Outcome sdk.Outcome
	Message string
	// Provider and PaymentID (or a payout's or refund's id) say what it is
	// about, as far as that is known.
	Provider        string
	PaymentID       string
	ProviderCode    string
	ProviderMessage string
	Violations      []sdk.Violation
	RetryAfter      time.Duration
	// Asked: the provider was asked and its answer (or silence) is the cause.
	Asked bool
	// Cause is what errors.Is and errors.As look at behind the error, such as
	// context.Canceled; nil when there is nothing to tell apart.
	Cause error
}

// The errors that callers test with errors.Is. They stand for a code: the error
// itself is an *Error and says more.
var (
	// ErrNotFound: nothing has that id, or no provider that name.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the payment is not in a state for this, or the key stands
	// for another request.
	ErrConflict = errors.New("conflict")
	// ErrInProgress: the first request under that key is still running.
	ErrInProgress = errors.New("the first request under that key is still running")
)

// The host's own codes; the others are sdk's.
const (
	CodeIdempotencyConflict = "idempotency_conflict" // another request under that key
	// the first request under that key is still running
	CodeIdempotencyInProgress = "idempotency_in_progress"
	CodeConflict              = "conflict" // the payment is not in a state for this
	// the database refuses; Outcome says whether anything is recorded
	CodeStorage = "storage"
	// of an attempt: the host that made it ended before it recorded an answer
	CodeHostGone = "host_gone"
	// the caller's context ended first; Outcome says what may go on
	CodeCanceled = "canceled"
)

// Error gives everything on one line, for the person who reads it in a log.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Provider != "" {
		fmt.Fprintf(&b, "provider %s: ", e.Provider)
	}
	if e.PaymentID != "" {
		fmt.Fprintf(&b, "%s: ", e.PaymentID)
	}

	fmt.Fprintf(&b, "%s (%s): %s", e.Code, e.Outcome, e.Message)
	for _, v := range e.Violations {
		fmt.Fprintf(&b, "; %s: %s", v.Field, v.Message)
	}
	if said := strings.TrimSpace(e.ProviderCode + " " + e.ProviderMessage); said != "" {
		fmt.Fprintf(&b, " [provider said: %s]", said)
	}

	return b.String()
}

// Is makes errors.Is find the errors of this package by the code.
func (e *Error) Is(target error) bool {
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

// FromProvider wraps what a plugin or the way to it answered.
func FromProvider(provider, id string, err error) *Error {
	e := sdk.AsError(err)
	return &Error{
		Code:            string(e.Code),
		Outcome:         e.Outcome,
		Message:         e.Message,
		Provider:        provider,
		PaymentID:       id,
		ProviderCode:    e.ProviderCode,
		ProviderMessage: e.ProviderMessage,
		Violations:      e.Violations,
		RetryAfter:      e.RetryAfter,
		Asked:           true,
	}
}
