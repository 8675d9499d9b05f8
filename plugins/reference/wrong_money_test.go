package main

import (
	"context"

	"github.com/payhost/payhost/sdk"
)

// What is wrong here is what the provider says of the money that came: how
// much, and in which transaction.

// generous reports what was authorized as paid, whatever was captured of it.
type generous struct{ *provider }

func (p generous) paid(got *sdk.Payment, err error) (*sdk.Payment, error) {
	if (err == nil) && (got.Paid != nil) {
		got.Paid = got.Amount
	}
	return got, err
}

func (p generous) CapturePayment(
	ctx context.Context, req sdk.CapturePaymentRequest,
) (*sdk.Payment, error) {
	return p.paid(p.provider.CapturePayment(ctx, req))
}

func (p generous) GetPayment(
	ctx context.Context, req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	return p.paid(p.provider.GetPayment(ctx, req))
}

// discreet never says how much was paid, although its answers have amounts.
type discreet struct{ *provider }

func (p discreet) GetPayment(
	ctx context.Context, req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	got, err := p.provider.GetPayment(ctx, req)
	if err == nil {
		got.Paid = nil
	}
	return got, err
}

// renamedIn returns the transactions of notices another id.
func renamedIn(
	notice *sdk.WebhookResult, err error, rename func(sdk.Event) string,
) (*sdk.WebhookResult, error) {
	if err != nil {
		return nil, err
	}
	for _, event := range notice.Events {
		if event.Payment != nil {
			event.Payment.TransactionID = rename(event)
		}
	}
	return notice, nil
}

// noticeNamed takes the notice's id for the transaction's.
type noticeNamed struct{ *provider }

func (p noticeNamed) ParseWebhook(
	ctx context.Context, req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	notice, err := p.provider.ParseWebhook(ctx, req)
	return renamedIn(notice, err, func(event sdk.Event) string { return event.ID })
}

// merchantNamed takes the merchant's number for the transaction's.
type merchantNamed struct{ *provider }

func (p merchantNamed) GetPayment(
	ctx context.Context, req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	got, err := p.provider.GetPayment(ctx, req)
	if err == nil {
		got.TransactionID = p.cfg.MerchantID
	}
	return got, err
}

func (p merchantNamed) ParseWebhook(
	ctx context.Context, req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	notice, err := p.provider.ParseWebhook(ctx, req)
	return renamedIn(notice, err, func(sdk.Event) string { return p.cfg.MerchantID })
}

// paymentNamed takes the payment's id for its transaction's.
type paymentNamed struct{ *provider }

func (p paymentNamed) GetPayment(
	ctx context.Context, req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	got, err := p.provider.GetPayment(ctx, req)
	if err == nil {
		got.TransactionID = got.ProviderReference
	}
	return got, err
}

func (p paymentNamed) ParseWebhook(
	ctx context.Context, req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	notice, err := p.provider.ParseWebhook(ctx, req)
	return renamedIn(notice, err, func(event sdk.Event) string {
		return event.Payment.ProviderReference
	})
}
