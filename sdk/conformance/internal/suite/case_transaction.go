package suite

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/control"
)

var transactionCases = []testCase{
	{
		name:  "transaction ids",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityParseWebhook),
		rule: "TransactionID is the provider's id of the transaction, or of the customer's try, " +
			"that this is about; empty where the provider has none apart from its payment's reference.",
		run: transactionIDs,
	},
}

// transactionIDs pays two payments. Everything that speaks of one transaction
// must have one id for it, and the other payment's transaction another: with an
// id that is not the transaction's the host counts one receipt twice, or two as
// one.
func transactionIDs(run *caseRun) {
	first := run.transactionOf(run.paid(nil))
	second := run.transactionOf(run.paid(nil))

	if (first != "") && (first == second) {
		run.fail("the transactions of two payments have the same id %q", first)
	}
}

// transactionOf returns the one id that everything says of a paid payment's
// transaction; empty where nothing says any.
func (run *caseRun) transactionOf(payment sdk.PaymentContext) string {
	id := ""
	hear := func(what string, said *sdk.Payment) {
		switch {
		case (said.Status != sdk.PaymentSucceeded) || (said.TransactionID == ""):
		case id == "":
			id = said.TransactionID
		case said.TransactionID != id:
			run.fail(
				"%s has the id %q for the transaction that had the id %q",
				what,
				said.TransactionID,
				id,
			)
		}
	}

	if run.can(sdk.CapabilityGetPayment) {
		for range 2 { // asking changes nothing
			got, err := run.account.GetPayment(
				run.ctx,
				sdk.GetPaymentRequest{Payment: payment},
			)
			run.must(err, "GetPayment")
			hear("GetPayment", got)
		}
	}

	// Queries and webhooks must agree: the host compares their ids.
	for _, event := range run.paymentEvents(payment) {
		hear("an event", event)
	}

	return id
}

// paymentEvents returns what the webhooks about a payment say of it, in every
// form in which the provider writes them.
func (run *caseRun) paymentEvents(payment sdk.PaymentContext) []*sdk.Payment {
	var list []*sdk.Payment
	for _, request := range run.webhooks(payment.Reference) {
		webhook := webhookAbout(payment, request)
		for trust, arrival := range run.arrivals(webhook) {
			result, err := run.account.ParseWebhook(run.ctx, arrival)
			run.must(err, "a genuine webhook, trusted by %s", trust)
			list = append(list, webhook.payments(result.Events)...)
		}
	}

	return list
}

// webhookSecondTransaction has a customer pay twice. The second success under
// the first one's id would be taken for the first, and the money kept.
func webhookSecondTransaction(run *caseRun) {
	payment := run.paid(nil)
	first := run.transactionOf(payment)
	if first == "" {
		run.fatal("the provider's transactions have ids, and the payment's has none")
	}

	for _, request := range run.oddWebhooks(control.SecondTransaction, payment) {
		webhook := webhookAbout(payment, request)
		for trust, arrival := range run.arrivals(webhook) {
			result, err := run.account.ParseWebhook(run.ctx, arrival)
			run.must(err, "a webhook of a second transaction, trusted by %s", trust)
			run.success(webhook, result.Events)

			// The host takes a new id for a second receipt of money.
			for _, said := range webhook.payments(result.Events) {
				if (said.TransactionID == "") || (said.TransactionID == first) {
					run.fail(
						"the transaction after %q has the id %q",
						first,
						said.TransactionID,
					)
				}
			}
		}
	}
}
