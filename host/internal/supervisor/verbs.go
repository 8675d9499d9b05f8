package supervisor

import (
	"context"
	"encoding/json"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
)

// The verbs have the signatures of the SDK's author interfaces. All go through
// the chain. Every error is an *sdk.Error.

// CheckHealth asks the plugin how its provider is. The answer is for people: it
// changes nothing in this package.
func (l *Lease) CheckHealth(ctx context.Context) (sdk.Health, error) {
	do := withoutRequest((*client.Account).CheckHealth)
	return run(ctx, l, sdk.CapabilityCheckHealth, do, struct{}{})
}

// ListPaymentMethods lists what the customer can pay with.
func (l *Lease) ListPaymentMethods(
	ctx context.Context,
	request sdk.ListPaymentMethodsRequest,
) ([]sdk.PaymentMethod, error) {
	return run(ctx, l, sdk.CapabilityListPaymentMethods, (*client.Account).ListPaymentMethods, request)
}

// CreatePayment creates a payment at the provider.
func (l *Lease) CreatePayment(
	ctx context.Context,
	request sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	return run(ctx, l, sdk.CapabilityCreatePayment, (*client.Account).CreatePayment, request)
}

// ConfirmPayment hands over what the customer sent back.
func (l *Lease) ConfirmPayment(
	ctx context.Context,
	request sdk.ConfirmPaymentRequest,
) (*sdk.Payment, error) {
	return run(ctx, l, sdk.CapabilityConfirmPayment, (*client.Account).ConfirmPayment, request)
}

// GetPayment queries a payment's status.
func (l *Lease) GetPayment(
	ctx context.Context,
	request sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	return run(ctx, l, sdk.CapabilityGetPayment, (*client.Account).GetPayment, request)
}

// ListPayments queries many payments.
func (l *Lease) ListPayments(
	ctx context.Context,
	request sdk.ListPaymentsRequest,
) (*sdk.ListPaymentsResponse, error) {
	return run(ctx, l, sdk.CapabilityListPayments, (*client.Account).ListPayments, request)
}

// CapturePayment captures an authorized payment.
func (l *Lease) CapturePayment(
	ctx context.Context,
	request sdk.CapturePaymentRequest,
) (*sdk.Payment, error) {
	return run(ctx, l, sdk.CapabilityCapturePayment, (*client.Account).CapturePayment, request)
}

// CancelPayment cancels a payment.
func (l *Lease) CancelPayment(
	ctx context.Context,
	request sdk.CancelPaymentRequest,
) (*sdk.Payment, error) {
	return run(ctx, l, sdk.CapabilityCancelPayment, (*client.Account).CancelPayment, request)
}

// CreateRefund refunds a payment.
func (l *Lease) CreateRefund(
	ctx context.Context,
	request sdk.CreateRefundRequest,
) (*sdk.Refund, error) {
	return run(ctx, l, sdk.CapabilityCreateRefund, (*client.Account).CreateRefund, request)
}

// GetRefund queries a refund's status.
func (l *Lease) GetRefund(
	ctx context.Context,
	request sdk.GetRefundRequest,
) (*sdk.Refund, error) {
	return run(ctx, l, sdk.CapabilityGetRefund, (*client.Account).GetRefund, request)
}

// CreatePayout sends money.
func (l *Lease) CreatePayout(
	ctx context.Context,
	request sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	return run(ctx, l, sdk.CapabilityCreatePayout, (*client.Account).CreatePayout, request)
}

// GetPayout queries a payout's status.
func (l *Lease) GetPayout(
	ctx context.Context,
	request sdk.GetPayoutRequest,
) (*sdk.Payout, error) {
	return run(ctx, l, sdk.CapabilityGetPayout, (*client.Account).GetPayout, request)
}

// ListPayouts queries many payouts.
func (l *Lease) ListPayouts(
	ctx context.Context,
	request sdk.ListPayoutsRequest,
) (*sdk.ListPayoutsResponse, error) {
	return run(ctx, l, sdk.CapabilityListPayouts, (*client.Account).ListPayouts, request)
}

// GetBalances returns what the account holds.
func (l *Lease) GetBalances(ctx context.Context) ([]sdk.Balance, error) {
	do := withoutRequest((*client.Account).GetBalances)
	return run(ctx, l, sdk.CapabilityGetBalances, do, struct{}{})
}

// ParseWebhook reads a raw webhook. It calls no provider, so an open breaker
// does not stop it.
func (l *Lease) ParseWebhook(
	ctx context.Context,
	request sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	return runReading(ctx, l, sdk.CapabilityParseWebhook, (*client.Account).ParseWebhook, request)
}

// ParseReturn reads the request of a customer who comes back. An open breaker
// does not stop it.
func (l *Lease) ParseReturn(
	ctx context.Context,
	request sdk.ParseReturnRequest,
) (*sdk.Return, error) {
	return runReading(ctx, l, sdk.CapabilityParseReturn, (*client.Account).ParseReturn, request)
}

// InvokeOperation runs one of the provider's own operations.
func (l *Lease) InvokeOperation(
	ctx context.Context,
	request sdk.InvokeOperationRequest,
) (json.RawMessage, error) {
	return run(ctx, l, sdk.CapabilityInvokeOperation, (*client.Account).InvokeOperation, request)
}

// withoutRequest returns a verb that takes no request as one that ignores it.
func withoutRequest[R any](
	do func(*client.Account, context.Context) (R, error),
) clientVerb[struct{}, R] {
	return func(account *client.Account, ctx context.Context, _ struct{}) (R, error) {
		return do(account, ctx)
	}
}
