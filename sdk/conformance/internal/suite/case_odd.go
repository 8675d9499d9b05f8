package suite

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/control"
)

var oddCases = []testCase{
	{
		name:  "webhook stale",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityParseWebhook),
		odd:   control.Stale,
		rule: "Where the provider's document bounds the time in which a webhook counts, " +
			"one that comes later is only a hint.",
		run: webhookStale,
	},
	{
		name:  "webhook of an unknown kind",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityParseWebhook),
		odd:   control.UnknownKind,
		rule: "A genuine webhook that says nothing about money has no events and the provider's usual answer: " +
			"the provider may add kinds.",
		run: webhookUnknown,
	},
	{
		name:  "webhook batch",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityParseWebhook),
		odd:   control.Batch,
		rule:  "Events are in the order in which they are to be applied; a delivery may have several.",
		run:   webhookBatch,
	},
	{
		name:  "webhook of a second transaction",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityParseWebhook),
		odd:   control.SecondTransaction,
		rule: "One payment can have several transactions: hosts take a success under a second id " +
			"for a second receipt of money.",
		run: webhookSecondTransaction,
	},
}

// oddWebhooks returns the webhooks of the case's kind about paid payments.
func (run *caseRun) oddWebhooks(
	kind control.Oddity, payments ...sdk.PaymentContext,
) []sdk.HTTPRequest {
	var references []string
	for _, payment := range payments {
		references = append(references, payment.Reference)
	}
	list, err := run.control.Odd[kind](run.ctx, references)
	run.must(err, "the simulator's webhooks of the kind %s", kind)
	if len(list) == 0 {
		run.fatal("the simulator offers webhooks of the kind %s and gives none", kind)
	}

	return list
}

// webhookStale delivers a webhook too late: one that an attacker kept must not
// settle anything by itself.
func webhookStale(run *caseRun) {
	for _, request := range run.oddWebhooks(control.Stale, run.paid(nil)) {
		result, err := run.parse(request)
		if err != nil {
			run.calm(err, "a stale webhook")
		} else if result.Verification != sdk.NotVerified {
			run.fail("a stale webhook is verified by %q", result.Verification)
		}
	}
}

// webhookUnknown wants no error: the provider would send such a webhook again,
// for days.
func webhookUnknown(run *caseRun) {
	for _, request := range run.oddWebhooks(control.UnknownKind, run.paid(nil)) {
		result, err := run.parse(request)
		if err != nil {
			run.fail("a genuine webhook of a kind that is not known: %v", err)
			continue
		}

		// Any other status makes the provider send it again.
		if !accepts(result) {
			run.fail(
				"a genuine webhook of a kind that is not known is answered with HTTP %d",
				result.Response.Status,
			)
		}

		// An event would be applied to some payment.
		for _, event := range result.Events {
			run.fail(
				"a webhook of a kind that is not known has an event: %s",
				readable(event),
			)
		}
	}
}

// webhookBatch wants the events of the whole delivery: the provider counts it
// as done, and does not send again what the plugin left out.
func webhookBatch(run *caseRun) {
	payments := []sdk.PaymentContext{run.paid(nil), run.paid(nil), run.paid(nil)}
	for _, request := range run.oddWebhooks(control.Batch, payments...) {
		result, err := run.parse(request)
		run.must(err, "a webhook about several payments")
		for _, payment := range payments {
			run.success(webhookAbout(payment, request), result.Events)
		}
	}
}
