package suite

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

var confirmCases = []testCase{
	{
		name:  "confirm payment",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityConfirmPayment),
		rule:  "ConfirmPayment hands over what the customer sent back after a Confirm next action.",
		run:   confirmPayment,
	},
}

var captureCases = []testCase{
	{
		name:  "capture payment",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityCapturePayment),
		rule:  "CapturePayment takes all of an authorized payment (Amount nil) or part of it.",
		run:   capturePayment,
	},
	{
		name:  "capture in part",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityCapturePayment),
		rule:  "What the customer really paid, and in what; absent when not told or not different.",
		run:   captureInPart,
	},
}

var refundCases = []testCase{
	{
		name:  "create refund",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityCreateRefund),
		rule:  "CreateRefund gives back all or part of a payment.",
		run:   createRefund,
	},
	{
		name: "get refund",
		needs: needs(
			sdk.CapabilityCreatePayment,
			sdk.CapabilityCreateRefund,
			sdk.CapabilityGetRefund,
		),
		rule: "GetRefund asks for the refund's status and changes nothing.",
		run:  getRefund,
	},
}

func confirmPayment(run *caseRun) {
	req, payment := run.pay(run.control.Samples.Confirmable)
	confirmed, err := run.account.ConfirmPayment(run.ctx, run.newConfirm(req, payment))
	run.must(err, "ConfirmPayment with everything that was asked for")
	run.checkPayment("ConfirmPayment", confirmed, req.Amount)
	if !oneOf(confirmed.Status,
		sdk.PaymentProcessing, sdk.PaymentSucceeded, sdk.PaymentUnderReview) {
		run.fail("after the proof the payment is %s", confirmed.Status)
	}

	// The plugin must say what is missing before it calls the provider.
	empty := run.newConfirm(run.pay(run.control.Samples.Confirmable))
	empty.Fields = nil
	empty.Attachments = nil
	run.proxy.Mark()
	_, err = run.account.ConfirmPayment(run.ctx, empty)
	run.want(
		err,
		sdk.CodeInvalidRequest,
		sdk.OutcomeNotSent,
		"ConfirmPayment without any proof",
	)

	run.quiet("ConfirmPayment without any proof")
}

// capturePayment captures all of one payment and half of another. The books say
// what was really taken: a plugin that ignores Amount takes too much and
// answers the same.
func capturePayment(run *caseRun) {
	whole := run.paid(run.control.Samples.Authorization)
	// A payment that is paid at once would let every capture pass.
	if run.can(sdk.CapabilityGetPayment) {
		got, err := run.account.GetPayment(run.ctx, sdk.GetPaymentRequest{Payment: whole})
		run.must(err, "GetPayment")
		if got.Status != sdk.PaymentAuthorized {
			run.fatal(
				"Samples.Authorization makes a payment that is %s when it is paid, not %s",
				got.Status,
				sdk.PaymentAuthorized,
			)
		}
	}

	run.capture("all", whole, nil)

	// The second capture has an amount, which the plugin must pass on.
	part := run.paid(run.control.Samples.Authorization)
	less := half(part.Amount)
	run.capture("half", part, &less)
}

// capture captures an amount of a payment, nil is all of it, and looks into the
// books.
func (run *caseRun) capture(what string, payment sdk.PaymentContext, amount *sdk.Money) {
	captured, err := run.account.CapturePayment(run.ctx, sdk.CapturePaymentRequest{
		Payment:        payment,
		IdempotencyKey: "capture-" + payment.Reference,
		Attempt:        1,
		Amount:         amount,
	})
	run.must(err, "CapturePayment of %s", what)
	run.checkPayment("CapturePayment", captured, payment.Amount)

	if !oneOf(captured.Status, sdk.PaymentSucceeded, sdk.PaymentProcessing) {
		run.fail("%s was captured, and the payment is %s", what, captured.Status)
	}

	// An answer can be right and the wrong amount taken.
	taken := payment.Amount
	if amount != nil {
		taken = *amount
	}
	run.booked(ledger.Capture, payment.Reference, taken)
}

