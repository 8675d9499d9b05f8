package suite

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

var paymentCases = []testCase{
	{
		name: "create payment", needs: needs(sdk.CapabilityCreatePayment),
		rule: "CreatePayment creates a payment at the provider and returns provider reference, status and next action.",
		run:  createPayment,
	},
	{
		name: "get payment", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityGetPayment),
		rule: "GetPayment asks for the payment's status and changes nothing.",
		run:  getPayment,
	},
	{
		name: "get payment by reference", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityGetPayment),
		rule: "Lookup.ByReference: asking works with our reference alone, before the provider's is known.",
		run:  getPaymentByReference,
	},
	{
		name: "get payment not found", needs: needs(sdk.CapabilityGetPayment),
		rule: `Lookup.Immediate: "not found" proves that the provider never received it.`,
		run:  getPaymentNotFound,
	},
	{
		name: "cancel payment", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityCancelPayment),
		rule: "CancelPayment gives up a payment that has not succeeded.",
		run:  cancelPayment,
	},
}

var paymentStatuses = []sdk.PaymentStatus{
	sdk.PaymentRequiresAction, sdk.PaymentProcessing, sdk.PaymentAuthorized, sdk.PaymentSucceeded, sdk.PaymentFailed,
	sdk.PaymentCanceled, sdk.PaymentExpired, sdk.PaymentUnderReview,
}

// checkPayment looks at what a provider says of a payment; want is what the payment is for.
func (run *caseRun) checkPayment(what string, p *sdk.Payment, want sdk.Money) {
	if !oneOf(p.Status, paymentStatuses...) {
		run.fail("%s: there is no payment status %q", what, p.Status)
	}
	if p.Amount != nil && !p.Amount.Equal(want) {
		run.fail("%s: the provider's amount is %s, the payment is for %s", what, p.Amount, want)
	}
	if p.Status == sdk.PaymentRequiresAction && p.NextAction != nil {
		run.checkAction(what, p.NextAction)
	}
}

// A payment that cannot be paid is as bad as one that failed, and harder to notice.
func (run *caseRun) checkAction(what string, a *sdk.NextAction) {
	if a.Redirect == nil && a.Display == nil && a.Confirm == nil {
		run.fail("%s: the next action says nothing", what)
	}
	if a.Redirect != nil && (a.Redirect.URL == "" || a.Display != nil || a.Confirm != nil) {
		run.fail("%s: a redirect needs a URL and comes alone", what)
	}
	if a.Confirm != nil && len(a.Confirm.Fields) == 0 {
		run.fail("%s: proof is asked for, but no field of it", what)
	}
}

// The books are asked too: an answer that looks right proves nothing about what was made.
func createPayment(run *caseRun) {
	req, p := run.pay(nil)
	run.checkPayment("CreatePayment", p, req.Amount)
	if p.Status == sdk.PaymentRequiresAction && p.NextAction == nil {
		run.fail("the customer must do something, but nothing says what")
	}
	if p.Status == sdk.PaymentSucceeded {
		run.fail("nobody has paid yet, and the payment has succeeded")
	}
	if n := run.executed(ledger.Payment, req.Reference); n != 1 {
		run.fail("the provider's books have the payment %d times", n)
	}
}

