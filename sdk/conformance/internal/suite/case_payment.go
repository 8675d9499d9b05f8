package suite

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

var paymentCases = []testCase{
	{
		name:  "create payment",
		needs: needs(sdk.CapabilityCreatePayment),
		rule: "CreatePayment creates a payment at the provider and returns provider reference, " +
			"status and next action.",
		run: createPayment,
	},
	{
		name:  "get payment",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityGetPayment),
		rule:  "GetPayment asks for the payment's status and changes nothing.",
		run:   getPayment,
	},
	{
		name:  "get payment by reference",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityGetPayment),
		rule: "Lookup.ByReference: asking works with our reference alone, " +
			"before the provider's is known.",
		run: getPaymentByReference,
	},
	{
		name:  "get payment not found",
		needs: needs(sdk.CapabilityGetPayment),
		rule:  notFoundRule,
		run:   getPaymentNotFound,
	},
	{
		name:  "cancel payment",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityCancelPayment),
		rule:  "CancelPayment gives up a payment that has not succeeded.",
		run:   cancelPayment,
	},
}

const notFoundRule = `Lookup.Immediate: "not found" proves that the provider never received it.`

var paymentStatuses = []sdk.PaymentStatus{
	sdk.PaymentRequiresAction, sdk.PaymentProcessing, sdk.PaymentAuthorized, sdk.PaymentSucceeded,
	sdk.PaymentFailed, sdk.PaymentCanceled, sdk.PaymentExpired, sdk.PaymentUnderReview,
}

// checkPayment looks at what a plugin says of a payment; want is the amount
// that it was created with.
func (run *caseRun) checkPayment(what string, payment *sdk.Payment, want sdk.Money) {
	if !oneOf(payment.Status, paymentStatuses...) {
		run.fail("%s: there is no payment status %q", what, payment.Status)
	}
	if (payment.Amount != nil) && !payment.Amount.Equal(want) {
		run.fail(
			"%s: the provider's amount is %s, the payment is for %s",
			what,
			payment.Amount,
			want,
		)
	}

	if (payment.Status == sdk.PaymentRequiresAction) && (payment.NextAction != nil) {
		run.checkAction(what, payment.NextAction)
	}
}

// checkAction looks at what the customer is to do. A payment that cannot be
// paid is as bad as one that failed, and harder to notice.
func (run *caseRun) checkAction(what string, action *sdk.NextAction) {
	redirect := action.Redirect
	display := action.Display
	confirm := action.Confirm
	if (redirect == nil) && (display == nil) && (confirm == nil) {
		run.fail("%s: the next action says nothing", what)
	}

	if (redirect != nil) && ((redirect.URL == "") || (display != nil) || (confirm != nil)) {
		run.fail("%s: a redirect needs a URL and comes alone", what)
	}
	if (confirm != nil) && (len(confirm.Fields) == 0) {
		run.fail("%s: proof is asked for, but no field of it", what)
	}
}

// madeOnce looks into the provider's books: an answer that looks right proves
// nothing about what was made.
func (run *caseRun) madeOnce(reference string) {
	if n := run.executed(ledger.Payment, reference); n != 1 {
		run.fail("the provider's books have the payment %d times", n)
	}
}

func createPayment(run *caseRun) {
	req, payment := run.pay(nil)
	run.checkPayment("CreatePayment", payment, req.Amount)
	if (payment.Status == sdk.PaymentRequiresAction) && (payment.NextAction == nil) {
		run.fail("the customer must do something, but nothing says what")
	}
	if payment.Status == sdk.PaymentSucceeded {
		run.fail("nobody has paid yet, and the payment has succeeded")
	}
	run.madeOnce(req.Reference)
}

// getPayment asks before and after the customer has paid: a plugin that always
// says the same passes either half.
func getPayment(run *caseRun) {
	req, payment := run.pay(nil)
	known := contextOf(req, payment)

	// Some providers know a payment only once it has been paid.
	before, err := run.account.GetPayment(run.ctx, sdk.GetPaymentRequest{Payment: known})
	unknownYet := (sdk.CodeOf(err) == sdk.CodeNotFound) && !run.info.PaymentLookup.Immediate

	switch {
	case unknownYet:
	case err != nil:
		run.fail("GetPayment before the customer paid: %v", err)
	default:
		run.checkPayment("GetPayment", before, req.Amount)
		if before.Status == sdk.PaymentSucceeded {
			run.fail("nobody has paid yet, and the payment has succeeded")
		}
	}

	run.settle(req.Reference)
	for range 2 { // the second must say the same: asking changes nothing
		run.getPaid(known)
	}
	run.madeOnce(req.Reference)
}

