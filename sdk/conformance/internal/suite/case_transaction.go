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

// transactionIDs pays two payments. Whatever speaks of one transaction gives it
// one id, and the other payment's transaction has another: with an id that is
// not the transaction's the host counts one receipt twice, or two as one.
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
	hear := func(what string, p *sdk.Payment) {
		switch {
		case (p.Status != sdk.PaymentSucceeded) || (p.TransactionID == ""):
		case id == "":
			id = p.TransactionID
		case p.TransactionID != id:
			run.fail("%s has the id %q for the transaction that had the id %q", what, p.TransactionID, id)
		}
	}

	if run.can(sdk.CapabilityGetPayment) {
		for range 2 { // asking changes nothing
			got, err := run.account.GetPayment(run.ctx, sdk.GetPaymentRequest{Payment: payment})
			run.must(err, "GetPayment")
			hear("GetPayment", got)
		}
	}
	for _, event := range run.paymentEvents(payment) {
		hear("an event", event)
	}
	return id
}

// paymentEvents returns what the notices about a payment say of it, in every
// form in which the provider writes them.
func (run *caseRun) paymentEvents(payment sdk.PaymentContext) []*sdk.Payment {
	var list []*sdk.Payment
	for _, request := range run.notices(payment.Reference) {
		n := told{request: request, reference: payment.Reference, payment: &payment}
		for trust, arrival := range run.arrivals(n) {
			notice, err := run.account.ParseWebhook(run.ctx, arrival)
			run.must(err, "a genuine notice, trusted by %s", trust)
			list = append(list, run.saidOf(n, notice.Events)...)
		}
	}
	return list
}

// saidOf returns the payments of the events that are about n.
func (run *caseRun) saidOf(n told, events []sdk.Event) []*sdk.Payment {
	var list []*sdk.Payment
	for _, event := range events {
		if (event.Payment != nil) && run.about(n, event) {
			list = append(list, event.Payment)
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

	for _, request := range run.oddNotices(control.SecondTransaction, payment) {
		n := told{request: request, reference: payment.Reference, payment: &payment}
		for trust, arrival := range run.arrivals(n) {
			notice, err := run.account.ParseWebhook(run.ctx, arrival)
			run.must(err, "a notice of a second transaction, trusted by %s", trust)
			run.success(n, notice.Events)

			for _, said := range run.saidOf(n, notice.Events) {
				if (said.TransactionID == "") || (said.TransactionID == first) {
					run.fail("the transaction after %q has the id %q", first, said.TransactionID)
				}
			}
		}
	}
}
