package payment

import (
	"math"

	"github.com/payhost/payhost/sdk"
)

// Retry says what a caller may do after a failure without moving money twice.
type Retry string

// The ways to go on.
const (
	RetrySameKey   Retry = "same_key"   // the same request under the same key
	RetryNewIntent Retry = "new_intent" // a new request, under a new key
	RetryWait      Retry = "wait"       // the same as RetrySameKey, but later
	RetryNever     Retry = "never"      // the same request meets the same end
)

// Advice is what a caller may do after a failure. It follows from the code and
// the outcome, and is a help for people who do not know their table by heart.
type Advice struct {
	Retry       Retry  `json:"retry,omitempty" enum:"same_key,new_intent,wait,never" doc:"what may be done next without moving money twice"`
	RetryAfter  int    `json:"retry_after,omitempty" doc:"with wait: after how many seconds"`
	RetryReason string `json:"retry_reason,omitempty" doc:"why, for people"`
}

// needsOperator reports whether a code speaks of the account: until an operator
// has done something, every request meets the same end.
func needsOperator(code string) bool {
	switch code {
	case string(sdk.CodeAuthentication),
		string(sdk.CodePermission),
		string(sdk.CodeNotSupported):
		return true
	}
	return false
}

// Advise returns what the caller may do after a failure that is recorded: its
// key stands for it for ever.
func (f Failure) Advise() Advice {
	switch {
	case f.NewAttemptSafe:
		return Advice{Retry: RetryNewIntent,
			RetryReason: "a new one under a new key cannot move money twice"}
	case f.Outcome != string(sdk.OutcomeNotSent) && f.Outcome != string(sdk.OutcomeRefused):
		return Advice{
			Retry:       RetryWait,
			RetryAfter:  5,
			RetryReason: "the provider may have acted: the host finds out; read this one again, and make no new one",
		}

	case needsOperator(f.Code):
		return Advice{Retry: RetryNever,
			RetryReason: "nothing moved, and a new one meets the same end until the account's configuration is mended"}
	case f.Code == string(sdk.CodeInvalidRequest):
		return Advice{Retry: RetryNewIntent,
			RetryReason: "nothing moved: correct the request and send it under a new key"}
	default:
		return Advice{Retry: RetryNewIntent,
			RetryReason: "nothing moved: a new one under a new key is safe"}
	}
}

// Advise returns what the caller may do after a request that was not carried
// out. The zero Outcome is doubt.
func (e *Error) Advise() Advice {
	wait := Advice{
		Retry:      RetryWait,
		RetryAfter: int(math.Max(1, math.Ceil(e.RetryAfter.Seconds()))),
	}

	switch {
	case e.Code == CodeIdempotencyConflict:
		return Advice{Retry: RetryNewIntent,
			RetryReason: "the key stands for another request: a new intent needs a new key"}
	case e.Code == CodeIdempotencyInProgress:
		wait.RetryReason = "the first request under this key is still running: the same request under it gets its answer"
		return wait
	case e.Outcome != sdk.OutcomeNotSent && e.Outcome != sdk.OutcomeRefused:
		return Advice{Retry: RetrySameKey,
			RetryReason: "it may have been done: the same request under the same key gets the first one's end and does nothing twice"}

	case e.Asked && e.Outcome == sdk.OutcomeRefused:
		return e.afterRefusal()
	case e.transient():
		wait.RetryReason = "nothing was done: the same request under the same key may be sent again later"
		return wait
	default:
		return Advice{Retry: RetryNever,
			RetryReason: "nothing was done, and the same request would meet the same end"}
	}
}

// afterRefusal is for what the provider refused.
func (e *Error) afterRefusal() Advice {
	if needsOperator(e.Code) {
		return Advice{Retry: RetryNever,
			RetryReason: "the provider refuses us, and will until the account's configuration is mended"}
	}
	return Advice{Retry: RetryNewIntent,
		RetryReason: "the provider refused and nothing changed: another try needs a new key"}
}

// transient reports whether time alone may mend it.
func (e *Error) transient() bool {
	switch e.Code {
	case CodeStorage,
		CodeCanceled,
		string(sdk.CodeUnavailable),
		string(sdk.CodeRateLimited),
		string(sdk.CodeInternal):
		return true
	}
	return e.RetryAfter > 0
}
