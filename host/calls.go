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
	return p, err
}

// CreatePayout records a payout under its key and asks the provider to make it, with the promises of CreatePayment.
func (h *Host) CreatePayout(ctx context.Context, r PayoutRequest, opts ...CallOption) (*Payout, error) {
	p, _, err := h.core.CreatePayout(ctx, r, keyOf(opts))
	return p, err
}

// Payment gives a payment with its attempts and history.
func (h *Host) Payment(ctx context.Context, id string) (*Payment, error) {
	return h.core.Payment(ctx, id)
}

// Payout gives a payout with its attempts and history.
func (h *Host) Payout(ctx context.Context, id string) (*Payout, error) { return h.core.Payout(ctx, id) }

// RefreshPayment asks the provider about a payment first.
func (h *Host) RefreshPayment(ctx context.Context, id string) (*Payment, error) {
	return h.core.RefreshPayment(ctx, id)
}

// RefreshPayout asks the provider about a payout first.
func (h *Host) RefreshPayout(ctx context.Context, id string) (*Payout, error) {
	return h.core.RefreshPayout(ctx, id)
}

// ConfirmPayment hands over what the customer sent back.
func (h *Host) ConfirmPayment(ctx context.Context, id string, c Confirmation, opts ...CallOption) (*Payment, error) {
	p, _, err := h.core.ConfirmPayment(ctx, id, c, keyOf(opts))
	return p, err
}

// CapturePayment takes an authorized payment: all of it when amount is zero.
func (h *Host) CapturePayment(ctx context.Context, id string, amount decimal.Decimal, opts ...CallOption) (*Payment, error) {
	p, _, err := h.core.CapturePayment(ctx, id, amount, keyOf(opts))
	return p, err
}

// CancelPayment gives up a payment that has not succeeded.
func (h *Host) CancelPayment(ctx context.Context, id, reason string, opts ...CallOption) (*Payment, error) {
	p, _, err := h.core.CancelPayment(ctx, id, reason, keyOf(opts))
	return p, err
}

// CreateRefund gives back all of a succeeded payment, or part of it. Unlike CreatePayment it gives an error when the
// provider refuses or does not answer: the payment is then as it was.
func (h *Host) CreateRefund(ctx context.Context, paymentID string, r RefundRequest, opts ...CallOption) (*Refund, error) {
	p, _, err := h.core.CreateRefund(ctx, paymentID, r, keyOf(opts))
	return p, err
}

// ResolvePayment records an operator's decision about a payment that nothing else can settle.
func (h *Host) ResolvePayment(ctx context.Context, id string, r Resolution) (*Payment, error) {
	if err := h.core.Resolve(ctx, payment.KindPayment, id, r); err != nil {
		return nil, err
	}
	return h.core.Payment(ctx, id)
}

// ResolvePayout records an operator's decision about a payout that nothing else can settle.
func (h *Host) ResolvePayout(ctx context.Context, id string, r Resolution) (*Payout, error) {
	if err := h.core.Resolve(ctx, payment.KindPayout, id, r); err != nil {
		return nil, err
	}
	return h.core.Payout(ctx, id)
}

// PaymentMethods lists what a customer can pay with at a provider.
func (h *Host) PaymentMethods(ctx context.Context, provider string, r sdk.ListPaymentMethodsRequest) ([]sdk.PaymentMethod, error) {
	return h.core.PaymentMethods(ctx, provider, r)
}

// Balances asks what an account holds at its provider.
func (h *Host) Balances(ctx context.Context, provider string) ([]sdk.Balance, error) {
	return h.core.Balances(ctx, provider)
}

// InvokeOperation runs one of a provider's own operations. One that moves money needs an IdempotencyKey.
func (h *Host) InvokeOperation(ctx context.Context, provider, operation string, input json.RawMessage, opts ...CallOption) (json.RawMessage, error) {
	out, _, err := h.core.Invoke(ctx, provider, operation, input, keyOf(opts))
	return out, err
}

// DeadLetters gives up to limit events whose pushing was given up, the newest first, after the one named by cursor ("": from
// the newest). next is the cursor to go on with, "" at the end.
func (h *Host) DeadLetters(ctx context.Context, cursor string, limit int) (list []DeadLetter, next string, err error) {
	return h.letters.List(ctx, cursor, limit)
}

// RetryDeadLetter has an event pushed again that was given up.
func (h *Host) RetryDeadLetter(ctx context.Context, id string) (DeadLetter, error) {
	return h.letters.Retry(ctx, id)
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
			yield(Event{}, err)
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
