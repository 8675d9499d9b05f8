package supervisor

import (
	"context"
	"encoding/json"

	"github.com/payhost/payhost/sdk"
)

// The verbs have the signatures of the SDK's author interfaces. All go through
// the chain in wrap.

// CheckHealth informs people; its result changes nothing in this package.
func (l *Lease) CheckHealth(ctx context.Context) (sdk.Health, error) {
	return run(ctx, l, sdk.CapabilityCheckHealth, l.binding.verbs.CheckHealth)
}

// ListPaymentMethods lists what the customer can pay with.
func (l *Lease) ListPaymentMethods(
	ctx context.Context,
	q sdk.ListPaymentMethodsRequest,
) ([]sdk.PaymentMethod, error) {
	return run(
		ctx,
		l,
		sdk.CapabilityListPaymentMethods,
		with(q, l.binding.verbs.ListPaymentMethods),
	)
}

// CreatePayment creates a payment at the provider.
func (l *Lease) CreatePayment(
	ctx context.Context,
	q sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	return run(ctx, l, sdk.CapabilityCreatePayment, with(q, l.binding.verbs.CreatePayment))
}

// ConfirmPayment hands over what the customer sent back.
func (l *Lease) ConfirmPayment(
	ctx context.Context,
	q sdk.ConfirmPaymentRequest,
) (*sdk.Payment, error) {
	return run(
		ctx,
		l,
		sdk.CapabilityConfirmPayment,
		with(q, l.binding.verbs.ConfirmPayment),
	)
}

// GetPayment asks for a payment's status.
func (l *Lease) GetPayment(
	ctx context.Context,
	q sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	return run(ctx, l, sdk.CapabilityGetPayment, with(q, l.binding.verbs.GetPayment))
}

// ListPayments asks for many payments.
func (l *Lease) ListPayments(
	ctx context.Context,
	q sdk.ListPaymentsRequest,
) (*sdk.ListPaymentsResponse, error) {
	return run(ctx, l, sdk.CapabilityListPayments, with(q, l.binding.verbs.ListPayments))
}

// CapturePayment takes an authorized payment.
func (l *Lease) CapturePayment(
	ctx context.Context,
	q sdk.CapturePaymentRequest,
) (*sdk.Payment, error) {
	return run(
		ctx,
		l,
		sdk.CapabilityCapturePayment,
		with(q, l.binding.verbs.CapturePayment),
	)
}

// CancelPayment returns up a payment.
func (l *Lease) CancelPayment(
	ctx context.Context,
	q sdk.CancelPaymentRequest,
) (*sdk.Payment, error) {
	return run(ctx, l, sdk.CapabilityCancelPayment, with(q, l.binding.verbs.CancelPayment))
}

// CreateRefund returns back a payment.
func (l *Lease) CreateRefund(
	ctx context.Context,
	q sdk.CreateRefundRequest,
) (*sdk.Refund, error) {
	return run(ctx, l, sdk.CapabilityCreateRefund, with(q, l.binding.verbs.CreateRefund))
}

// GetRefund asks for a refund's status.
func (l *Lease) GetRefund(
	ctx context.Context,
	q sdk.GetRefundRequest,
) (*sdk.Refund, error) {
	return run(ctx, l, sdk.CapabilityGetRefund, with(q, l.binding.verbs.GetRefund))
}

// CreatePayout sends money.
func (l *Lease) CreatePayout(
	ctx context.Context,
	q sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	return run(ctx, l, sdk.CapabilityCreatePayout, with(q, l.binding.verbs.CreatePayout))
}

// GetPayout asks for a payout's status.
func (l *Lease) GetPayout(
	ctx context.Context,
	q sdk.GetPayoutRequest,
) (*sdk.Payout, error) {
	return run(ctx, l, sdk.CapabilityGetPayout, with(q, l.binding.verbs.GetPayout))
}

// ListPayouts asks for many payouts.
func (l *Lease) ListPayouts(
	ctx context.Context,
	q sdk.ListPayoutsRequest,
) (*sdk.ListPayoutsResponse, error) {
	return run(ctx, l, sdk.CapabilityListPayouts, with(q, l.binding.verbs.ListPayouts))
}

// GetBalances asks what the account holds.
func (l *Lease) GetBalances(ctx context.Context) ([]sdk.Balance, error) {
	return run(ctx, l, sdk.CapabilityGetBalances, l.binding.verbs.GetBalances)
}

// ParseWebhook reads a raw notice. It asks nobody, so an open breaker does not
// stop it.
func (l *Lease) ParseWebhook(
	ctx context.Context,
	q sdk.ParseWebhookRequest,
) (*sdk.Notice, error) {
	return run(ctx, l, sdk.CapabilityParseWebhook, with(q, l.binding.verbs.ParseWebhook))
}

// ParseReturn reads the request of a customer who comes back. An open breaker
// does not stop it.
func (l *Lease) ParseReturn(
	ctx context.Context,
	q sdk.ParseReturnRequest,
) (*sdk.Return, error) {
	return run(ctx, l, sdk.CapabilityParseReturn, with(q, l.binding.verbs.ParseReturn))
}

// InvokeOperation runs one of the provider's own operations.
func (l *Lease) InvokeOperation(
	ctx context.Context,
	q sdk.InvokeOperationRequest,
) (json.RawMessage, error) {
	return run(
		ctx,
		l,
		sdk.CapabilityInvokeOperation,
		with(q, l.binding.verbs.InvokeOperation),
	)
}

// with makes a verb that takes a request one that takes none.
func with[Q, R any](q Q, do func(context.Context, Q) (R, error)) call[R] {
	return func(ctx context.Context) (R, error) { return do(ctx, q) }
}
