package main

import (
	"context"
	"encoding/json"

	"github.com/payhost/payhost/sdk"
)

// What is wrong here is what the provider says of what was made.

// pressing returns a final status to what was never made.
type pressing struct{ *provider }

func (p pressing) GetPayment(
	ctx context.Context,
	req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	got, err := p.provider.GetPayment(ctx, req)
	if sdk.CodeOf(err) == sdk.CodeNotFound {
		return &sdk.Payment{Status: sdk.PaymentFailed}, nil
	}
	return got, err
}

func (p pressing) GetPayout(
	ctx context.Context,
	req sdk.GetPayoutRequest,
) (*sdk.Payout, error) {
	got, err := p.provider.GetPayout(ctx, req)
	if sdk.CodeOf(err) == sdk.CodeNotFound {
		return &sdk.Payout{Status: sdk.PayoutFailed}, nil
	}
	return got, err
}

// dependent finds nothing without the provider's own reference, and declares
// that it does.
type dependent struct{ *provider }

func (p dependent) GetPayment(
	ctx context.Context,
	req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	if req.Payment.ProviderReference == "" {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the payment has no number")
	}
	return p.provider.GetPayment(ctx, req)
}

func (p dependent) GetRefund(
	ctx context.Context,
	req sdk.GetRefundRequest,
) (*sdk.Refund, error) {
	if req.Refund.ProviderReference == "" {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the refund has no number")
	}
	return p.provider.GetRefund(ctx, req)
}

// outdated says what it knew when the payment, the payout or the refund was
// made.
type outdated struct{ *provider }

func (p outdated) GetPayment(
	ctx context.Context,
	req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	got, err := p.provider.GetPayment(ctx, req)
	if err == nil {
		got.Status = sdk.PaymentProcessing
	}
	return got, err
}

func (p outdated) GetRefund(
	ctx context.Context,
	req sdk.GetRefundRequest,
) (*sdk.Refund, error) {
	got, err := p.provider.GetRefund(ctx, req)
	if err == nil {
		got.Status = sdk.RefundPending
	}
	return got, err
}

func (p outdated) GetPayout(
	ctx context.Context,
	req sdk.GetPayoutRequest,
) (*sdk.Payout, error) {
	got, err := p.provider.GetPayout(ctx, req)
	if err == nil {
		got.Status = sdk.PayoutProcessing
	}
	return got, err
}

// agreeable cancels whatever the provider says.
type agreeable struct{ *provider }

func (p agreeable) CancelPayment(
	ctx context.Context,
	req sdk.CancelPaymentRequest,
) (*sdk.Payment, error) {
	got, err := p.provider.CancelPayment(ctx, req)
	if err != nil {
		return &sdk.Payment{ //nolint:nilerr // that is what is wrong with it
			ProviderReference: req.Payment.ProviderReference,
			Status:            sdk.PaymentCanceled,
		}, nil
	}
	return got, nil
}

// repetitive lists every method twice.
type repetitive struct{ *provider }

func (p repetitive) ListPaymentMethods(
	ctx context.Context,
	req sdk.ListPaymentMethodsRequest,
) ([]sdk.PaymentMethod, error) {
	list, err := p.provider.ListPaymentMethods(ctx, req)
	return append(list, list...), err
}

// helpless has an operation that never works.
type helpless struct{ *provider }

func (helpless) InvokeOperation(
	context.Context,
	sdk.InvokeOperationRequest,
) (json.RawMessage, error) {
	return nil, sdk.NotSent(sdk.CodeInvalidRequest, "not today")
}

// composed has nothing to say when the provider's answer cannot be read.
type composed struct{ *provider }

func (p composed) GetBalances(ctx context.Context) ([]sdk.Balance, error) {
	list, err := p.provider.GetBalances(ctx)
	if sdk.CodeOf(err) == sdk.CodeUnavailable {
		return nil, nil
	}
	return list, err
}

// doubting verifies a notice and does not say so.
type doubting struct{ *provider }

func (p doubting) ParseWebhook(
	ctx context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	got, err := p.provider.ParseWebhook(ctx, req)
	if err == nil {
		got.Verification = sdk.NotVerified
	}
	return got, err
}

// curt does not say what a notice is about.
type curt struct{ *provider }

func (p curt) ParseWebhook(
	ctx context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	got, err := p.provider.ParseWebhook(ctx, req)
	if err == nil {
		got.Events = nil
	}
	return got, err
}
