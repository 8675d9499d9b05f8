package wire

import (
	"fmt"
	"slices"

	"github.com/payhost/payhost/sdk"
)

// maxProblems bounds an answer: violations travel in the trailer of a gRPC
// answer, where room is short.
const maxProblems = 64

// Problems collects what is wrong with a message, so that one answer says it
// all. The zero value has found nothing.
type Problems struct {
	invalid  []sdk.Violation
	limits   []sdk.Violation // amounts that the provider's limits exclude
	notFound string          // why there is no such thing, when that is the problem
}

// Add notes that a field breaks the contract.
func (p *Problems) Add(field, format string, args ...any) {
	p.invalid = append(p.invalid, violation(field, format, args))
}

// Exceed notes that an amount is outside the provider's limits.
func (p *Problems) Exceed(field, format string, args ...any) {
	p.limits = append(p.limits, violation(field, format, args))
}

func violation(field, format string, args []any) sdk.Violation {
	return sdk.Violation{
		Field:   field,
		Message: fmt.Sprintf(format, args...),
	}
}

// NotFound notes that the request is for something that does not exist.
func (p *Problems) NotFound(message string) { p.notFound = message }

// Has reports whether something is known to be wrong with one of the fields.
func (p *Problems) Has(fields ...string) bool {
	return slices.ContainsFunc(p.invalid, func(found sdk.Violation) bool {
		return slices.Contains(fields, found.Field)
	})
}

// Invalid returns what breaks the contract.
func (p *Problems) Invalid() []sdk.Violation { return p.invalid }

// RequestError returns the server's answer to a request with problems, nil when
// there are none. Nothing was sent.
func (p *Problems) RequestError() *sdk.Error {
	switch {
	case p.notFound != "":
		return sdk.NotSent(sdk.CodeNotFound, "%s", p.notFound)
	case len(p.invalid) > 0:
		return sdk.Invalid(append(p.invalid, p.limits...)...)
	case len(p.limits) > 0:
		refusal := sdk.NotSent(sdk.CodeLimit, "the amount is outside the provider's limits")
		refusal.Violations = p.limits
		return refusal
	default:
		return nil
	}
}

// AnswerError returns the error that an answer with problems becomes, nil when
// there are none. The outcome is unknown: the provider may well have acted. whose
// and verb are in the message, such as "the plugin's" and "GetPayment".
func (p *Problems) AnswerError(whose, verb string) *sdk.Error {
	if len(p.invalid) == 0 {
		return nil
	}
	return &sdk.Error{
		Code:       sdk.CodeInternal,
		Outcome:    sdk.OutcomeUnknown,
		Message:    whose + " " + verb + " gave an answer that breaks the contract",
		Violations: p.invalid,
	}
}