// captureInPart captures a third of an authorization, so that neither the
// amount of the payment nor what was left of it can be taken for what was paid.
// The host returns back at most what was paid.
func captureInPart(run *caseRun) {
	payment := run.paid(run.control.Samples.Authorization)
	take := share(payment.Amount, 3)

	captured, err := run.account.CapturePayment(run.ctx, sdk.CapturePaymentRequest{
		Payment:        payment,
		IdempotencyKey: "capture-" + payment.Reference,
		Attempt:        1,
		Amount:         &take,
	})
	run.must(err, "CapturePayment of %s", take)
	run.checkPaid("CapturePayment", captured, take)

	// A later query must say the same as the capture did.
	if run.can(sdk.CapabilityGetPayment) {
		got, err := run.account.GetPayment(run.ctx, sdk.GetPaymentRequest{Payment: payment})
		run.must(err, "GetPayment")
		run.checkPaid("GetPayment", got, take)

		if (got.Status == sdk.PaymentSucceeded) && (got.Paid == nil) &&
			run.info.PaymentLookup.Amounts {
			run.fail(
				"Lookup.Amounts is declared, %s of %s was captured, and nothing says so",
				take,
				payment.Amount,
			)
		}
	}

	// So must a webhook, which may be all that the host hears.
	if run.can(sdk.CapabilityParseWebhook) {
		for _, event := range run.paymentEvents(payment) {
			run.checkPaid("an event", event, take)
		}
	}
}

// checkPaid compares what was paid, where that is told, with what was captured.
func (run *caseRun) checkPaid(what string, payment *sdk.Payment, taken sdk.Money) {
	if (payment.Status == sdk.PaymentSucceeded) && (payment.Paid != nil) &&
		!payment.Paid.Equal(taken) {
		run.fail(
			"%s: %s was captured, and %s is reported as paid",
			what,
			taken,
			payment.Paid,
		)
	}
}

// createRefund returns a payment back in two parts, then tries once more: the
// sum of all refunds must not exceed the payment.
func createRefund(run *caseRun) {
	payment := run.paid(nil)
	first := run.newRefund(payment)
	rest := run.newRefund(payment)
	rest.Amount.Amount = payment.Amount.Amount.Sub(first.Amount.Amount)
	more := run.newRefund(payment)

	for _, req := range []sdk.CreateRefundRequest{first, rest} {
		refund, err := run.account.CreateRefund(run.ctx, req)
		run.must(err, "CreateRefund of %s", req.Amount)
		run.checkRefund(refund, req.Amount)
		run.booked(ledger.Refund, req.Reference, req.Amount)
	}

	// All of the payment is given back by now.
	_, err := run.account.CreateRefund(run.ctx, more)
	run.want(
		err,
		"",
		sdk.OutcomeRefused+"|"+sdk.OutcomeNotSent,
		"CreateRefund of more than was paid",
	)
	if run.executed(ledger.Refund, more.Reference) != 0 {
		run.fail("more than was paid was given back")
	}
}

// checkRefund compares a refund's amount, as checkPayment does a payment's.
func (run *caseRun) checkRefund(refund *sdk.Refund, want sdk.Money) {
	if !oneOf(refund.Status,
		sdk.RefundPending, sdk.RefundSucceeded, sdk.RefundFailed, sdk.RefundUnderReview) {
		run.fail("there is no refund status %q", refund.Status)
	}
	if (refund.Amount != nil) && !refund.Amount.Equal(want) {
		run.fail("the provider's refund is of %s, ours of %s", refund.Amount, want)
	}
}

// getRefund asks by the provider's reference and, where that is declared, by
// ours alone, as a host does after a lost answer.
func getRefund(run *caseRun) {
	req := run.newRefund(run.paid(nil))
	made, err := run.account.CreateRefund(run.ctx, req)
	run.must(err, "CreateRefund")
	run.settle(req.Reference)

	get := sdk.GetRefundRequest{Refund: refundContextOf(req, made)}
	got, err := run.account.GetRefund(run.ctx, get)
	run.must(err, "GetRefund")
	run.checkRefund(got, req.Amount)
	if got.Status != sdk.RefundSucceeded {
		run.fail("the provider has finished the refund, and it is %s", got.Status)
	}

	if !run.info.RefundLookup.ByReference {
		return
	}

	// After a lost answer our reference is all that the host has.
	get.Refund.ProviderReference = ""
	got, err = run.account.GetRefund(run.ctx, get)
	run.must(err, "GetRefund without the provider's reference")
	if got.ProviderReference != made.ProviderReference {
		run.fail("without the provider's reference it is the refund %q, not %q",
			got.ProviderReference, made.ProviderReference)
	}

	// The host retries a refund because of "not found".
	if run.info.RefundLookup.Immediate {
		unknown := refundContextOf(run.newRefund(req.Payment), nil)
		_, err := run.account.GetRefund(run.ctx, sdk.GetRefundRequest{Refund: unknown})
		run.want(err, sdk.CodeNotFound, "", "GetRefund of a refund that was never made")
	}
}
