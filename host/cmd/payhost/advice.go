package main

import (
	"fmt"
	"strings"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// circumstance holds the known facts about a failure, from which the advice is
// chosen.
type circumstance struct {
	code     string
	outcome  sdk.Outcome
	provider string
	id       string // of the payment, payout or refund
	key      string // the idempotency key of the failed command; "" when a record is only shown
	wait     string // how long to wait; "" when it is not known
	recorded bool   // the failure is the result of id, not a refusal to change it
	safe     bool   // a new attempt cannot move money twice
}

// money reports whether money may have moved; "" when the outcome is not known.
func (c circumstance) money() string {
	switch {
	case c.outcome == sdk.OutcomeNotSent:
		return "has not moved: the provider was not asked"
	case c.outcome == sdk.OutcomeRefused:
		return "has not moved: the provider refused"
	case c.safe:
		return "has not moved by this call: it only makes a link that the customer must still pay"
	case c.outcome == "":
		return ""
	}

	return "MAY HAVE MOVED: the provider may have acted, its answer is not known"
}

// next returns the steps to take, the first step first. moves is false for a
// call that only reads.
func (c circumstance) next(moves bool) []string {
	var steps []string
	add := func(format string, args ...any) { steps = append(steps, fmt.Sprintf(format, args...)) }

	// A doubt about money comes before the cause of the failure.
	if c.outcome == sdk.OutcomeUnknown && moves {
		return c.inDoubt()
	}

	if text := c.remedy(); text != "" {
		add("%s", text)
	}

	switch {
	case !moves:
	case c.recorded:
		add(
			"to try again make a new one, with a new --idempotency-key: under the old one this result is kept",
		)
	case c.outcome == sdk.OutcomeNotSent && c.key != "" && c.passing():
		add("the same command with the same --idempotency-key %q may be run again", c.key)
	case c.outcome == sdk.OutcomeRefused && c.key != "":
		add("to try again use a new --idempotency-key")
	}

	return steps
}

// passing reports whether the failure may go away with time alone.
func (c circumstance) passing() bool {
	switch c.code {
	case string(sdk.CodeUnavailable),
		string(sdk.CodeRateLimited),
		string(sdk.CodeInternal),
		payment.CodeStorage,
		payment.CodePaused,
		payment.CodeFenced,
		payment.CodeIdempotencyInProgress:
		return true
	}
	return false
}

// inDoubt returns the steps for a call whose outcome is not known.
func (c circumstance) inDoubt() []string {
	if c.safe {
		return []string{
			"make a new one, with a new --idempotency-key: that cannot move money twice",
		}
	}

	steps := []string{
		"do not repeat it under another --idempotency-key: that could move money twice",
	}

	// Without an id only the idempotency key leads to the record.
	switch kind := commandOf(c.id); {
	case kind == "":
		steps = append(
			steps,
			fmt.Sprintf(
				"the same command with the same --idempotency-key %q tells what became of it",
				c.key,
			),
		)

	case kind == "refunds":
		steps = append(
			steps,
			"the host asks the provider by itself; the provider's back office tells, too",
			fmt.Sprintf(
				"if only that can tell: payhost payments resolve %s --status … --reason …",
				c.id,
			),
		)
	default:
		steps = append(
			steps,
			fmt.Sprintf(
				"payhost %s refresh %s  (asks the provider now; the host also does by itself)",
				kind,
				c.id,
			),
			fmt.Sprintf(
				"if only the provider's back office can tell: payhost %s resolve %s --status … --reason …",
				kind,
				c.id,
			),
		)
	}

	return steps
}

// commandOf returns the command for an id. "refunds" is not a command of its
// own.
func commandOf(id string) string {
	prefix, _, _ := strings.Cut(id, "_")
	return map[string]string{"pay": "payments", "po": "payouts", "re": "refunds"}[prefix]
}

// remedy returns the step that removes the cause, by the failure's code; ""
// when there is none.
func (c circumstance) remedy() string {
	provider := orElse(c.provider, "NAME")
	switch c.code {
	case string(sdk.CodeAuthentication), string(sdk.CodePermission):
		if c.outcome == sdk.OutcomeNotSent { // the host's own refusal says whose power it takes
			return ""
		}
		return fmt.Sprintf(
			"compare the credentials in [providers.%s.config] with the provider's back office, then: payhost check",
			provider,
		)
	case string(sdk.CodeInvalidRequest):
		return "correct what is named above"
	case string(sdk.CodeDeclined):
		return "only another way of paying, or the customer's bank, can help"

	case string(sdk.CodeInsufficientFunds):
		return "the paying account holds too little: payhost balances " + provider
	case string(sdk.CodeLimit):
		return "the limits are in: payhost providers show " + provider +
			", and in [providers." + provider + ".limits] of the host's config.toml"
	case string(sdk.CodeDuplicate):
		return "the provider has had this already; look for it in its back office before anything is repeated"
	case string(sdk.CodeRateLimited), payment.CodeIdempotencyInProgress:
		return "wait " + orElse(c.wait, "a moment")

	case string(sdk.CodeUnavailable):
		text := "see how the provider stands: payhost providers show " + provider
		if c.wait != "" {
			text += "; wait " + c.wait
		}
		return text
	case string(sdk.CodeNotSupported):
		return "what the account can do is in: payhost providers show " + provider

	case string(sdk.CodeInternal):
		return "the host's log has the details"
	case payment.CodeIdempotencyConflict:
		return "the key belongs to another request: repeat that one exactly, or take a new key for a new one"
	case payment.CodeConflict:
		if kind := commandOf(c.id); kind == "payments" || kind == "payouts" {
			return fmt.Sprintf("see how it stands: payhost %s show %s", kind, c.id)
		}

	case payment.CodeFenced:
		return "see why, and what to do: payhost fence show"
	case payment.CodePaused:
		return "once the cause is mended: payhost resume " + provider
	case payment.CodeStorage:
		return "the host's database does not take writes: look at its disk, and into the host's log"
	}

	return ""
}
