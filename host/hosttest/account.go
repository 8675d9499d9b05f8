package hosttest

import (
	"context"
	"encoding/json"

	"github.com/payhost/payhost/sdk"
)

// account is the plugin's side of a Provider.
type account struct{ provider *Provider }

// Info declares what makes the host's recovery simple: a retry answers with the
// first attempt's result, and a status query finds everything at once, with its
// amount.
func (*account) Info() sdk.Info {
	original := sdk.IdempotencySupport{Retry: sdk.RetryReturnsOriginal}
	found := sdk.Lookup{ByReference: true, Immediate: true, Amounts: true}
	return sdk.Info{
		Name:          pluginName,
		Version:       "1.0.0",
		Description:   "does what a test says",
		WebhookTrust:  []sdk.WebhookTrust{sdk.TrustSignature},
		CreatePayment: original,
		CreatePayout:  original,
		CreateRefund:  original,
		PaymentLookup: found,
		PayoutLookup:  found,
		RefundLookup:  found,
	}
}

func (a *account) DescribeAccount() sdk.AccountDescription {
	return sdk.AccountDescription{Without: a.provider.without}
}

func (a *account) CreatePayment(
	ctx context.Context, req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	err := a.create(ctx, sdk.CapabilityCreatePayment, record{
		reference: req.Reference,
		status:    string(sdk.PaymentRequiresAction),
		amount:    req.Amount,
	})
	if err != nil {
		return nil, err
	}
	return a.payment(req.Reference)
}

func (a *account) GetPayment(
	ctx context.Context,
	req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	if err := a.provider.carryOut(ctx, sdk.CapabilityGetPayment, nil); err != nil {
		return nil, err
	}
	return a.payment(req.Payment.Reference)
}

func (a *account) CancelPayment(
	ctx context.Context, req sdk.CancelPaymentRequest,
) (*sdk.Payment, error) {
	reference := req.Payment.Reference
	err := a.provider.carryOut(ctx, sdk.CapabilityCancelPayment, func() {
		if known := a.provider.records[reference]; known != nil {
			known.status = string(sdk.PaymentCanceled)
		}
	})
	if err != nil {
		return nil, err
	}

	return a.payment(reference)
}

func (a *account) CreateRefund(
	ctx context.Context,
	req sdk.CreateRefundRequest,
) (*sdk.Refund, error) {
	err := a.create(ctx, sdk.CapabilityCreateRefund, record{
		reference: req.Reference,
		status:    string(sdk.RefundPending),
		amount:    req.Amount,
	})
	if err != nil {
		return nil, err
	}
	return a.refund(req.Reference)
}

func (a *account) GetRefund(
	ctx context.Context,
	req sdk.GetRefundRequest,
) (*sdk.Refund, error) {
	if err := a.provider.carryOut(ctx, sdk.CapabilityGetRefund, nil); err != nil {
		return nil, err
	}
	return a.refund(req.Refund.Reference)
}

func (a *account) CreatePayout(
	ctx context.Context,
	req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	err := a.create(ctx, sdk.CapabilityCreatePayout, record{
		reference: req.Reference,
		status:    string(sdk.PayoutProcessing),
		amount:    req.Amount,
	})
	if err != nil {
		return nil, err
	}
	return a.payout(req.Reference)
}

func (a *account) GetPayout(
	ctx context.Context,
	req sdk.GetPayoutRequest,
) (*sdk.Payout, error) {
	if err := a.provider.carryOut(ctx, sdk.CapabilityGetPayout, nil); err != nil {
		return nil, err
	}
	return a.payout(req.Payout.Reference)
}

// ParseWebhook takes every webhook for signed: signatures are for a plugin's
// own tests.
func (a *account) ParseWebhook(
	ctx context.Context, req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	if err := a.provider.carryOut(ctx, sdk.CapabilityParseWebhook, nil); err != nil {
		return nil, err
	}
	var body webhookBody
	if err := json.Unmarshal(req.Request.Body, &body); err != nil {
		return nil, sdk.Invalid(
			sdk.Violation{Field: "body", Message: "is not a webhook of hosttest"},
		)
	}

	// The webhook says only which; the records say how far it is.
	event, err := a.event(body.Reference)
	if err != nil {
		return nil, err
	}

	return &sdk.WebhookResult{
		Verification: sdk.VerifiedBySignature,
		Events:       []sdk.Event{event},
		Response:     sdk.HTTPResponse{Status: 200, Body: []byte("OK")},
	}, nil
}

// event says how far the payment, payout or refund is.
func (a *account) event(reference string) (sdk.Event, error) {
	known, err := a.provider.find(reference)
	if err != nil {
		return sdk.Event{}, err
	}

	event := sdk.Event{Reference: reference}
	switch known.kind {
	case sdk.CapabilityCreatePayout:
		event.Payout = known.payout()
	case sdk.CapabilityCreateRefund:
		event.Refund = known.refund()
	default:
		event.Payment = known.payment()
	}

	return event, nil
}

// create carries a create verb out. A retry finds what the first attempt made.
func (a *account) create(ctx context.Context, verb sdk.Capability, made record) error {
	made.kind = verb
	return a.provider.carryOut(ctx, verb, func() {
		if a.provider.records[made.reference] == nil {
			a.provider.records[made.reference] = &made
		}
	})
}

func (a *account) payment(reference string) (*sdk.Payment, error) {
	known, err := a.provider.find(reference)
	if err != nil {
		return nil, err
	}
	return known.payment(), nil
}

func (a *account) payout(reference string) (*sdk.Payout, error) {
	known, err := a.provider.find(reference)
	if err != nil {
		return nil, err
	}
	return known.payout(), nil
}

func (a *account) refund(reference string) (*sdk.Refund, error) {
	known, err := a.provider.find(reference)
	if err != nil {
		return nil, err
	}
	return known.refund(), nil
}

func (r record) payment() *sdk.Payment {
	payment := &sdk.Payment{
		ProviderReference: r.theirs(),
		Status:            sdk.PaymentStatus(r.status),
		Amount:            &r.amount,
	}
	if payment.Status == sdk.PaymentRequiresAction {
		payment.NextAction = sdk.RedirectTo("https://pay.example/" + r.reference)
	}
	return payment
}

func (r record) payout() *sdk.Payout {
	return &sdk.Payout{
		ProviderReference: r.theirs(),
		Status:            sdk.PayoutStatus(r.status),
		Amount:            &r.amount,
	}
}

func (r record) refund() *sdk.Refund {
	return &sdk.Refund{
		ProviderReference: r.theirs(),
		Status:            sdk.RefundStatus(r.status),
		Amount:            &r.amount,
	}
}

// theirs returns the provider's own reference.
func (r record) theirs() string { return "at-" + r.reference }
