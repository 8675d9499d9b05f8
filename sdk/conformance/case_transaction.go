package conformance

import "github.com/payhost/payhost/sdk"

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
func transactionIDs(x *trial) {
	first := x.transactionOf(x.paid(nil))
	second := x.transactionOf(x.paid(nil))

	if (first != "") && (first == second) {
		x.fail("the transactions of two payments have the same id %q", first)
	}
}

// transactionOf returns the one id that everything says of a paid payment's
// transaction; empty where nothing says any.
func (x *trial) transactionOf(payment sdk.PaymentContext) string {
	id := ""
	hear := func(what string, p *sdk.Payment) {
		switch {
		case (p.Status != sdk.PaymentSucceeded) || (p.TransactionID == ""):
		case id == "":
			id = p.TransactionID
		case p.TransactionID != id:
			x.fail("%s has the id %q for the transaction that had the id %q", what, p.TransactionID, id)
		}
	}

	if x.can(sdk.CapabilityGetPayment) {
		for range 2 { // asking changes nothing
			got, err := x.a.GetPayment(x.ctx, sdk.GetPaymentRequest{Payment: payment})
			x.must(err, "GetPayment")
			hear("GetPayment", got)
		}
	}
	for _, event := range x.paymentEvents(payment) {
		hear("an event", event)
	}
	return id
}

// paymentEvents returns what the notices about a payment say of it, in every
// form in which the provider writes them.
func (x *trial) paymentEvents(payment sdk.PaymentContext) []*sdk.Payment {
	var list []*sdk.Payment
	for _, request := range x.notices(payment.Reference) {
		n := told{request: request, reference: payment.Reference, payment: &payment}
		for trust, arrival := range x.arrivals(n) {
			notice, err := x.a.ParseWebhook(x.ctx, arrival)
			x.must(err, "a genuine notice, trusted by %s", trust)
			list = append(list, x.saidOf(n, notice.Events)...)
		}
	}
	return list
}

// saidOf returns the payments of the events that are about n.
func (x *trial) saidOf(n told, events []sdk.Event) []*sdk.Payment {
	var list []*sdk.Payment
	for _, event := range events {
		if (event.Payment != nil) && x.about(n, event) {
			list = append(list, event.Payment)
		}
	}
	return list
}

// webhookSecondTransaction has a customer pay twice. The second success under
// the first one's id would be taken for the first, and the money kept.
func webhookSecondTransaction(x *trial) {
	payment := x.paid(nil)
	first := x.transactionOf(payment)
	if first == "" {
		x.fatal("the provider's transactions have ids, and the payment's has none")
	}

	for _, request := range x.oddNotices(SecondTransaction, payment) {
		n := told{request: request, reference: payment.Reference, payment: &payment}
		for trust, arrival := range x.arrivals(n) {
			notice, err := x.a.ParseWebhook(x.ctx, arrival)
			x.must(err, "a notice of a second transaction, trusted by %s", trust)
			x.success(n, notice.Events)

			for _, said := range x.saidOf(n, notice.Events) {
				if (said.TransactionID == "") || (said.TransactionID == first) {
					x.fail("the transaction after %q has the id %q", first, said.TransactionID)
				}
			}
		}
	}
}
