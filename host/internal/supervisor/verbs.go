package supervisor

import (
	"context"
	"encoding/json"

	"github.com/payhost/payhost/sdk"
)

// The verbs have the signatures of the SDK's author interfaces. All go through
// the chain in wrap. Every error is an *sdk.Error.

// CheckHealth asks the plugin how its provider is. The answer is for people: it
// changes nothing in this package.
func (l *Lease) CheckHealth(ctx context.Context) (sdk.Health, error) {
	return run(ctx, l, sdk.CapabilityCheckHealth, l.binding.verbs.CheckHealth)
}

// ListPaymentMethods lists what the customer can pay with.
func (l *Lease) ListPaymentMethods(
	ctx context.Context,
	request sdk.ListPaymentMethodsRequest,
) ([]sdk.PaymentMethod, error) {
	do := with(request, l.binding.verbs.ListPaymentMethods)
	return run(ctx, l, sdk.CapabilityListPaymentMethods, do)
}

// CreatePayment creates a payment at the provider.
func (l *Lease) CreatePayment(
	ctx context.Context,
	request sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	do := with(request, l.binding.verbs.CreatePayment)
	return run(ctx, l, sdk.CapabilityCreatePayment, do)
}

// ConfirmPayment hands over what the customer sent back.
func (l *Lease) ConfirmPayment(
	ctx context.Context,
	request sdk.ConfirmPaymentRequest,
) (*sdk.Payment, error) {
	do := with(request, l.binding.verbs.ConfirmPayment)
	return run(ctx, l, sdk.CapabilityConfirmPayment, do)
}

// GetPayment queries a payment's status.
func (l *Lease) GetPayment(
	ctx context.Context,
	request sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	do := with(request, l.binding.verbs.GetPayment)
	return run(ctx, l, sdk.CapabilityGetPayment, do)
}

// ListPayments queries many payments.
func (l *Lease) ListPayments(
	ctx context.Context,
	request sdk.ListPaymentsRequest,
) (*sdk.ListPaymentsResponse, error) {
	do := with(request, l.binding.verbs.ListPayments)
	return run(ctx, l, sdk.CapabilityListPayments, do)
}

// CapturePayment captures an authorized payment.
func (l *Lease) CapturePayment(
	ctx context.Context,
	request sdk.CapturePaymentRequest,
) (*sdk.Payment, error) {
	do := with(request, l.binding.verbs.CapturePayment)
	return run(ctx, l, sdk.CapabilityCapturePayment, do)
}

// CancelPayment cancels a payment.
func (l *Lease) CancelPayment(
	ctx context.Context,
	request sdk.CancelPaymentRequest,
) (*sdk.Payment, error) {
	do := with(request, l.binding.verbs.CancelPayment)
	return run(ctx, l, sdk.CapabilityCancelPayment, do)
}

// CreateRefund refunds a payment.
func (l *Lease) CreateRefund(
	ctx context.Context,
	request sdk.CreateRefundRequest,
) (*sdk.Refund, error) {
	do := with(request, l.binding.verbs.CreateRefund)
	return run(ctx, l, sdk.CapabilityCreateRefund, do)
}

// GetRefund queries a refund's status.
func (l *Lease) GetRefund(
	ctx context.Context,
	request sdk.GetRefundRequest,
) (*sdk.Refund, error) {
	do := with(request, l.binding.verbs.GetRefund)
	return run(ctx, l, sdk.CapabilityGetRefund, do)
}

// CreatePayout sends money.
func (l *Lease) CreatePayout(
	ctx context.Context,
	request sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	do := with(request, l.binding.verbs.CreatePayout)
	return run(ctx, l, sdk.CapabilityCreatePayout, do)
}

// GetPayout queries a payout's status.
func (l *Lease) GetPayout(
	ctx context.Context,
	request sdk.GetPayoutRequest,
) (*sdk.Payout, error) {
	do := with(request, l.binding.verbs.GetPayout)
	return run(ctx, l, sdk.CapabilityGetPayout, do)
}

// ListPayouts queries many payouts.
func (l *Lease) ListPayouts(
	ctx context.Context,
	request sdk.ListPayoutsRequest,
) (*sdk.ListPayoutsResponse, error) {
	do := with(request, l.binding.verbs.ListPayouts)
	return run(ctx, l, sdk.CapabilityListPayouts, do)
}

// GetBalances returns what the account holds.
func (l *Lease) GetBalances(ctx context.Context) ([]sdk.Balance, error) {
	return run(ctx, l, sdk.CapabilityGetBalances, l.binding.verbs.GetBalances)
}

// ParseWebhook reads a raw webhook. It calls no provider, so an open breaker
// does not stop it.
func (l *Lease) ParseWebhook(
	ctx context.Context,
	request sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	do := with(request, l.binding.verbs.ParseWebhook)
	return runReading(ctx, l, sdk.CapabilityParseWebhook, do)
}

// ParseReturn reads the request of a customer who comes back. An open breaker
// does not stop it.
func (l *Lease) ParseReturn(
	ctx context.Context,
	request sdk.ParseReturnRequest,
) (*sdk.Return, error) {
	do := with(request, l.binding.verbs.ParseReturn)
	return runReading(ctx, l, sdk.CapabilityParseReturn, do)
}

// InvokeOperation runs one of the provider's own operations.
func (l *Lease) InvokeOperation(
	ctx context.Context,
	request sdk.InvokeOperationRequest,
) (json.RawMessage, error) {
	do := with(request, l.binding.verbs.InvokeOperation)
	return run(ctx, l, sdk.CapabilityInvokeOperation, do)
}

// with binds a verb to its request.
func with[Q, R any](request Q, verb func(context.Context, Q) (R, error)) call[R] {
	return func(ctx context.Context) (R, error) { return verb(ctx, request) }
}
