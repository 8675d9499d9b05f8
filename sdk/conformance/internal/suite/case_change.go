package suite

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

var confirmCases = []testCase{
	{
		name: "confirm payment", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityConfirmPayment),
		rule: "ConfirmPayment hands over what the customer sent back after a Confirm next action.",
		run:  confirmPayment,
	},
}

var captureCases = []testCase{
	{
		name: "capture payment", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityCapturePayment),
		rule: "CapturePayment takes all of an authorized payment (Amount nil) or part of it.",
		run:  capturePayment,
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
		name: "create refund", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityCreateRefund),
		rule: "CreateRefund gives back all or part of a payment.",
		run:  createRefund,
	},
	{
		name: "get refund", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityCreateRefund, sdk.CapabilityGetRefund),
		rule: "GetRefund asks for the refund's status and changes nothing.",
		run:  getRefund,
	},
}

func confirmPayment(run *caseRun) {
	req, p := run.pay(run.control.Samples.Confirmable)
	confirm := run.newConfirm(req, p)
	got, err := run.account.ConfirmPayment(run.ctx, confirm)
	run.must(err, "ConfirmPayment with everything that was asked for")
	run.checkPayment("ConfirmPayment", got, req.Amount)
	if !oneOf(got.Status, sdk.PaymentProcessing, sdk.PaymentSucceeded, sdk.PaymentUnderReview) {
		run.fail("after the proof the payment is %s", got.Status)
	}
	// What is missing is for the plugin to say, before it asks the provider.
	empty := run.newConfirm(run.pay(run.control.Samples.Confirmable))
	empty.Fields, empty.Attachments = nil, nil
	run.proxy.Mark()
	_, err = run.account.ConfirmPayment(run.ctx, empty)
	run.want(err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent, "ConfirmPayment without any proof")
	run.quiet("ConfirmPayment without any proof")
}

// The books say what was really taken: a plugin that ignores Amount takes too much and answers the same.
func capturePayment(run *caseRun) {
	all := run.paid(run.control.Samples.Authorization)
	if run.can(sdk.CapabilityGetPayment) {
		p, err := run.account.GetPayment(run.ctx, sdk.GetPaymentRequest{Payment: all})
		run.must(err, "GetPayment")
		if p.Status != sdk.PaymentAuthorized {
			run.fatal("Samples.Authorization makes a payment that is %s when it is paid, not %s", p.Status, sdk.PaymentAuthorized)
		}
	}
	part := run.paid(run.control.Samples.Authorization)
	less := half(part.Amount)
	for _, c := range []struct {
		what   string
		of     sdk.PaymentContext
		amount *sdk.Money
		take   sdk.Money
	}{
		{"all", all, nil, all.Amount},
		{"half", part, &less, less},
	} {
		p, err := run.account.CapturePayment(run.ctx, sdk.CapturePaymentRequest{
			Payment: c.of, IdempotencyKey: "capture-" + c.of.Reference, Attempt: 1, Amount: c.amount,
		})
		run.must(err, "CapturePayment of %s", c.what)
		run.checkPayment("CapturePayment", p, c.of.Amount)
		if !oneOf(p.Status, sdk.PaymentSucceeded, sdk.PaymentProcessing) {
			run.fail("%s was captured, and the payment is %s", c.what, p.Status)
		}
		run.booked(ledger.Capture, c.of.Reference, c.take)
	}
}

// captureInPart captures a third of an authorization, so that neither the amount
// of the payment nor what was left of it can be taken for what was paid. The
// host gives back at most what was paid.
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

	if run.can(sdk.CapabilityGetPayment) {
		got, err := run.account.GetPayment(run.ctx, sdk.GetPaymentRequest{Payment: payment})
		run.must(err, "GetPayment")
		run.checkPaid("GetPayment", got, take)

		if (got.Status == sdk.PaymentSucceeded) && (got.Paid == nil) && run.info.PaymentLookup.Amounts {
			run.fail("Lookup.Amounts is declared, %s of %s was captured, and nothing says so",
				take, payment.Amount)
		}
	}
	if run.can(sdk.CapabilityParseWebhook) {
		for _, event := range run.paymentEvents(payment) {
			run.checkPaid("an event", event, take)
		}
	}
}

// checkPaid compares what was paid, where that is told, with what was captured.
func (run *caseRun) checkPaid(what string, p *sdk.Payment, taken sdk.Money) {
	if (p.Status == sdk.PaymentSucceeded) && (p.Paid != nil) && !p.Paid.Equal(taken) {
		run.fail("%s: %s was captured, and %s is reported as paid", what, taken, p.Paid)
	}
}

// Twice in part, then once more than there is: the sum of all refunds is what must not exceed the payment.
func createRefund(run *caseRun) {
	payment := run.paid(nil)
	first := run.newRefund(payment)
	rest := run.newRefund(payment)
	rest.Amount.Amount = payment.Amount.Amount.Sub(first.Amount.Amount)
	more := run.newRefund(payment)
	for _, req := range []sdk.CreateRefundRequest{first, rest} {
		r, err := run.account.CreateRefund(run.ctx, req)
		run.must(err, "CreateRefund of %s", req.Amount)
		run.checkRefund(r, req.Amount)
		run.booked(ledger.Refund, req.Reference, req.Amount)
	}
	_, err := run.account.CreateRefund(run.ctx, more)
	run.want(err, "", sdk.OutcomeRefused+"|"+sdk.OutcomeNotSent, "CreateRefund of more than was paid")
	if n := run.executed(ledger.Refund, more.Reference); n != 0 {
		run.fail("more than was paid was given back")
	}
}

// A refund's amount is compared like a payment's.
func (run *caseRun) checkRefund(r *sdk.Refund, want sdk.Money) {
	if !oneOf(r.Status, sdk.RefundPending, sdk.RefundSucceeded, sdk.RefundFailed, sdk.RefundUnderReview) {
		run.fail("there is no refund status %q", r.Status)
	}
	if r.Amount != nil && !r.Amount.Equal(want) {
		run.fail("the provider's refund is of %s, ours of %s", r.Amount, want)
	}
}

// By the provider's reference and, where it is declared, by ours alone, as after a lost answer.
func getRefund(run *caseRun) {
	req := run.newRefund(run.paid(nil))
	made, err := run.account.CreateRefund(run.ctx, req)
	run.must(err, "CreateRefund")
	run.settle(req.Reference)
	get := sdk.GetRefundRequest{Refund: refundContextOf(req, made)}
	r, err := run.account.GetRefund(run.ctx, get)
	run.must(err, "GetRefund")
	run.checkRefund(r, req.Amount)
	if r.Status != sdk.RefundSucceeded {
		run.fail("the provider has finished the refund, and it is %s", r.Status)
	}
	if run.info.RefundLookup.ByReference {
		get.Refund.ProviderReference = ""
		r, err = run.account.GetRefund(run.ctx, get)
		run.must(err, "GetRefund without the provider's reference")
		if r.ProviderReference != made.ProviderReference {
			run.fail("without the provider's reference it is the refund %q, not %q", r.ProviderReference, made.ProviderReference)
		}
	}
	if run.info.RefundLookup.Immediate && run.info.RefundLookup.ByReference {
		unknown := run.newRefund(req.Payment)
		_, err := run.account.GetRefund(run.ctx, sdk.GetRefundRequest{Refund: refundContextOf(unknown, nil)})
		run.want(err, sdk.CodeNotFound, "", "GetRefund of a refund that was never made")
	}
}
