package conformance

import "github.com/payhost/payhost/sdk"

var oddCases = []testCase{
	{
		name: "webhook stale", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityParseWebhook), odd: Stale,
		rule: "Where the provider's document bounds the time in which a notice counts, one that comes later is only a hint.",
		run:  webhookStale,
	},
	{
		name: "webhook of an unknown kind", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityParseWebhook), odd: UnknownKind,
		rule: "A genuine notice that says nothing about money has no events and the provider's usual answer: the provider may add kinds.",
		run:  webhookUnknown,
	},
	{
		name: "webhook batch", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityParseWebhook), odd: Batch,
		rule: "Events are in the order in which they are to be applied; a delivery may have several.",
		run:  webhookBatch,
	},
	{
		name:  "webhook of a second transaction",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityParseWebhook),
		odd:   SecondTransaction,
		rule: "One payment can have several transactions: hosts take a success under a second id " +
			"for a second receipt of money.",
		run: webhookSecondTransaction,
	},
}

// oddNotices gives those of the case's kind about paid payments.
func (x *trial) oddNotices(kind Oddity, about ...sdk.PaymentContext) []sdk.HTTPRequest {
	var references []string
	for _, c := range about {
		references = append(references, c.Reference)
	}
	list, err := x.control.odd[kind](x.ctx, references)
	x.must(err, "the simulator's notices of the kind %s", kind)
	if len(list) == 0 {
		x.fatal("the simulator offers notices of the kind %s and gives none", kind)
	}
	return list
}

// A notice that somebody kept for later must not settle anything by itself.
func webhookStale(x *trial) {
	for _, r := range x.oddNotices(Stale, x.paid(nil)) {
		notice, err := x.a.ParseWebhook(x.ctx, sdk.ParseWebhookRequest{Request: r, Scope: sdk.ScopeOpen})
		switch {
		case err != nil:
			x.calm(err, "a stale notice")
		case notice.Verification != sdk.NotVerified:
			x.fail("a stale notice is verified by %q", notice.Verification)
		}
	}
}

// An error would have the provider send it again, for days.
func webhookUnknown(x *trial) {
	for _, r := range x.oddNotices(UnknownKind, x.paid(nil)) {
		notice, err := x.a.ParseWebhook(x.ctx, sdk.ParseWebhookRequest{Request: r, Scope: sdk.ScopeOpen})
		if err != nil {
			x.fail("a genuine notice of a kind that is not known: %v", err)
			continue
		}
		if s := notice.Response.Status; s != 0 && (s < 200 || s > 299) {
			x.fail("a genuine notice of a kind that is not known is answered with HTTP %d", s)
		}
		for _, e := range notice.Events {
			x.fail("a notice of a kind that is not known has an event: %s", readable(e))
		}
	}
}

// Whoever reads only the first loses the others for good: the provider counts the delivery as done.
func webhookBatch(x *trial) {
	about := []sdk.PaymentContext{x.paid(nil), x.paid(nil), x.paid(nil)}
	for _, r := range x.oddNotices(Batch, about...) {
		notice, err := x.a.ParseWebhook(x.ctx, sdk.ParseWebhookRequest{Request: r, Scope: sdk.ScopeOpen})
		x.must(err, "a notice about several payments")
		for _, c := range about {
			x.success(told{request: r, reference: c.Reference, payment: &c}, notice.Events)
		}
	}
}
