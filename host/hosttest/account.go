package hosttest

import (
	"context"
	"encoding/json"

	"github.com/payhost/payhost/sdk"
)

// account is the plugin's side of a Provider.
type account struct{ p *Provider }

// Info declares what makes the host's recovery simple: a repeat answers with the first one's result, asking is immediate
// and tells amounts.
func (*account) Info() sdk.Info {
	same := sdk.IdempotencySupport{Retry: sdk.RetryReturnsOriginal}
	found := sdk.Lookup{ByReference: true, Immediate: true, Amounts: true}
	return sdk.Info{
		Name: plugin, Version: "1.0.0", Description: "does what a test says", WebhookTrust: []sdk.WebhookTrust{sdk.TrustSignature},
		CreatePayment: same, CreatePayout: same, CreateRefund: same, PaymentLookup: found, PayoutLookup: found, RefundLookup: found,
	}
}

func (a *account) DescribeAccount() sdk.AccountDescription {
	return sdk.AccountDescription{Without: a.p.without}
}

func (a *account) CreatePayment(ctx context.Context, q sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	err := a.p.carryOut(ctx, sdk.CapabilityCreatePayment, func() {
		a.p.open(sdk.CapabilityCreatePayment, q.Reference, string(sdk.PaymentRequiresAction), q.Amount)
	})
	if err != nil {
		return nil, err
	}
	return a.payment(q.Reference)
}

func (a *account) GetPayment(ctx context.Context, q sdk.GetPaymentRequest) (*sdk.Payment, error) {
	if err := a.p.carryOut(ctx, sdk.CapabilityGetPayment, nil); err != nil {
		return nil, err
	}
	return a.payment(q.Payment.Reference)
}

func (a *account) CancelPayment(ctx context.Context, q sdk.CancelPaymentRequest) (*sdk.Payment, error) {
	err := a.p.carryOut(ctx, sdk.CapabilityCancelPayment, func() {
		if r := a.p.records[q.Payment.Reference]; r != nil {
			r.status = string(sdk.PaymentCanceled)
		}
	})
	if err != nil {
		return nil, err
	}
	return a.payment(q.Payment.Reference)
}

func (a *account) CreateRefund(ctx context.Context, q sdk.CreateRefundRequest) (*sdk.Refund, error) {
	err := a.p.carryOut(ctx, sdk.CapabilityCreateRefund, func() {
		a.p.open(sdk.CapabilityCreateRefund, q.Reference, string(sdk.RefundPending), q.Amount)
	})
	if err != nil {
		return nil, err
	}
	return a.refund(q.Reference)
}

func (a *account) GetRefund(ctx context.Context, q sdk.GetRefundRequest) (*sdk.Refund, error) {
	if err := a.p.carryOut(ctx, sdk.CapabilityGetRefund, nil); err != nil {
		return nil, err
	}
	return a.refund(q.Refund.Reference)
}

func (a *account) CreatePayout(ctx context.Context, q sdk.CreatePayoutRequest) (*sdk.Payout, error) {
	err := a.p.carryOut(ctx, sdk.CapabilityCreatePayout, func() {
		a.p.open(sdk.CapabilityCreatePayout, q.Reference, string(sdk.PayoutProcessing), q.Amount)
	})
	if err != nil {
		return nil, err
	}
	return a.payout(q.Reference)
}

func (a *account) GetPayout(ctx context.Context, q sdk.GetPayoutRequest) (*sdk.Payout, error) {
	if err := a.p.carryOut(ctx, sdk.CapabilityGetPayout, nil); err != nil {
		return nil, err
	}
	return a.payout(q.Payout.Reference)
}

// ParseWebhook takes every notice for signed: who signs is the business of a plugin's own tests.
func (a *account) ParseWebhook(ctx context.Context, q sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
	if err := a.p.carryOut(ctx, sdk.CapabilityParseWebhook, nil); err != nil {
		return nil, err
	}
	var n notice
	if err := json.Unmarshal(q.Request.Body, &n); err != nil {
		return nil, sdk.Invalid(sdk.Violation{Field: "body", Message: "is not a notice of hosttest"})
	}
	r, err := a.p.find(n.Reference)
	if err != nil {
		return nil, err
	}
	e := sdk.Event{Reference: n.Reference}
	switch r.kind {
	case sdk.CapabilityCreatePayout:
		e.Payout, err = a.payout(n.Reference)
	case sdk.CapabilityCreateRefund:
		e.Refund, err = a.refund(n.Reference)
	default:
		e.Payment, err = a.payment(n.Reference)
	}
	if err != nil {
		return nil, err
	}
	return &sdk.WebhookResult{Verification: sdk.VerifiedBySignature, Events: []sdk.Event{e}, Response: sdk.HTTPResponse{Status: 200, Body: []byte("OK")}}, nil
}

func (a *account) payment(reference string) (*sdk.Payment, error) {
	r, err := a.p.find(reference)
	if err != nil {
		return nil, err
	}
	p := &sdk.Payment{ProviderReference: "at-" + reference, Status: sdk.PaymentStatus(r.status), Amount: &r.amount}
	if p.Status == sdk.PaymentRequiresAction {
		p.NextAction = sdk.RedirectTo("https://pay.example/" + reference)
	}
	return p, nil
}

func (a *account) payout(reference string) (*sdk.Payout, error) {
	r, err := a.p.find(reference)
	if err != nil {
		return nil, err
	}
	return &sdk.Payout{ProviderReference: "at-" + reference, Status: sdk.PayoutStatus(r.status), Amount: &r.amount}, nil
}

func (a *account) refund(reference string) (*sdk.Refund, error) {
	r, err := a.p.find(reference)
	if err != nil {
		return nil, err
	}
	return &sdk.Refund{ProviderReference: "at-" + reference, Status: sdk.RefundStatus(r.status), Amount: &r.amount}, nil
}
