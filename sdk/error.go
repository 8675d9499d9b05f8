package sdk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code says what kind of failure it was. The set is closed; what fits none of them is CodeInternal. docs/errors.md has a
// table of when to use which, and with which Outcome.
type Code string

// The codes, in the order of the contract.
const (
	CodeInvalidRequest    Code = "invalid_request"    // the request is wrong; Violations name the fields
	CodeAuthentication    Code = "authentication"     // the provider does not accept our credentials
	CodePermission        Code = "permission"         // the credentials are right but may not do this
	CodeDeclined          Code = "declined"           // the provider or the customer's bank said no
	CodeInsufficientFunds Code = "insufficient_funds" // the paying account does not hold enough
	CodeLimit             Code = "limit"              // an amount, count or volume limit
	CodeNotFound          Code = "not_found"          // the provider knows no such thing
	CodeDuplicate         Code = "duplicate"          // the provider has already seen this key or order id
	CodeRateLimited       Code = "rate_limited"       // too many requests
	CodeUnavailable       Code = "unavailable"        // the provider cannot be reached or answers nonsense
	CodeNotSupported      Code = "not_supported"      // this account cannot do that
	CodeInvalidSignature  Code = "invalid_signature"  // a notice or an answer whose signature does not verify
	CodeInternal          Code = "internal"           // a fault of the plugin or the host
)

// Outcome says whether the provider may have acted. It is independent of the Code, and the one that costs money when it
// is wrong.
type Outcome string

// The outcomes. The empty Outcome is read as OutcomeUnknown: whoever wants to claim less doubt must prove it.
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
	// ProviderCode and ProviderMessage are the provider's own words, verbatim; the SDK masks configured secrets in them.
	ProviderCode    string
	ProviderMessage string
	// RetryAfter is how long to wait before another try; 0 when nobody said.
	RetryAfter time.Duration
	// Violations are what is wrong with the request or the configuration, all of it at once.
	Violations []Violation
	// NewAttemptSafe: a new, separate attempt cannot move money twice.
	NewAttemptSafe bool
}

// Violation is one thing that is wrong with a request or a configuration.
type Violation struct {
	Field   string // dotted path of the field or key, such as "recipient.email"
	Message string // what is wrong, never with a secret value in it
}

// Error gives code, outcome, message and the provider's words on one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", orCode(e.Code), orOutcome(e.Outcome), e.Message)
	for i, v := range e.Violations {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		b.WriteString(sep + v.Field + ": " + v.Message)
	}
	if e.ProviderCode != "" || e.ProviderMessage != "" {
		fmt.Fprintf(&b, " [provider said: %s]", strings.TrimSpace(e.ProviderCode+" "+e.ProviderMessage))
	}
	return b.String()
}

func orCode(c Code) Code {
	if c == "" {
		return CodeInternal
	}
	return c
}

func orOutcome(o Outcome) Outcome {
	if o == "" {
		return OutcomeUnknown
	}
	return o
}

// AsError gives err as an *Error, with code and outcome filled in. An error of another kind becomes CodeInternal (a
// context's end: CodeUnavailable) with OutcomeUnknown and its own text as message. AsError(nil) is nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		if e == nil {
			return &Error{Code: CodeInternal, Outcome: OutcomeUnknown, Message: "a nil *Error was returned as an error"}
		}
		c := *e
		c.Code, c.Outcome = orCode(e.Code), orOutcome(e.Outcome)
		return &c
	}
	code := CodeInternal
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		code = CodeUnavailable
	}
	return &Error{Code: code, Outcome: OutcomeUnknown, Message: err.Error()}
}

// CodeOf gives err's code: "" for nil, CodeInternal for an error that has none.
func CodeOf(err error) Code {
	if e := AsError(err); e != nil {
		return e.Code
	}
	return ""
}

// OutcomeOf gives err's outcome: "" for nil, OutcomeUnknown for an error that does not say.
func OutcomeOf(err error) Outcome {
	if e := AsError(err); e != nil {
		return e.Outcome
	}
	return ""
}

// NotSent is an error for a request that was turned away before anything left the machine.
func NotSent(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Outcome: OutcomeNotSent, Message: fmt.Sprintf(format, args...)}
}

// Refused is an error for a request that the provider answered with a clear no, in its own words.
func Refused(code Code, providerCode, providerMessage string) *Error {
	return &Error{
		Code: code, Outcome: OutcomeRefused, Message: "the provider refused the request",
		ProviderCode: providerCode, ProviderMessage: providerMessage,
	}
}

// Invalid is the error for a request with violations, found before anything was sent.
func Invalid(violations ...Violation) *Error {
	return &Error{Code: CodeInvalidRequest, Outcome: OutcomeNotSent, Message: "the request is not valid", Violations: violations}
}

// Means gives the provider's no the meaning that its document has for it, and gives back e. Two meanings prove nothing,
// so that they make the outcome unknown, whatever it was: CodeDuplicate, since this attempt did nothing but an earlier
// one of the same intent may have, and CodeUnavailable. No meaning makes an outcome less doubtful.
func (e *Error) Means(code Code) *Error {
	e.Code = code
	if code == CodeDuplicate || code == CodeUnavailable {
		e.Outcome, e.Message = OutcomeUnknown, "the provider's error does not prove that nothing was done"
	}
	return e
}

// AsNotSent is for verbs that first ask the provider something, such as which methods there are, and then send what
// counts. It gives the error of the asking as the verb's own: nothing that counts was sent, so OutcomeUnknown becomes
// OutcomeNotSent. asked says what was asked. AsNotSent of nil is nil.
func AsNotSent(asked string, err error) error {
	e := AsError(err)
	if e == nil {
		return nil
	}
	e.Message = asked + ", asked first: " + e.Message
	if e.Outcome == OutcomeUnknown {
		e.Outcome = OutcomeNotSent
	}
	return e
}
