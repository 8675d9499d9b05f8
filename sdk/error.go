package sdk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code says what kind of failure it was. The set is closed; a failure that fits
// none of them is CodeInternal. docs/errors.md has a table of when to use which, and
// with which Outcome.
type Code string

// The codes, in the order of the contract.
const (
	// CodeInvalidRequest: the request is wrong; Violations name the fields.
	CodeInvalidRequest Code = "invalid_request"
	// CodeAuthentication: the provider does not accept our credentials.
	CodeAuthentication Code = "authentication"
	// CodePermission: the credentials are right but may not do this.
	CodePermission Code = "permission"
	// CodeDeclined: the provider or the customer's bank has refused.
	CodeDeclined Code = "declined"
	// CodeInsufficientFunds: the paying account does not hold enough.
	CodeInsufficientFunds Code = "insufficient_funds"
	// CodeLimit: an amount, count or volume is outside a limit.
	CodeLimit Code = "limit"
	// CodeNotFound: the provider knows no such thing.
	CodeNotFound Code = "not_found"
	// CodeDuplicate: the provider has already seen this key or order id.
	CodeDuplicate Code = "duplicate"
	// CodeRateLimited: there were too many requests.
	CodeRateLimited Code = "rate_limited"
	// CodeUnavailable: the provider cannot be reached or answers nonsense.
	CodeUnavailable Code = "unavailable"
	// CodeNotSupported: this account cannot do that.
	CodeNotSupported Code = "not_supported"
	// CodeInvalidSignature: the signature of a webhook or an answer does not
	// verify.
	CodeInvalidSignature Code = "invalid_signature"
	// CodeInternal: a fault of the plugin or the host.
	CodeInternal Code = "internal"
)

// Outcome says whether the provider may have acted. It is independent of the
// Code, and the one that costs money when it is wrong.
type Outcome string

// The outcomes. The empty Outcome is read as OutcomeUnknown: a plugin that
// claims less doubt must have proof.
const (
	OutcomeNotSent Outcome = "not_sent" // proven: no byte of the request left this machine
	OutcomeRefused Outcome = "refused"  // proven: the provider answered that it did nothing
	OutcomeUnknown Outcome = "unknown"  // anything else
)

// Error is the one kind of error that crosses the contract.
type Error struct {
	Code    Code    // empty is read as CodeInternal
	Outcome Outcome // empty is read as OutcomeUnknown
	// Message is for operators: what failed and what to do, without secrets.
	Message string
	// ProviderCode and ProviderMessage are the provider's own words, verbatim; the
	// SDK masks configured secrets in them.
	ProviderCode    string
	ProviderMessage string
	// RetryAfter is how long to wait before another try; 0 when that is not known.
	RetryAfter time.Duration
	// Violations are what is wrong with the request or the configuration, all of
	// it at once.
	Violations []Violation
	// NewAttemptSafe is set when a new, separate attempt cannot move money twice.
	NewAttemptSafe bool
}

// Violation is one thing that is wrong with a request or a configuration.
type Violation struct {
	Field   string // dotted path of the field or key, such as "recipient.email"
	Message string // what is wrong, never with a secret value in it
}

// Error returns code, outcome, message, violations and the provider's words on
// one line.
func (e *Error) Error() string {
	var line strings.Builder
	fmt.Fprintf(&line, "%s (%s): %s", orCode(e.Code), orOutcome(e.Outcome), e.Message)
	for i, violation := range e.Violations {
		separator := "; "
		if i == 0 {
			separator = ": "
		}
		line.WriteString(separator + violation.Field + ": " + violation.Message)
	}

	if (e.ProviderCode != "") || (e.ProviderMessage != "") {
		said := strings.TrimSpace(e.ProviderCode + " " + e.ProviderMessage)
		fmt.Fprintf(&line, " [provider said: %s]", said)
	}
	return line.String()
}

func orCode(code Code) Code {
	if code == "" {
		return CodeInternal
	}
	return code
}

func orOutcome(outcome Outcome) Outcome {
	if outcome == "" {
		return OutcomeUnknown
	}
	return outcome
}

// AsError returns err as an *Error, with code and outcome filled in. An error
// of another kind becomes CodeInternal (a context's end: CodeUnavailable) with
// OutcomeUnknown and its own text as message. AsError(nil) is nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}

	var found *Error
	if errors.As(err, &found) {
		// A plugin that returns its nil *Error as an error has not proven a
		// success.
		if found == nil {
			return &Error{
				Code:    CodeInternal,
				Outcome: OutcomeUnknown,
				Message: "a nil *Error was returned as an error",
			}
		}
		// The plugin may share one error between calls: a copy is filled in.
		filled := *found
		filled.Code = orCode(found.Code)
		filled.Outcome = orOutcome(found.Outcome)
		return &filled
	}

	// The end of a context does not prove that nothing was sent: only the code
	// depends on it, never the outcome.
	code := CodeInternal
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		code = CodeUnavailable
	}
	return &Error{
		Code:    code,
		Outcome: OutcomeUnknown,
		Message: err.Error(),
	}
}

// CodeOf returns err's code: "" for nil, CodeInternal for an error that has
// none.
func CodeOf(err error) Code {
	if failure := AsError(err); failure != nil {
		return failure.Code
	}
	return ""
}

// OutcomeOf returns err's outcome: "" for nil, OutcomeUnknown for an error that
// does not say.
func OutcomeOf(err error) Outcome {
	if failure := AsError(err); failure != nil {
		return failure.Outcome
	}
	return ""
}

// NotSent returns the error for a request that was turned away before anything
// left the machine.
func NotSent(code Code, format string, args ...any) *Error {
	return &Error{
		Code:    code,
		Outcome: OutcomeNotSent,
		Message: fmt.Sprintf(format, args...),
	}
}

// Refused returns the error for a request that the provider answered with a
// clear refusal, in its own words.
func Refused(code Code, providerCode, providerMessage string) *Error {
	return &Error{
		Code:            code,
		Outcome:         OutcomeRefused,
		Message:         "the provider refused the request",
		ProviderCode:    providerCode,
		ProviderMessage: providerMessage,
	}
}

// Invalid returns the error for a request with violations, found before
// anything was sent.
func Invalid(violations ...Violation) *Error {
	return &Error{
		Code:       CodeInvalidRequest,
		Outcome:    OutcomeNotSent,
		Message:    "the request is not valid",
		Violations: violations,
	}
}

// Means sets the provider's refusal the meaning that its document has for it,
// and returns e. Two codes prove nothing, so they make the outcome unknown,
// whatever it was: CodeDuplicate, since this attempt did nothing but an earlier
// one of the same intent may have, and CodeUnavailable. No code makes an outcome
// less doubtful.
func (e *Error) Means(code Code) *Error {
	e.Code = code
	if (code == CodeDuplicate) || (code == CodeUnavailable) {
		e.Outcome = OutcomeUnknown
		e.Message = "the provider's error does not prove that nothing was done"
	}
	return e
}

// AsNotSent is for verbs that first ask the provider something, such as which
// methods there are, and then send the request that counts. It returns the first
// request's error as the verb's own: nothing that counts was sent, so
// OutcomeUnknown becomes OutcomeNotSent. asked is in the message, and says what
// the first request was. AsNotSent of nil is nil.
func AsNotSent(asked string, err error) error {
	failure := AsError(err)
	if failure == nil {
		return nil
	}

	failure.Message = asked + ", asked first: " + failure.Message
	if failure.Outcome == OutcomeUnknown {
		failure.Outcome = OutcomeNotSent
	}
	return failure
}
