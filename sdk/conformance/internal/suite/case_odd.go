package suite

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/control"
)

var oddCases = []testCase{
	{
		name: "webhook stale", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityParseWebhook), odd: control.Stale,
		rule: "Where the provider's document bounds the time in which a notice counts, one that comes later is only a hint.",
		run:  webhookStale,
	},
	{
		name: "webhook of an unknown kind", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityParseWebhook), odd: control.UnknownKind,
		rule: "A genuine notice that says nothing about money has no events and the provider's usual answer: the provider may add kinds.",
		run:  webhookUnknown,
	},
	{
		name: "webhook batch", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityParseWebhook), odd: control.Batch,
		rule: "Events are in the order in which they are to be applied; a delivery may have several.",
		run:  webhookBatch,
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

// oddNotices gives those of the case's kind about paid payments.
func (run *caseRun) oddNotices(kind control.Oddity, about ...sdk.PaymentContext) []sdk.HTTPRequest {
	var references []string
	for _, c := range about {
		references = append(references, c.Reference)
	}
	list, err := run.control.Odd[kind](run.ctx, references)
	run.must(err, "the simulator's notices of the kind %s", kind)
	if len(list) == 0 {
		run.fatal("the simulator offers notices of the kind %s and gives none", kind)
	}
	return list
}

// A notice that somebody kept for later must not settle anything by itself.
func webhookStale(run *caseRun) {
	for _, r := range run.oddNotices(control.Stale, run.paid(nil)) {
		notice, err := run.account.ParseWebhook(run.ctx, sdk.ParseWebhookRequest{Request: r, Scope: sdk.ScopeOpen})
		switch {
		case err != nil:
			run.calm(err, "a stale notice")
		case notice.Verification != sdk.NotVerified:
			run.fail("a stale notice is verified by %q", notice.Verification)
		}
	}
}

// An error would have the provider send it again, for days.
func webhookUnknown(run *caseRun) {
	for _, r := range run.oddNotices(control.UnknownKind, run.paid(nil)) {
		notice, err := run.account.ParseWebhook(run.ctx, sdk.ParseWebhookRequest{Request: r, Scope: sdk.ScopeOpen})
		if err != nil {
			run.fail("a genuine notice of a kind that is not known: %v", err)
			continue
		}
		if s := notice.Response.Status; s != 0 && (s < 200 || s > 299) {
			run.fail("a genuine notice of a kind that is not known is answered with HTTP %d", s)
		}
		for _, e := range notice.Events {
			run.fail("a notice of a kind that is not known has an event: %s", readable(e))
		}
	}
}

// Whoever reads only the first loses the others for good: the provider counts the delivery as done.
func webhookBatch(run *caseRun) {
	about := []sdk.PaymentContext{run.paid(nil), run.paid(nil), run.paid(nil)}
	for _, r := range run.oddNotices(control.Batch, about...) {
		notice, err := run.account.ParseWebhook(run.ctx, sdk.ParseWebhookRequest{Request: r, Scope: sdk.ScopeOpen})
		run.must(err, "a notice about several payments")
		for _, c := range about {
			run.success(told{request: r, reference: c.Reference, payment: &c}, notice.Events)
		}
	}
}
