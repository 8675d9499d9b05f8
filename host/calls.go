package host

import (
	"context"
	"encoding/json"
	"errors"
	"iter"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// CreatePayment records a payment under its key and asks the provider to create it. When the provider refuses or does
// not answer, the error is nil and the payment's Status and Failure tell. When ctx ends first the call goes on; ask again
// with the same key.
func (h *Host) CreatePayment(ctx context.Context, r PaymentRequest, opts ...CallOption) (*Payment, error) {
	p, _, err := h.core.CreatePayment(ctx, r, keyOf(opts))
	return p, failure(ctx, err)
}

// CreatePayout records a payout under its key and asks the provider to make it, with the promises of CreatePayment.
func (h *Host) CreatePayout(ctx context.Context, r PayoutRequest, opts ...CallOption) (*Payout, error) {
	p, _, err := h.core.CreatePayout(ctx, r, keyOf(opts))
	return p, failure(ctx, err)
}

// RefreshPayment asks the provider about a payment first.
func (h *Host) RefreshPayment(ctx context.Context, id string) (*Payment, error) {
	p, err := h.core.RefreshPayment(ctx, id)
	return p, failure(ctx, err)
}

// RefreshPayout asks the provider about a payout first.
func (h *Host) RefreshPayout(ctx context.Context, id string) (*Payout, error) {
	p, err := h.core.RefreshPayout(ctx, id)
	return p, failure(ctx, err)
}

// ConfirmPayment hands over what the customer sent back.
func (h *Host) ConfirmPayment(ctx context.Context, id string, c Confirmation, opts ...CallOption) (*Payment, error) {
	p, _, err := h.core.ConfirmPayment(ctx, id, core.Confirmation(c), keyOf(opts))
	return p, failure(ctx, err)
}

// CapturePayment takes an authorized payment: all of it when amount is zero.
func (h *Host) CapturePayment(ctx context.Context, id string, amount decimal.Decimal, opts ...CallOption) (*Payment, error) {
	p, _, err := h.core.CapturePayment(ctx, id, amount, keyOf(opts))
	return p, failure(ctx, err)
}

// CancelPayment gives up a payment that has not succeeded.
func (h *Host) CancelPayment(ctx context.Context, id, reason string, opts ...CallOption) (*Payment, error) {
	p, _, err := h.core.CancelPayment(ctx, id, reason, keyOf(opts))
	return p, failure(ctx, err)
}

// CreateRefund gives back all of a succeeded payment, or part of it. Unlike CreatePayment it gives an error when the
// provider refuses or does not answer: the payment is then as it was.
func (h *Host) CreateRefund(ctx context.Context, paymentID string, r RefundRequest, opts ...CallOption) (*Refund, error) {
	p, _, err := h.core.CreateRefund(ctx, paymentID, r, keyOf(opts))
	return p, failure(ctx, err)
}

// ResolvePayment records an operator's decision about a payment that nothing else can settle.
func (h *Host) ResolvePayment(ctx context.Context, id string, r Resolution) (*Payment, error) {
	if err := h.core.Resolve(ctx, payment.KindPayment, id, core.Resolution(r)); err != nil {
		return nil, failure(ctx, err)
	}
	return h.Payment(ctx, id)
}

// ResolvePayout records an operator's decision about a payout that nothing else can settle.
func (h *Host) ResolvePayout(ctx context.Context, id string, r Resolution) (*Payout, error) {
	if err := h.core.Resolve(ctx, payment.KindPayout, id, core.Resolution(r)); err != nil {
		return nil, failure(ctx, err)
	}
	return h.Payout(ctx, id)
}

// ResolveRefund records an operator's decision about a refund that nothing else can settle.
func (h *Host) ResolveRefund(ctx context.Context, id string, r Resolution) (*Refund, error) {
	if err := h.core.Resolve(ctx, payment.KindRefund, id, core.Resolution(r)); err != nil {
		return nil, failure(ctx, err)
	}
	return h.Refund(ctx, id)
}

// PaymentMethods lists what a customer can pay with at a provider.
func (h *Host) PaymentMethods(ctx context.Context, provider string, r sdk.ListPaymentMethodsRequest) ([]sdk.PaymentMethod, error) {
	list, err := h.core.PaymentMethods(ctx, provider, r)
	return list, failure(ctx, err)
}

// Balances asks what an account holds at its provider.
func (h *Host) Balances(ctx context.Context, provider string) ([]sdk.Balance, error) {
	list, err := h.core.Balances(ctx, provider)
	return list, failure(ctx, err)
}

// InvokeOperation runs one of a provider's own operations. One that moves money needs an IdempotencyKey.
func (h *Host) InvokeOperation(ctx context.Context, provider, operation string, input json.RawMessage, opts ...CallOption) (json.RawMessage, error) {
	out, _, err := h.core.Invoke(ctx, provider, operation, input, keyOf(opts))
	return out, failure(ctx, err)
}

// errLeft ends the iteration when its loop was left.
var errLeft = errors.New("the loop was left")

// eventPage is how many events are read at once.
const eventPage = 100

// Events gives the events after an event id ("" for all), oldest first, and goes on with new ones as they come, until
// ctx ends or the loop is left. The last pair carries the error that ended it, if one did.
func (h *Host) Events(ctx context.Context, after string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		position, err := store.EventPosition(after)
		for err == nil && ctx.Err() == nil {
			position, err = h.page(ctx, position, yield)
		}
		if err != nil && !errors.Is(err, errLeft) && ctx.Err() == nil {
			yield(Event{}, failure(ctx, err))
		}
	}
}

// page yields what there is after a position, then waits for more.
func (h *Host) page(ctx context.Context, after uint64, yield func(Event, error) bool) (uint64, error) {
	list, more, err := h.core.Events(ctx, after, nil, eventPage)
	if err != nil {
		return after, err
	}
	for _, e := range list {
		if !yield(e, nil) {
			return after, errLeft
		}
		if after, err = store.EventPosition(e.ID); err != nil {
			return after, err
		}
	}
	if len(list) == eventPage {
		return after, nil
	}
	return after, core.WaitForMore(ctx, more)
}

// failure makes every error of a call an *Error. One that came while the caller's
// own context ended has CodeCanceled and that cause, unless it says more: what
// is found wrong with a request stays so.
func failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var e *payment.Error
	var raw *sdk.Error
	switch {
	case errors.As(err, &e):
	case errors.As(err, &raw):
		e = payment.FromProvider("", "", err)
	default:
		e = &payment.Error{Code: payment.CodeStorage, Outcome: sdk.OutcomeUnknown, Message: err.Error(), Cause: err}
	}
	if ctx.Err() == nil || (e.Code != payment.CodeStorage && e.Code != string(sdk.CodeUnavailable)) {
		return e
	}

	ended := *e
	ended.Code, ended.Cause = payment.CodeCanceled, ctx.Err()
	ended.Message = "your context ended first: " + e.Message
	return &ended
}