// Before and after the customer has paid, because a provider that always says the same passes either half.
func getPayment(run *caseRun) {
	req, p := run.pay(nil)
	c := contextOf(req, p)
	before, err := run.account.GetPayment(run.ctx, sdk.GetPaymentRequest{Payment: c})
	switch {
	// Some providers know a payment only once somebody has paid it.
	case sdk.CodeOf(err) == sdk.CodeNotFound && !run.info.PaymentLookup.Immediate:
	case err != nil:
		run.fail("GetPayment before the customer paid: %v", err)
	default:
		run.checkPayment("GetPayment", before, req.Amount)
		if before.Status == sdk.PaymentSucceeded {
			run.fail("nobody has paid yet, and the payment has succeeded")
		}
	}
	run.settle(req.Reference)
	for range 2 { // the second is to say the same: asking changes nothing
		after, err := run.account.GetPayment(run.ctx, sdk.GetPaymentRequest{Payment: c})
		run.must(err, "GetPayment after the customer paid")
		run.checkPayment("GetPayment", after, req.Amount)
		if after.Status != sdk.PaymentSucceeded {
			run.fail("the customer has paid, and the payment is %s", after.Status)
		}
		if run.info.PaymentLookup.Amounts && after.Amount == nil {
			run.fail("Lookup.Amounts is declared, and the answer has no amount")
		}
		if c.ProviderReference != "" && after.ProviderReference != "" && after.ProviderReference != c.ProviderReference {
			run.fail("the payment %s is %s when it is asked for", c.ProviderReference, after.ProviderReference)
		}
	}
	if n := run.executed(ledger.Payment, req.Reference); n != 1 {
		run.fail("the provider's books have the payment %d times", n)
	}
}

// After a lost answer our reference is all that the host has. Where asking cannot work without the provider's, a
// clear error is right and a status would be invented.
func getPaymentByReference(run *caseRun) {
	c := run.paid(nil)
	theirs := c.ProviderReference
	c.ProviderReference, c.State = "", nil
	p, err := run.account.GetPayment(run.ctx, sdk.GetPaymentRequest{Payment: c})
	switch {
	case !run.info.PaymentLookup.ByReference:
		if err == nil && p.Status != sdk.PaymentSucceeded {
			run.fail("without the provider's reference a paid payment is %s; it must be an error where asking cannot work", p.Status)
		}
	case err != nil:
		run.fail("GetPayment without the provider's reference: %v", err)
	case p.Status != sdk.PaymentSucceeded || theirs != "" && p.ProviderReference != theirs:
		run.fail("GetPayment without the provider's reference: got %s %q, want %s %q",
			p.Status, p.ProviderReference, sdk.PaymentSucceeded, theirs)
	}
}

// Without Immediate the host does not act on "not found", but a final status would still be believed.
func getPaymentNotFound(run *caseRun) {
	p, err := run.account.GetPayment(run.ctx, sdk.GetPaymentRequest{Payment: run.strangePayment()})
	switch {
	case run.info.PaymentLookup.Immediate && run.info.PaymentLookup.ByReference:
		run.want(err, sdk.CodeNotFound, "", "GetPayment of a payment that was never made")
	case err == nil && oneOf(p.Status, sdk.PaymentSucceeded, sdk.PaymentAuthorized, sdk.PaymentFailed, sdk.PaymentCanceled):
		run.fail("a payment that was never made is %s", p.Status)
	}
}

// A cancel that comes too late must not be reported as done.
func cancelPayment(run *caseRun) {
	req, p := run.pay(nil)
	c := contextOf(req, p)
	canceled, err := run.account.CancelPayment(run.ctx, sdk.CancelPaymentRequest{Payment: c, IdempotencyKey: "cancel-1", Attempt: 1, Reason: "Sample"})
	run.must(err, "CancelPayment")
	run.checkPayment("CancelPayment", canceled, req.Amount)
	if !oneOf(canceled.Status, sdk.PaymentCanceled, sdk.PaymentProcessing) {
		run.fail("the canceled payment is %s", canceled.Status)
	}
	if !run.can(sdk.CapabilityGetPayment) {
		return
	}
	paid := run.paid(nil)
	if _, err := run.account.CancelPayment(run.ctx, sdk.CancelPaymentRequest{Payment: paid, IdempotencyKey: "cancel-2", Attempt: 1}); err == nil {
		got, err := run.account.GetPayment(run.ctx, sdk.GetPaymentRequest{Payment: paid})
		run.must(err, "GetPayment")
		if got.Status == sdk.PaymentSucceeded {
			run.fail("CancelPayment of a paid payment succeeded, and the payment still has")
		}
	}
}
