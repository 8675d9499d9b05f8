package host

import "context"

// Payment returns a payment with its attempts and history. The error is
// ErrNotFound for an unknown ID; so for the other calls with an ID.
func (h *Host) Payment(ctx context.Context, id string) (*Payment, error) {
	result, err := h.core.Payment(ctx, id)
	return result, failure(ctx, err)
}

// Payout returns a payout with its attempts and history.
func (h *Host) Payout(ctx context.Context, id string) (*Payout, error) {
	result, err := h.core.Payout(ctx, id)
	return result, failure(ctx, err)
}

// Refund returns a refund with its attempts.
func (h *Host) Refund(ctx context.Context, id string) (*Refund, error) {
	result, err := h.core.Refund(ctx, id)
	return result, failure(ctx, err)
}

// Refunds returns a payment's refunds, newest first, those that the provider
// started included.
func (h *Host) Refunds(ctx context.Context, paymentID string) ([]Refund, error) {
	list, err := h.core.Refunds(ctx, paymentID)
	return list, failure(ctx, err)
}

// ListPayments returns payments newest first, without attempts and history.
// next is the cursor of the next page, "" at the end.
func (h *Host) ListPayments(
	ctx context.Context, f Filter,
) (list []Payment, next string, err error) {
	list, next, err = h.core.ListPayments(ctx, f)
	return list, next, failure(ctx, err)
}

// ListPayouts returns payouts as ListPayments does payments.
func (h *Host) ListPayouts(ctx context.Context, f Filter) (list []Payout, next string, err error) {
	list, next, err = h.core.ListPayouts(ctx, f)
	return list, next, failure(ctx, err)
}
