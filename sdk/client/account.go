package client

import (
	"context"
	"encoding/json"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/internal/wire"
)

// Account calls the verbs of one account: the author's interfaces are also the
// host's way in. It has every verb, whether or not the account can do it: what
// it cannot do answers CodeNotSupported (see sdk.AccountInfo.Capabilities).
// Exchanges that the plugin reports go into the context's sdk.ExchangeLog.
type Account struct {
	client *Client
	name   string
}

var (
	_ sdk.HealthChecker    = (*Account)(nil)
	_ sdk.BalanceGetter    = (*Account)(nil)
	_ sdk.MethodLister     = (*Account)(nil)
	_ sdk.PaymentCreator   = (*Account)(nil)
	_ sdk.PaymentConfirmer = (*Account)(nil)
	_ sdk.PaymentGetter    = (*Account)(nil)
	_ sdk.PaymentLister    = (*Account)(nil)
	_ sdk.PaymentCapturer  = (*Account)(nil)
	_ sdk.PaymentCanceler  = (*Account)(nil)
	_ sdk.RefundCreator    = (*Account)(nil)
	_ sdk.RefundGetter     = (*Account)(nil)
	_ sdk.PayoutCreator    = (*Account)(nil)
	_ sdk.PayoutGetter     = (*Account)(nil)
	_ sdk.PayoutLister     = (*Account)(nil)
	_ sdk.WebhookParser    = (*Account)(nil)
	_ sdk.ReturnParser     = (*Account)(nil)
	_ sdk.OperationInvoker = (*Account)(nil)
)

// CheckHealth calls the verb of that name.
func (a *Account) CheckHealth(ctx context.Context) (sdk.Health, error) {
	return invoke(ctx, a, wire.CheckHealth, wire.NoRequest{})
}

// GetBalances calls the verb of that name.
func (a *Account) GetBalances(ctx context.Context) ([]sdk.Balance, error) {
	return invoke(ctx, a, wire.GetBalances, wire.NoRequest{})
}

// ListPaymentMethods calls the verb of that name.
func (a *Account) ListPaymentMethods(
	ctx context.Context, req sdk.ListPaymentMethodsRequest,
) ([]sdk.PaymentMethod, error) {
	return invoke(ctx, a, wire.ListPaymentMethods, req)
}

// CreatePayment calls the verb of that name.
func (a *Account) CreatePayment(
	ctx context.Context, req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	return invoke(ctx, a, wire.CreatePayment, req)
}

// ConfirmPayment calls the verb of that name.
func (a *Account) ConfirmPayment(
	ctx context.Context, req sdk.ConfirmPaymentRequest,
) (*sdk.Payment, error) {
	return invoke(ctx, a, wire.ConfirmPayment, req)
}

// GetPayment calls the verb of that name.
func (a *Account) GetPayment(
	ctx context.Context, req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	return invoke(ctx, a, wire.GetPayment, req)
}

// ListPayments calls the verb of that name.
func (a *Account) ListPayments(
	ctx context.Context, req sdk.ListPaymentsRequest,
) (*sdk.ListPaymentsResponse, error) {
	return invoke(ctx, a, wire.ListPayments, req)
}

// CapturePayment calls the verb of that name.
func (a *Account) CapturePayment(
	ctx context.Context, req sdk.CapturePaymentRequest,
) (*sdk.Payment, error) {
	return invoke(ctx, a, wire.CapturePayment, req)
}

// CancelPayment calls the verb of that name.
func (a *Account) CancelPayment(
	ctx context.Context, req sdk.CancelPaymentRequest,
) (*sdk.Payment, error) {
	return invoke(ctx, a, wire.CancelPayment, req)
}

// CreateRefund calls the verb of that name.
func (a *Account) CreateRefund(
	ctx context.Context, req sdk.CreateRefundRequest,
) (*sdk.Refund, error) {
	return invoke(ctx, a, wire.CreateRefund, req)
}

// GetRefund calls the verb of that name.
func (a *Account) GetRefund(
	ctx context.Context, req sdk.GetRefundRequest,
) (*sdk.Refund, error) {
	return invoke(ctx, a, wire.GetRefund, req)
}

// CreatePayout calls the verb of that name.
func (a *Account) CreatePayout(
	ctx context.Context, req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	return invoke(ctx, a, wire.CreatePayout, req)
}

// GetPayout calls the verb of that name.
func (a *Account) GetPayout(
	ctx context.Context, req sdk.GetPayoutRequest,
) (*sdk.Payout, error) {
	return invoke(ctx, a, wire.GetPayout, req)
}

// ListPayouts calls the verb of that name.
func (a *Account) ListPayouts(
	ctx context.Context, req sdk.ListPayoutsRequest,
) (*sdk.ListPayoutsResponse, error) {
	return invoke(ctx, a, wire.ListPayouts, req)
}

// ParseWebhook calls the verb of that name.
func (a *Account) ParseWebhook(
	ctx context.Context, req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	return invoke(ctx, a, wire.ParseWebhook, req)
}

// ParseReturn calls the verb of that name.
func (a *Account) ParseReturn(
	ctx context.Context, req sdk.ParseReturnRequest,
) (*sdk.Return, error) {
	return invoke(ctx, a, wire.ParseReturn, req)
}

// InvokeOperation calls the verb of that name.
func (a *Account) InvokeOperation(
	ctx context.Context, req sdk.InvokeOperationRequest,
) (json.RawMessage, error) {
	return invoke(ctx, a, wire.InvokeOperation, req)
}
