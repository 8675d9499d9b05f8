package conformance

import (
	"reflect"

	"github.com/payhost/payhost/sdk"
)

var webhookCases = []testCase{
	{
		name: "webhook genuine", needs: needs(sdk.CapabilityParseWebhook),
		rule: "ParseWebhook reads one raw notice: is it genuine, what does it say, and what does the provider want to hear back.",
		run:  webhookGenuine,
	},
	{
		name: "webhook twice", needs: needs(sdk.CapabilityParseWebhook),
		rule: "It must give the same events for the same bytes however often it is called: a host replays stored notices.",
		run:  webhookTwice,
	},
	{
		name: "webhook changed", needs: needs(sdk.CapabilityParseWebhook),
		rule: "A signature that does not verify is an error with CodeInvalidSignature; what is believed of a notice is what its signature covers.",
		run:  webhookChanged,
	},
	{
		name: "webhook unsigned", needs: needs(sdk.CapabilityParseWebhook),
		rule: "A signature that does not verify is an error with CodeInvalidSignature; what is believed of a notice is what its signature covers.",
		run:  webhookUnsigned,
	},
	{
		name: "webhook of a stranger", needs: needs(sdk.CapabilityParseWebhook),
		rule: "The open URL proves nothing: without a signature or one of the provider's addresses a notice is only a hint.",
		run:  webhookStranger,
	},
	{
		name: "webhook junk", needs: needs(sdk.CapabilityParseWebhook),
		rule: "A plugin can be sent anything: it answers every notice, and never believes junk.",
		run:  webhookJunk,
	},
}

// told is a genuine notice with what it is about, and how it is to be trusted.
type told struct {
	request   sdk.HTTPRequest
	reference string
	payment   *sdk.PaymentContext
	payout    *sdk.PayoutContext
}

// tellings makes a payment and a payout, has both settled, and gives the notices about them. Those of a provider that
// sends none about payouts are about the payment alone.
func (x *trial) tellings() []told {
	var out []told
	if x.can(sdk.CapabilityCreatePayment) {
		c := x.paid(nil)
		for _, r := range x.notices(c.Reference) {
			out = append(out, told{r, c.Reference, &c, nil})
		}
		if len(out) == 0 {
			x.fatal("the simulator sends no notice about a payment that was paid")
		}
	}
	if x.can(sdk.CapabilityCreatePayout) {
		c := payoutContextOf(x.payOut())
		x.settle(c.Reference)
		for _, r := range x.notices(c.Reference) {
			out = append(out, told{r, c.Reference, nil, &c})
		}
	}
	if len(out) == 0 {
		x.fatal("the simulator sends no notice about a payout that was finished")
	}
	return out
}

// notices are those that the provider sends about a reference.
func (x *trial) notices(reference string) []sdk.HTTPRequest {
	if x.control.webhooks == nil {
		x.unproven("notices to give")
	}
	list, err := x.control.webhooks(x.ctx, reference)
	x.must(err, "the simulator's notices")
	return list
}

// on gives the notice as it comes on a URL of the scope.
func (n told) on(scope sdk.URLScope) sdk.ParseWebhookRequest {
	req := sdk.ParseWebhookRequest{Request: n.request, Scope: scope}
	if scope == sdk.ScopeIntent {
		req.Payment, req.Payout = n.payment, n.payout
	}
	return req
}

// arrivals are the ways in which the plugin says that a notice can be trusted, with what it must then be.
func (x *trial) arrivals(n told) map[sdk.WebhookTrust]sdk.ParseWebhookRequest {
	out := map[sdk.WebhookTrust]sdk.ParseWebhookRequest{}
	for _, t := range x.info.WebhookTrust {
		switch t {
		case sdk.TrustPaymentURL:
			out[t] = n.on(sdk.ScopeIntent)
		case sdk.TrustAccountURL:
			out[t] = n.on(sdk.ScopeAccount)
		default:
			out[t] = n.on(sdk.ScopeOpen)
		}
	}
	return out
}

// Every form in which the provider writes a notice, on every kind of URL that is declared to be trusted.
func webhookGenuine(x *trial) {
	for _, n := range x.tellings() {
		for trust, req := range x.arrivals(n) {
			notice, err := x.a.ParseWebhook(x.ctx, req)
			if err != nil {
				x.fail("a genuine notice, trusted by %s: %v", trust, err)
				continue
			}
			want := sdk.VerifiedByOrigin
			if trust == sdk.TrustSignature {
				want = sdk.VerifiedBySignature
			}
			if notice.Verification != want {
				x.fail("a genuine notice, trusted by %s, is verified by %q, not %q", trust, notice.Verification, want)
			}
			if s := notice.Response.Status; s != 0 && (s < 200 || s > 299) {
				x.fail("a genuine notice is answered with HTTP %d", s)
			}
			x.success(n, notice.Events)
		}
	}
}

// success wants an event that says that it is done.
func (x *trial) success(n told, events []sdk.Event) {
	for _, e := range events {
		if !x.about(n, e) {
			continue
		}
		if n.payment != nil && e.Payment != nil && e.Payment.Status == sdk.PaymentSucceeded {
			x.checkPayment("an event", e.Payment, n.payment.Amount)
			return
		}
		if n.payout != nil && e.Payout != nil && e.Payout.Status == sdk.PayoutSucceeded {
			x.checkPayout("an event", e.Payout, n.payout.Amount)
			return
		}
	}
	x.fail("the provider's last notice says that %s is done, and no event does: %s", n.reference, readable(events))
}

// about reports whether a host would find the event's payment or payout.
func (x *trial) about(n told, e sdk.Event) bool {
	switch {
	case e.Reference != "":
		return e.Reference == n.reference
	case e.Payment != nil && n.payment != nil:
		return e.Payment.ProviderReference != "" && e.Payment.ProviderReference == n.payment.ProviderReference
	case e.Payout != nil && n.payout != nil:
		return e.Payout.ProviderReference != "" && e.Payout.ProviderReference == n.payout.ProviderReference
	}
	return false
}

// Events are applied once by their id or a hash of what they say: an event that differs is applied again.
func webhookTwice(x *trial) {
	for _, n := range x.tellings() {
		for trust, req := range x.arrivals(n) {
			first, err := x.a.ParseWebhook(x.ctx, req)
			x.must(err, "a genuine notice, trusted by %s", trust)
			second, err := x.a.ParseWebhook(x.ctx, req)
			x.must(err, "the same notice again")
			if !reflect.DeepEqual(first, second) {
				x.fail("the same notice, trusted by %s, says first %s and then %s", trust, readable(first), readable(second))
			}
		}
	}
}

// What an origin proves must not be taken from the content, which anybody can write.
func webhookStranger(x *trial) {
	for _, n := range x.tellings() {
		for trust := range x.arrivals(n) {
			req := n.on(sdk.ScopeOpen)
			req.Request.RemoteAddress = strangeAddress
			notice, err := x.a.ParseWebhook(x.ctx, req)
			if trust != sdk.TrustSignature && err == nil && notice.Verification == sdk.VerifiedByOrigin {
				x.fail("trusted by %s, a notice on the open URL from a strange address is verified by %q", trust, notice.Verification)
			}
		}
	}
}
