package host

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// CreatePayment records a payment under its key and asks the provider to create
// it. When the provider refuses or does not answer, the error is nil and the
// payment's Status and Failure tell. When ctx ends first the call goes on; call
// again with the same key.
func (h *Host) CreatePayment(
	ctx context.Context, r PaymentRequest, opts ...CallOption,
) (*Payment, error) {
	call := ofCall(opts)
	result, replayed, err := h.core.CreatePayment(ctx, r, call.key)
	call.report(replayed)
	return result, failure(ctx, err)
}

// CreatePayout records a payout under its key and asks the provider to make it,
// with the promises of CreatePayment.
func (h *Host) CreatePayout(
	ctx context.Context, r PayoutRequest, opts ...CallOption,
) (*Payout, error) {
	call := ofCall(opts)
	result, replayed, err := h.core.CreatePayout(ctx, r, call.key)
	call.report(replayed)
	return result, failure(ctx, err)
}

// CreateRefund refunds a succeeded payment: all of it, or the part that r says.
// Unlike CreatePayment it returns an error when the provider refuses or does
// not answer: the payment is then as it was, and the refund is kept.
func (h *Host) CreateRefund(
	ctx context.Context, paymentID string, r RefundRequest, opts ...CallOption,
) (*Refund, error) {
	call := ofCall(opts)
	result, replayed, err := h.core.CreateRefund(ctx, paymentID, r, call.key)
	call.report(replayed)
	return result, failure(ctx, err)
}

// ConfirmPayment hands over what the customer sent back. A refusal of the
// provider is an error, and the payment is then as it was; so for
// CapturePayment and CancelPayment.
func (h *Host) ConfirmPayment(
	ctx context.Context, id string, c Confirmation, opts ...CallOption,
) (*Payment, error) {
	call := ofCall(opts)
	result, replayed, err := h.core.ConfirmPayment(ctx, id, c, call.key)
	call.report(replayed)
	return result, failure(ctx, err)
}

// CapturePayment takes an authorized payment, in its currency: all that is left
// of it when amount is zero.
func (h *Host) CapturePayment(
	ctx context.Context, id string, amount decimal.Decimal, opts ...CallOption,
) (*Payment, error) {
	call := ofCall(opts)
	result, replayed, err := h.core.CapturePayment(ctx, id, amount, call.key)
	call.report(replayed)
	return result, failure(ctx, err)
}

// CancelPayment cancels a payment that has not succeeded. reason is for the
// provider and may be empty.
func (h *Host) CancelPayment(
	ctx context.Context, id, reason string, opts ...CallOption,
) (*Payment, error) {
	call := ofCall(opts)
	result, replayed, err := h.core.CancelPayment(ctx, id, reason, call.key)
	call.report(replayed)
	return result, failure(ctx, err)
}

// ResolvePayment records an operator's decision about a payment that nothing
// else can settle, or corrects an earlier one. The error is ErrConflict while a call for it may still reach
// the provider.
func (h *Host) ResolvePayment(ctx context.Context, id string, r Resolution) (*Payment, error) {
	if err := h.core.Resolve(ctx, payment.KindPayment, id, r); err != nil {
		return nil, failure(ctx, err)
	}
	return h.Payment(ctx, id)
}

// ResolvePayout is ResolvePayment for a payout.
func (h *Host) ResolvePayout(ctx context.Context, id string, r Resolution) (*Payout, error) {
	if err := h.core.Resolve(ctx, payment.KindPayout, id, r); err != nil {
		return nil, failure(ctx, err)
	}
	return h.Payout(ctx, id)
}

// ResolveRefund is ResolvePayment for a refund.
func (h *Host) ResolveRefund(ctx context.Context, id string, r Resolution) (*Refund, error) {
	if err := h.core.Resolve(ctx, payment.KindRefund, id, r); err != nil {
		return nil, failure(ctx, err)
	}
	return h.Refund(ctx, id)
}

// RefreshPayment asks the provider for the payment's status, records the
// answer, and returns the payment. The error is the provider's when it does not
// answer.
func (h *Host) RefreshPayment(ctx context.Context, id string) (*Payment, error) {
	result, err := h.core.RefreshPayment(ctx, id)
	return result, failure(ctx, err)
}

// RefreshPayout is RefreshPayment for a payout.
func (h *Host) RefreshPayout(ctx context.Context, id string) (*Payout, error) {
	result, err := h.core.RefreshPayout(ctx, id)
	return result, failure(ctx, err)
}

// PaymentMethods asks a provider what a customer can pay with.
func (h *Host) PaymentMethods(
	ctx context.Context, provider string, r sdk.ListPaymentMethodsRequest,
) ([]sdk.PaymentMethod, error) {
	list, err := h.core.PaymentMethods(ctx, provider, r)
	return list, failure(ctx, err)
}

// Balances asks what an account holds at its provider.
func (h *Host) Balances(ctx context.Context, provider string) ([]sdk.Balance, error) {
	list, err := h.core.Balances(ctx, provider)
	return list, failure(ctx, err)
}

// InvokeOperation runs one of a provider's own operations; input and answer are
// JSON as its schemas say. An operation that moves money needs an IdempotencyKey.
func (h *Host) InvokeOperation(
	ctx context.Context, provider, operation string, input json.RawMessage, opts ...CallOption,
) (json.RawMessage, error) {
	call := ofCall(opts)
	output, replayed, err := h.core.Invoke(ctx, provider, operation, input, call.key)
	call.report(replayed)
	return output, failure(ctx, err)
}

// failure makes every error of a call an *Error. An error that came while the
// caller's own context ended has CodeCanceled and that cause, unless it says
// more: what is found wrong with a request stays so.
func failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}

	var failed *payment.Error
	var raw *sdk.Error

	switch {
	case errors.As(err, &failed):
	case errors.As(err, &raw):
		failed = payment.FromProvider("", "", err)
	default:
		failed = &payment.Error{
			Code:    payment.CodeStorage,
			Outcome: sdk.OutcomeUnknown,
			Message: err.Error(),
			Cause:   err,
		}
	}

	// An error of the caller's own context looks like one of the database or of a
	// plugin: those two say no more than that nothing answered.
	saysMore := (failed.Code != payment.CodeStorage) && (failed.Code != string(sdk.CodeUnavailable))
	if ctx.Err() == nil || saysMore {
		return failed
	}

	ended := *failed
	ended.Code, ended.Cause = payment.CodeCanceled, ctx.Err()
	ended.Message = "your context ended first: " + failed.Message

	return &ended
}
