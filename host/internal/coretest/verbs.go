package coretest

import (
	"context"
	"encoding/json"

	"github.com/payhost/payhost/sdk"
)

// The verbs of a Lease hand over to the account's script.

// GetBalances is sdk.BalanceGetter.
func (l *Lease) GetBalances(ctx context.Context) ([]sdk.Balance, error) {
	return l.account.Balances(ctx)
}

// ListPaymentMethods answers as the account's Methods says.
func (l *Lease) ListPaymentMethods(
	ctx context.Context,
	r sdk.ListPaymentMethodsRequest,
) ([]sdk.PaymentMethod, error) {
	return l.account.Methods(ctx, r)
}

// CreatePayment answers as the account's Create says.
func (l *Lease) CreatePayment(
	ctx context.Context,
	r sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	l.account.creates.Add(1)
	return l.account.Create(ctx, r)
}

// ConfirmPayment answers as the account's Confirm says.
func (l *Lease) ConfirmPayment(
	ctx context.Context,
	r sdk.ConfirmPaymentRequest,
) (*sdk.Payment, error) {
	return l.account.Confirm(ctx, r)
}

// GetPayment answers as the account's Get says.
func (l *Lease) GetPayment(
	ctx context.Context,
	r sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	l.account.asks.Add(1)
	return l.account.Get(ctx, r)
}

// ListPayments answers as the account's List says.
func (l *Lease) ListPayments(
	ctx context.Context,
	r sdk.ListPaymentsRequest,
) (*sdk.ListPaymentsResponse, error) {
	return l.account.List(ctx, r)
}

// CapturePayment answers as the account's Capture says.
func (l *Lease) CapturePayment(
	ctx context.Context,
	r sdk.CapturePaymentRequest,
) (*sdk.Payment, error) {
	return l.account.Capture(ctx, r)
}

// CancelPayment answers as the account's Cancel says.
func (l *Lease) CancelPayment(
	ctx context.Context,
	r sdk.CancelPaymentRequest,
) (*sdk.Payment, error) {
	return l.account.Cancel(ctx, r)
}

// CreateRefund answers as the account's Refund says.
func (l *Lease) CreateRefund(
	ctx context.Context,
	r sdk.CreateRefundRequest,
) (*sdk.Refund, error) {
	l.account.creates.Add(1)
	return l.account.Refund(ctx, r)
}

// GetRefund answers as the account's RefundStatus says.
func (l *Lease) GetRefund(
	ctx context.Context,
	r sdk.GetRefundRequest,
) (*sdk.Refund, error) {
	l.account.asks.Add(1)
	return l.account.RefundStatus(ctx, r)
}

// CreatePayout answers as the account's Payout says.
func (l *Lease) CreatePayout(
	ctx context.Context,
	r sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	l.account.creates.Add(1)
	return l.account.Payout(ctx, r)
}

// GetPayout answers as the account's PayoutStatus says.
func (l *Lease) GetPayout(
	ctx context.Context,
	r sdk.GetPayoutRequest,
) (*sdk.Payout, error) {
	l.account.asks.Add(1)
	return l.account.PayoutStatus(ctx, r)
}

// ListPayouts answers as the account's PayoutList says.
func (l *Lease) ListPayouts(
	ctx context.Context,
	r sdk.ListPayoutsRequest,
) (*sdk.ListPayoutsResponse, error) {
	return l.account.PayoutList(ctx, r)
}

// ParseWebhook answers as the account's Webhook says.
func (l *Lease) ParseWebhook(
	ctx context.Context,
	r sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	return l.account.Webhook(ctx, r)
}

// ParseReturn answers as the account's Return says.
func (l *Lease) ParseReturn(
	ctx context.Context,
	r sdk.ParseReturnRequest,
) (*sdk.Return, error) {
	return l.account.Return(ctx, r)
}

// InvokeOperation answers as the account's Operation says.
func (l *Lease) InvokeOperation(
	ctx context.Context,
	r sdk.InvokeOperationRequest,
) (json.RawMessage, error) {
	return l.account.Operation(ctx, r)
}