// getPaid asks for a payment that the customer has paid.
func (run *caseRun) getPaid(known sdk.PaymentContext) {
	got, err := run.account.GetPayment(run.ctx, sdk.GetPaymentRequest{Payment: known})
	run.must(err, "GetPayment after the customer paid")
	run.checkPayment("GetPayment", got, known.Amount)
	if got.Status != sdk.PaymentSucceeded {
		run.fail("the customer has paid, and the payment is %s", got.Status)
	}

	if run.info.PaymentLookup.Amounts && (got.Amount == nil) {
		run.fail("Lookup.Amounts is declared, and the answer has no amount")
	}

	// The reference must not change: the host finds the payment by it.
	ours, theirs := known.ProviderReference, got.ProviderReference
	if (ours != "") && (theirs != "") && (ours != theirs) {
		run.fail("the payment %s is %s when it is asked for", ours, theirs)
	}
}

// getPaymentByReference asks without the provider's reference: after a lost
// answer ours is all that the host has. Where asking cannot work so, a clear
// error is right and a status would be invented.
func getPaymentByReference(run *caseRun) {
	payment := run.paid(nil)
	theirs := payment.ProviderReference
	payment.ProviderReference = ""
	payment.State = nil

	got, err := run.account.GetPayment(run.ctx, sdk.GetPaymentRequest{Payment: payment})
	switch {
	case !run.info.PaymentLookup.ByReference:
		if (err == nil) && (got.Status != sdk.PaymentSucceeded) {
			run.fail("without the provider's reference a paid payment is %s; "+
				"it must be an error where asking cannot work", got.Status)
		}
	case err != nil:
		run.fail("GetPayment without the provider's reference: %v", err)
	case (got.Status != sdk.PaymentSucceeded) ||
		((theirs != "") && (got.ProviderReference != theirs)):
		run.fail("GetPayment without the provider's reference: got %s %q, want %s %q",
			got.Status, got.ProviderReference, sdk.PaymentSucceeded, theirs)
	}
}

// getPaymentNotFound asks for a payment that was never made. Without Immediate
// the host does not act on "not found", but it would believe a final status.
func getPaymentNotFound(run *caseRun) {
	lookup := run.info.PaymentLookup
	got, err := run.account.GetPayment(
		run.ctx,
		sdk.GetPaymentRequest{Payment: run.strangePayment()},
	)
	if lookup.Immediate && lookup.ByReference {
		run.want(err, sdk.CodeNotFound, "", "GetPayment of a payment that was never made")
		return
	}

	if (err == nil) && oneOf(
		got.Status,
		sdk.PaymentSucceeded,
		sdk.PaymentAuthorized,
		sdk.PaymentFailed,
		sdk.PaymentCanceled,
	) {
		run.fail("a payment that was never made is %s", got.Status)
	}
}

// cancelPayment cancels an open payment, then a paid one: a cancel that comes
// too late must not be reported as done.
func cancelPayment(run *caseRun) {
	req, payment := run.pay(nil)
	canceled, err := run.account.CancelPayment(run.ctx, sdk.CancelPaymentRequest{
		Payment:        contextOf(req, payment),
		IdempotencyKey: "cancel-1",
		Attempt:        1,
		Reason:         "Sample",
	})
	run.must(err, "CancelPayment")

	run.checkPayment("CancelPayment", canceled, req.Amount)
	if !oneOf(canceled.Status, sdk.PaymentCanceled, sdk.PaymentProcessing) {
		run.fail("the canceled payment is %s", canceled.Status)
	}
	if !run.can(sdk.CapabilityGetPayment) {
		return
	}

	// From here on the cancel comes too late.
	paid := run.paid(nil)
	_, err = run.account.CancelPayment(run.ctx, sdk.CancelPaymentRequest{
		Payment:        paid,
		IdempotencyKey: "cancel-2",
		Attempt:        1,
	})
	if err != nil {
		return // refused, as it should be
	}

	// The plugin says that it is canceled: then it must be.
	got, err := run.account.GetPayment(run.ctx, sdk.GetPaymentRequest{Payment: paid})
	run.must(err, "GetPayment")
	if got.Status == sdk.PaymentSucceeded {
		run.fail("CancelPayment of a paid payment succeeded, and the payment still has")
	}
}
