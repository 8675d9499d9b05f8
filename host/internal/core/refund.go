package core

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// CreateRefund gives back all of a succeeded payment, or part of it. Refunds that are open or done count towards what
// can still be given back.
func (c *Core) CreateRefund(ctx context.Context, paymentID string, r payment.RefundRequest, key string) (*payment.Refund, bool, error) {
	var checks checks
	checks.key(key)
	checks.text("reason", r.Reason, maxDescription)
	if r.Amount.IsNegative() {
		checks.add("amount", "must be more than zero")
	}
	checks.digits(r.Amount)
	if err := checks.err(); err != nil {
		return nil, false, err
	}
	parent, err := c.get(ctx, payment.KindPayment, paymentID)
	if err != nil {
		return nil, false, err
	}
	amount := payment.Amount{Decimal: r.Amount}
	if r.Amount.IsZero() {
		amount = parent.Amount
	}
	request, err := json.Marshal(intent.RefundDetails{Reason: r.Reason, Amount: amount.String()})
	if err != nil {
		return nil, false, err
	}
	hash, err := requestHash("create_refund", paymentID, request)
	if err != nil {
		return nil, false, err
	}
	id, err := c.replay(ctx, key, hash)
	replayed := id != ""
	if err != nil {
		return nil, replayed, err
	}
	if !replayed {
		id, replayed, err = c.create(ctx, &intent.Intent{
			Kind: payment.KindRefund, Provider: parent.Provider, ParentID: paymentID, Amount: amount, Currency: parent.Currency,
			MerchantReference: parent.MerchantReference, Method: parent.Method, Request: request, IdempotencyKey: key,
		})
		if err != nil {
			return nil, replayed, err
		}
	}
	refund, err := c.Refund(ctx, id)
	if err != nil {
		return nil, replayed, err
	}
	return refund, replayed, refundProblem(refund)
}

// refundProblem is the error for a refund that the provider refused or whose outcome is in doubt: the payment is as it
// was, and the refund is kept.
func refundProblem(r *payment.Refund) error {
	if r.Failure == nil || r.Status != payment.Failed && r.Status != payment.Unknown {
		return nil
	}
	return &payment.Error{Code: r.Failure.Code, Outcome: sdk.Outcome(r.Failure.Outcome), Message: r.Failure.Message + " (refund " + r.ID + ")",
		Provider: r.Provider, PaymentID: r.PaymentID, ProviderCode: r.Failure.ProviderCode, ProviderMessage: r.Failure.ProviderMessage, Asked: true}
}

// refundable refuses, in the transaction that records a refund, more than the payment has left to give back.
func refundable(ctx context.Context, tx *store.Tx, refund *intent.Intent) error {
	parent, err := tx.IntentToChange(ctx, refund.ParentID)
	if err != nil {
		return err
	}
	if parent.Status != payment.Succeeded {
		return conflict(parent, fmt.Sprintf("it is %s: only a succeeded payment can be refunded", parent.Status))
	}
	others, err := tx.Children(ctx, parent.ID)
	if err != nil {
		return err
	}
	left := parent.Amount.Decimal
	for _, o := range others {
		if o.Status != payment.Failed {
			left = left.Sub(o.Amount.Decimal)
		}
	}
	if refund.Amount.GreaterThan(left) {
		return conflict(parent, fmt.Sprintf("%s %s is left to refund", left, parent.Currency))
	}
	return nil
}
