package payment

import (
	"math"

	"github.com/payhost/payhost/sdk"
)

// Retry is what a caller may do after a failure without moving money twice.
type Retry string

// The ways to go on.
const (
	// RetrySameKey is to send the same request again under the same key.
	RetrySameKey Retry = "same_key"
	// RetryNewIntent is to send a new request, under a new key.
	RetryNewIntent Retry = "new_intent"
	// RetryWait is RetrySameKey, but only after Advice.RetryAfter.
	RetryWait Retry = "wait"
	// RetryNever is for a request that would meet the same end again.
	RetryNever Retry = "never"
)

// Advice is what a caller may do after a failure. It follows from the code and
// the outcome alone, so that a caller need not know their table.
type Advice struct {
	Retry Retry `json:"retry,omitempty" enum:"same_key,new_intent,wait,never" doc:"what may be done next without moving money twice"`
	// RetryAfter is in seconds; it is set with RetryWait only.
	RetryAfter  int    `json:"retry_after,omitempty" doc:"with wait: after how many seconds"`
	RetryReason string `json:"retry_reason,omitempty" doc:"why, for people"`
}

// readAgain is after how many seconds a caller reads a payment again whose
// outcome the host is finding out.
const readAgain = 5

// Advise returns what the caller may do after a failure that is recorded. The
// key of the request stands for that failure as long as the record is kept.
func (f Failure) Advise() Advice {
	inDoubt := (f.Outcome != string(sdk.OutcomeNotSent)) &&
		(f.Outcome != string(sdk.OutcomeRefused))

	switch {
	// The plugin's own word goes before the table.
	case f.NewAttemptSafe:
		return advise(RetryNewIntent, "a new one under a new key cannot move money twice")
	case inDoubt:
		advice := advise(
			RetryWait,
			"the provider may have acted: the host finds out; read this one again, and make no new one",
		)
		advice.RetryAfter = readAgain
		return advice

	case needsOperator(f.Code):
		return advise(
			RetryNever,
			"nothing moved, and a new one meets the same end until the account's configuration is mended",
		)
	case f.Code == string(sdk.CodeInvalidRequest):
		return advise(
			RetryNewIntent,
			"nothing moved: correct the request and send it under a new key",
		)

	default:
		return advise(RetryNewIntent, "nothing moved: a new one under a new key is safe")
	}
}

// Advise returns what the caller may do after a request that was not carried
// out. An Outcome that is not set is doubt.
func (e *Error) Advise() Advice {
	inDoubt := (e.Outcome != sdk.OutcomeNotSent) && (e.Outcome != sdk.OutcomeRefused)

	switch {
	// These two are about the key: the outcome is that of another request.
	case e.Code == CodeIdempotencyConflict:
		return advise(
			RetryNewIntent,
			"the key stands for another request: a new intent needs a new key",
		)
	case e.Code == CodeIdempotencyInProgress:
		return e.later(
			"the first request under this key is still running: the same request under it gets its answer",
		)

	// A key makes a repeat harmless: that is what it is for.
	case inDoubt:
		return advise(
			RetrySameKey,
			"it may have been done: the same request under the same key gets the first one's end and does nothing twice",
		)
	case e.Asked && (e.Outcome == sdk.OutcomeRefused) && needsOperator(e.Code):
		return advise(RetryNever,
			"the provider refuses us, and will until the account's configuration is mended")

	case e.Asked && (e.Outcome == sdk.OutcomeRefused):
		return advise(
			RetryNewIntent,
			"the provider refused and nothing changed: another try needs a new key",
		)
	case e.transient():
		return e.later(
			"nothing was done: the same request under the same key may be sent again later",
		)

	default:
		return advise(
			RetryNever,
			"nothing was done, and the same request would meet the same end",
		)
	}
}

func advise(retry Retry, reason string) Advice {
	return Advice{Retry: retry, RetryReason: reason}
}

// later is to wait for as long as the error says, in whole seconds and at least
// one.
func (e *Error) later(reason string) Advice {
	advice := advise(RetryWait, reason)
	advice.RetryAfter = int(math.Max(1, math.Ceil(e.RetryAfter.Seconds())))
	return advice
}

// needsOperator reports whether a code is about the account: until an operator
// has changed something, every request meets the same end.
func needsOperator(code string) bool {
	switch sdk.Code(code) {
	case sdk.CodeAuthentication, sdk.CodePermission, sdk.CodeNotSupported:
		return true
	}
	return false
}

// transient reports whether the same request may succeed later by itself.
func (e *Error) transient() bool {
	switch e.Code {
	case CodeStorage, CodeCanceled, CodePaused, CodeFenced:
		return true
	case string(sdk.CodeUnavailable), string(sdk.CodeRateLimited), string(sdk.CodeInternal):
		return true
	}
	return e.RetryAfter > 0
}
