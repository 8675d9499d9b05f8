package conformance

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
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

func confirmPayment(x *trial) {
	req, p := x.pay(x.control.samples.Confirmable)
	confirm := x.newConfirm(req, p)
	got, err := x.a.ConfirmPayment(x.ctx, confirm)
	x.must(err, "ConfirmPayment with everything that was asked for")
	x.checkPayment("ConfirmPayment", got, req.Amount)
	if !oneOf(got.Status, sdk.PaymentProcessing, sdk.PaymentSucceeded, sdk.PaymentUnderReview) {
		x.fail("after the proof the payment is %s", got.Status)
	}
	// What is missing is for the plugin to say, before it asks the provider.
	empty := x.newConfirm(x.pay(x.control.samples.Confirmable))
	empty.Fields, empty.Attachments = nil, nil
	x.tap.mark()
	_, err = x.a.ConfirmPayment(x.ctx, empty)
	x.want(err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent, "ConfirmPayment without any proof")
	x.quiet("ConfirmPayment without any proof")
}

// The books say what was really taken: a plugin that ignores Amount takes too much and answers the same.
func capturePayment(x *trial) {
	all := x.paid(x.control.samples.Authorization)
	if x.can(sdk.CapabilityGetPayment) {
		p, err := x.a.GetPayment(x.ctx, sdk.GetPaymentRequest{Payment: all})
		x.must(err, "GetPayment")
		if p.Status != sdk.PaymentAuthorized {
			x.fatal("Samples.Authorization makes a payment that is %s when it is paid, not %s", p.Status, sdk.PaymentAuthorized)
		}
	}
	part := x.paid(x.control.samples.Authorization)
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
		p, err := x.a.CapturePayment(x.ctx, sdk.CapturePaymentRequest{
			Payment: c.of, IdempotencyKey: "capture-" + c.of.Reference, Attempt: 1, Amount: c.amount,
		})
		x.must(err, "CapturePayment of %s", c.what)
		x.checkPayment("CapturePayment", p, c.of.Amount)
		if !oneOf(p.Status, sdk.PaymentSucceeded, sdk.PaymentProcessing) {
			x.fail("%s was captured, and the payment is %s", c.what, p.Status)
		}
		x.booked(fault.Capture, c.of.Reference, c.take)
	}
}

// captureInPart captures a third of an authorization, so that neither the amount
// of the payment nor what was left of it can be taken for what was paid. The
// host gives back at most what was paid.
func captureInPart(x *trial) {
	payment := x.paid(x.control.samples.Authorization)
	take := share(payment.Amount, 3)

	captured, err := x.a.CapturePayment(x.ctx, sdk.CapturePaymentRequest{
		Payment:        payment,
		IdempotencyKey: "capture-" + payment.Reference,
		Attempt:        1,
		Amount:         &take,
	})
	x.must(err, "CapturePayment of %s", take)
	x.checkPaid("CapturePayment", captured, take)

	if x.can(sdk.CapabilityGetPayment) {
		got, err := x.a.GetPayment(x.ctx, sdk.GetPaymentRequest{Payment: payment})
		x.must(err, "GetPayment")
		x.checkPaid("GetPayment", got, take)

		if (got.Status == sdk.PaymentSucceeded) && (got.Paid == nil) && x.info.PaymentLookup.Amounts {
			x.fail("Lookup.Amounts is declared, %s of %s was captured, and nothing says so",
				take, payment.Amount)
		}
	}
	if x.can(sdk.CapabilityParseWebhook) {
		for _, event := range x.paymentEvents(payment) {
			x.checkPaid("an event", event, take)
		}
	}
}

// checkPaid compares what was paid, where that is told, with what was captured.
func (x *trial) checkPaid(what string, p *sdk.Payment, taken sdk.Money) {
	if (p.Status == sdk.PaymentSucceeded) && (p.Paid != nil) && !p.Paid.Equal(taken) {
		x.fail("%s: %s was captured, and %s is reported as paid", what, taken, p.Paid)
	}
}

// Twice in part, then once more than there is: the sum of all refunds is what must not exceed the payment.
func createRefund(x *trial) {
	payment := x.paid(nil)
	first := x.newRefund(payment)
	rest := x.newRefund(payment)
	rest.Amount.Amount = payment.Amount.Amount.Sub(first.Amount.Amount)
	more := x.newRefund(payment)
	for _, req := range []sdk.CreateRefundRequest{first, rest} {
		r, err := x.a.CreateRefund(x.ctx, req)
		x.must(err, "CreateRefund of %s", req.Amount)
		x.checkRefund(r, req.Amount)
		x.booked(fault.Refund, req.Reference, req.Amount)
	}
	_, err := x.a.CreateRefund(x.ctx, more)
	x.want(err, "", sdk.OutcomeRefused+"|"+sdk.OutcomeNotSent, "CreateRefund of more than was paid")
	if n := x.executed(fault.Refund, more.Reference); n != 0 {
		x.fail("more than was paid was given back")
	}
}

// A refund's amount is compared like a payment's.
func (x *trial) checkRefund(r *sdk.Refund, want sdk.Money) {
	if !oneOf(r.Status, sdk.RefundPending, sdk.RefundSucceeded, sdk.RefundFailed, sdk.RefundUnderReview) {
		x.fail("there is no refund status %q", r.Status)
	}
	if r.Amount != nil && !r.Amount.Equal(want) {
		x.fail("the provider's refund is of %s, ours of %s", r.Amount, want)
	}
}

// By the provider's reference and, where it is declared, by ours alone, as after a lost answer.
func getRefund(x *trial) {
	req := x.newRefund(x.paid(nil))
	made, err := x.a.CreateRefund(x.ctx, req)
	x.must(err, "CreateRefund")
	x.settle(req.Reference)
	get := sdk.GetRefundRequest{Refund: refundContextOf(req, made)}
	r, err := x.a.GetRefund(x.ctx, get)
	x.must(err, "GetRefund")
	x.checkRefund(r, req.Amount)
	if r.Status != sdk.RefundSucceeded {
		x.fail("the provider has finished the refund, and it is %s", r.Status)
	}
	if x.info.RefundLookup.ByReference {
		get.Refund.ProviderReference = ""
		r, err = x.a.GetRefund(x.ctx, get)
		x.must(err, "GetRefund without the provider's reference")
		if r.ProviderReference != made.ProviderReference {
			x.fail("without the provider's reference it is the refund %q, not %q", r.ProviderReference, made.ProviderReference)
		}
	}
	if x.info.RefundLookup.Immediate && x.info.RefundLookup.ByReference {
		unknown := x.newRefund(req.Payment)
		_, err := x.a.GetRefund(x.ctx, sdk.GetRefundRequest{Refund: refundContextOf(unknown, nil)})
		x.want(err, sdk.CodeNotFound, "", "GetRefund of a refund that was never made")
	}
}
