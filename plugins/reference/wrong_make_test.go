package main

import (
	"context"

	"github.com/payhost/payhost/sdk"
)

// What is wrong here is what the provider says of what it has just made.

// paidAtOnce takes a payment that was made for one that was paid.
type paidAtOnce struct{ *provider }

func (p paidAtOnce) CreatePayment(
	ctx context.Context,
	req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	got, err := p.provider.CreatePayment(ctx, req)
	if err == nil {
		got.Status, got.NextAction = sdk.PaymentSucceeded, nil
	}
	return got, err
}

// closed keeps to itself where the customer can pay.
type closed struct{ *provider }

func (p closed) CreatePayment(
	ctx context.Context,
	req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	got, err := p.provider.CreatePayment(ctx, req)
	if err == nil {
		got.NextAction = nil
	}
	return got, err
}

// reckless calls it safe to pay out again under another name.
type reckless struct{ *provider }

func (p reckless) CreatePayout(
	ctx context.Context,
	req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	got, err := p.provider.CreatePayout(ctx, req)
	if e := sdk.AsError(err); e != nil {
		e.NewAttemptSafe = true
		return nil, e
	}
	return got, err
}

// hundredths counts every currency in hundredths, as a guide once said, and the
// provider in its smallest units.
type hundredths struct{ *provider }

func counted(m sdk.Money) sdk.Money {
	smallest, _ := sdk.MinorUnits(m.Currency, limits("1", "10000")...)
	m.Amount = m.Amount.Shift(2).Truncate(0).Shift(-smallest)
	return m
}

func (p hundredths) CreatePayment(
	ctx context.Context,
	req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	req.Amount = counted(req.Amount)
	return p.provider.CreatePayment(ctx, req)
}

func (p hundredths) CreatePayout(
	ctx context.Context,
	req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	req.Amount = counted(req.Amount)
	return p.provider.CreatePayout(ctx, req)
}
