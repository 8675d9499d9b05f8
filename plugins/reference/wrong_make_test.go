package main

import (
	"context"

	"github.com/payhost/payhost/sdk"
)

// What is wrong here is what the provider says of what it has just made.

// paidAtOnce takes a payment that was made for one that was paid.
type paidAtOnce struct{ *provider }

func (p paidAtOnce) CreatePayment(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	got, err := p.provider.CreatePayment(ctx, req)
	if err == nil {
		got.Status, got.NextAction = sdk.PaymentSucceeded, nil
	}
	return got, err
}

// closed keeps to itself where the customer can pay.
type closed struct{ *provider }

func (p closed) CreatePayment(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	got, err := p.provider.CreatePayment(ctx, req)
	if err == nil {
		got.NextAction = nil
	}
	return got, err
}

// reckless calls it safe to pay out again under another name.
type reckless struct{ *provider }

func (p reckless) CreatePayout(ctx context.Context, req sdk.CreatePayoutRequest) (*sdk.Payout, error) {
	got, err := p.provider.CreatePayout(ctx, req)
	if e := sdk.AsError(err); e != nil {
		e.NewAttemptSafe = true
		return nil, e
	}
	return got, err
}
