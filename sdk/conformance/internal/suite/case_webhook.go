package suite

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
func (run *caseRun) tellings() []told {
	var out []told
	if run.can(sdk.CapabilityCreatePayment) {
		c := run.paid(nil)
		for _, r := range run.notices(c.Reference) {
			out = append(out, told{r, c.Reference, &c, nil})
		}
		if len(out) == 0 {
			run.fatal("the simulator sends no notice about a payment that was paid")
		}
	}
	if run.can(sdk.CapabilityCreatePayout) {
		c := payoutContextOf(run.payOut())
		run.settle(c.Reference)
		for _, r := range run.notices(c.Reference) {
			out = append(out, told{r, c.Reference, nil, &c})
		}
	}
	if len(out) == 0 {
		run.fatal("the simulator sends no notice about a payout that was finished")
	}
	return out
}

// notices are those that the provider sends about a reference.
func (run *caseRun) notices(reference string) []sdk.HTTPRequest {
	if run.control.Webhooks == nil {
		run.unproven("notices to give")
	}
	list, err := run.control.Webhooks(run.ctx, reference)
	run.must(err, "the simulator's notices")
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
func (run *caseRun) arrivals(n told) map[sdk.WebhookTrust]sdk.ParseWebhookRequest {
	out := map[sdk.WebhookTrust]sdk.ParseWebhookRequest{}
	for _, t := range run.info.WebhookTrust {
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
func webhookGenuine(run *caseRun) {
	for _, n := range run.tellings() {
		for trust, req := range run.arrivals(n) {
			notice, err := run.account.ParseWebhook(run.ctx, req)
			if err != nil {
				run.fail("a genuine notice, trusted by %s: %v", trust, err)
				continue
			}
			want := sdk.VerifiedByOrigin
			if trust == sdk.TrustSignature {
				want = sdk.VerifiedBySignature
			}
			if notice.Verification != want {
				run.fail("a genuine notice, trusted by %s, is verified by %q, not %q", trust, notice.Verification, want)
			}
			if s := notice.Response.Status; s != 0 && (s < 200 || s > 299) {
				run.fail("a genuine notice is answered with HTTP %d", s)
			}
			run.success(n, notice.Events)
		}
	}
}

// success wants an event that says that it is done.
func (run *caseRun) success(n told, events []sdk.Event) {
	for _, e := range events {
		if !run.about(n, e) {
			continue
		}
		if n.payment != nil && e.Payment != nil && e.Payment.Status == sdk.PaymentSucceeded {
			run.checkPayment("an event", e.Payment, n.payment.Amount)
			return
		}
		if n.payout != nil && e.Payout != nil && e.Payout.Status == sdk.PayoutSucceeded {
			run.checkPayout("an event", e.Payout, n.payout.Amount)
			return
		}
	}
	run.fail("the provider's last notice says that %s is done, and no event does: %s", n.reference, readable(events))
}

// about reports whether a host would find the event's payment or payout.
func (run *caseRun) about(n told, e sdk.Event) bool {
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
func webhookTwice(run *caseRun) {
	for _, n := range run.tellings() {
		for trust, req := range run.arrivals(n) {
			first, err := run.account.ParseWebhook(run.ctx, req)
			run.must(err, "a genuine notice, trusted by %s", trust)
			second, err := run.account.ParseWebhook(run.ctx, req)
			run.must(err, "the same notice again")
			if !reflect.DeepEqual(first, second) {
				run.fail("the same notice, trusted by %s, says first %s and then %s", trust, readable(first), readable(second))
			}
		}
	}
}

// What an origin proves must not be taken from the content, which anybody can write.
func webhookStranger(run *caseRun) {
	for _, n := range run.tellings() {
		for trust := range run.arrivals(n) {
			req := n.on(sdk.ScopeOpen)
			req.Request.RemoteAddress = strangeAddress
			notice, err := run.account.ParseWebhook(run.ctx, req)
			if trust != sdk.TrustSignature && err == nil && notice.Verification == sdk.VerifiedByOrigin {
				run.fail("trusted by %s, a notice on the open URL from a strange address is verified by %q", trust, notice.Verification)
			}
		}
	}
}
