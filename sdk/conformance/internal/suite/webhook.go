package suite

import "github.com/payhost/payhost/sdk"

// genuineWebhook is a webhook as the provider sends it, with the payment or
// payout that it is about.
type genuineWebhook struct {
	request   sdk.HTTPRequest
	reference string
	payment   *sdk.PaymentContext
	payout    *sdk.PayoutContext
}

func webhookAbout(payment sdk.PaymentContext, request sdk.HTTPRequest) genuineWebhook {
	return genuineWebhook{request: request, reference: payment.Reference, payment: &payment}
}

// on returns the webhook as it comes on a URL of the scope.
func (w genuineWebhook) on(scope sdk.URLScope) sdk.ParseWebhookRequest {
	req := sdk.ParseWebhookRequest{Request: w.request, Scope: scope}
	if scope == sdk.ScopeIntent {
		req.Payment = w.payment
		req.Payout = w.payout
	}
	return req
}

// isAbout reports whether a host would find that an event is about the payment
// or payout of the webhook.
func (w genuineWebhook) isAbout(event sdk.Event) bool {
	theirs, known := "", ""
	switch {
	case event.Reference != "":
		return event.Reference == w.reference
	case (event.Payment != nil) && (w.payment != nil):
		theirs = event.Payment.ProviderReference
		known = w.payment.ProviderReference
	case (event.Payout != nil) && (w.payout != nil):
		theirs = event.Payout.ProviderReference
		known = w.payout.ProviderReference
	}

	return (theirs != "") && (theirs == known)
}

// payments returns what the events say of the webhook's payment.
func (w genuineWebhook) payments(events []sdk.Event) []*sdk.Payment {
	var list []*sdk.Payment
	for _, event := range events {
		if (event.Payment != nil) && w.isAbout(event) {
			list = append(list, event.Payment)
		}
	}
	return list
}

// webhooks returns those that the provider sends about a reference.
func (run *caseRun) webhooks(reference string) []sdk.HTTPRequest {
	if run.control.Webhooks == nil {
		run.unproven("webhooks to give")
	}
	list, err := run.control.Webhooks(run.ctx, reference)
	run.must(err, "the simulator's webhooks")
	return list
}

// genuineWebhooks makes a payment and a payout, has both settled, and returns
// the webhooks about them. Those of a provider that sends none about payouts
// are about the payment alone.
func (run *caseRun) genuineWebhooks() []genuineWebhook {
	var list []genuineWebhook
	if run.can(sdk.CapabilityCreatePayment) {
		payment := run.paid(nil)
		for _, request := range run.webhooks(payment.Reference) {
			list = append(list, webhookAbout(payment, request))
		}
		if len(list) == 0 {
			run.fatal("the simulator sends no webhook about a payment that was paid")
		}
	}

	// Some providers send none about payouts.
	if run.can(sdk.CapabilityCreatePayout) {
		payout := payoutContextOf(run.payOut())
		run.settle(payout.Reference)

		for _, request := range run.webhooks(payout.Reference) {
			list = append(list, genuineWebhook{
				request:   request,
				reference: payout.Reference,
				payout:    &payout,
			})
		}
	}

	if len(list) == 0 {
		run.fatal("the simulator sends no webhook about a payout that was finished")
	}

	return list
}

// arrivals returns the webhook once for each way in which the plugin says that
// it can be trusted, on the URL where it comes so.
func (run *caseRun) arrivals(
	webhook genuineWebhook,
) map[sdk.WebhookTrust]sdk.ParseWebhookRequest {
	list := map[sdk.WebhookTrust]sdk.ParseWebhookRequest{}
	for _, trust := range run.info.WebhookTrust {
		switch trust {
		case sdk.TrustPaymentURL:
			list[trust] = webhook.on(sdk.ScopeIntent)
		case sdk.TrustAccountURL:
			list[trust] = webhook.on(sdk.ScopeAccount)
		default:
			list[trust] = webhook.on(sdk.ScopeOpen)
		}
	}

	return list
}

// accepts reports whether the provider is answered that its webhook has
// arrived.
func accepts(result *sdk.WebhookResult) bool {
	status := result.Response.Status
	return (status == 0) || ((status >= 200) && (status <= 299))
}

// success wants an event which says that the payment or payout has succeeded.
func (run *caseRun) success(webhook genuineWebhook, events []sdk.Event) {
	for _, event := range events {
		if !webhook.isAbout(event) {
			continue
		}
		// Only a final success counts: earlier webhooks may come again.
		payment, payout := event.Payment, event.Payout
		if (webhook.payment != nil) && (payment != nil) &&
			(payment.Status == sdk.PaymentSucceeded) {
			run.checkPayment("an event", payment, webhook.payment.Amount)
			return
		}

		if (webhook.payout != nil) && (payout != nil) &&
			(payout.Status == sdk.PayoutSucceeded) {
			run.checkPayout("an event", payout, webhook.payout.Amount)
			return
		}
	}

	run.fail("the provider's last webhook says that %s is done, and no event does: %s",
		webhook.reference, readable(events))
}
