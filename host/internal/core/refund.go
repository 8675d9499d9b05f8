package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// CreateRefund refunds a succeeded payment or, where r has an amount, a
// part of it. Refunds that are open or done count towards what can still be
// given back. It has the promises of CreatePayment; besides, the error is the
// provider's when it refused or its answer is in doubt, with the refund.
func (c *Core) CreateRefund(ctx context.Context, paymentID string, r payment.RefundRequest,
	key string,
) (refund *payment.Refund, replayed bool, err error) {
	if err := checkRefund(r, key); err != nil {
		return nil, false, err
	}
	parent, err := c.getUnderKey(ctx, payment.KindPayment, paymentID)
	if err != nil {
		return nil, false, err
	}

	// A request without an amount is told from others by the payment's own
	// amount, whatever of it was captured since.
	amount := payment.Amount{Decimal: r.Amount}
	said := amount
	if r.Amount.IsZero() {
		amount, said = paidOf(parent), parent.Amount
	}

	request, err1 := json.Marshal(
		intent.RefundDetails{Reason: r.Reason, Amount: amount.String()},
	)
	asked, err2 := json.Marshal(
		intent.RefundDetails{Reason: r.Reason, Amount: said.String()},
	)
	if err := errors.Join(err1, err2); err != nil {
		return nil, false, err
	}

	id, left, replayed, err := c.create(ctx, &intent.Intent{
		Kind:              payment.KindRefund,
		Provider:          parent.Provider,
		ParentID:          paymentID,
		Amount:            amount,
		Currency:          parent.Currency,
		MerchantReference: parent.MerchantReference,
		Method:            parent.Method,
		Request:           request,
		IdempotencyKey:    key,
	}, asked)
	if err != nil {
		return nil, replayed, err
	}

	if left != nil {
		refund, err = refundView(left.intent, left.attempts)
	} else {
		refund, err = c.Refund(ctx, id)
	}

	if err != nil {
		return nil, replayed, recordedBut(err, parent.Provider, id)
	}

	return refund, replayed, refundProblem(refund)
}

// checkRefund finds what is wrong with a request by itself. An amount of zero
// stands for all that is left.
func checkRefund(r payment.RefundRequest, key string) error {
	var checks checklist
	checks.key(key)
	checks.text("reason", r.Reason, maxDescription)
	if r.Amount.IsNegative() {
		checks.add("amount", "must be more than zero")
	}
	checks.digits(r.Amount)
	return checks.err()
}

// paidOf returns how much of a payment can have been paid: what was captured,
// where only a part was, and never more than what the provider says was paid in
// the payment's currency.
func paidOf(i *intent.Intent) payment.Amount {
	paid := i.Amount
	if i.Captured != nil {
		paid = *i.Captured
	}
	sameCurrency := i.PaidAmount != nil && i.PaidCurrency == i.Currency
	if sameCurrency && i.PaidAmount.LessThan(paid.Decimal) {
		paid = *i.PaidAmount
	}
	return paid
}

// refundProblem is the error for a refund that the provider refused or whose
// outcome is in doubt: the payment is as it was, and the refund is kept.
func refundProblem(r *payment.Refund) error {
	open := r.Status != payment.Failed && r.Status != payment.Unknown
	if r.Failure == nil || open {
		return nil
	}

	return &payment.Error{
		Code:            r.Failure.Code,
		Outcome:         sdk.Outcome(r.Failure.Outcome),
		Message:         r.Failure.Message + " (refund " + r.ID + ")",
		Provider:        r.Provider,
		PaymentID:       r.PaymentID,
		ProviderCode:    r.Failure.ProviderCode,
		ProviderMessage: r.Failure.ProviderMessage,
		Asked:           true,
	}
}

// refundable refuses, in the transaction that records a refund, more than the
// payment has left to give back.
func refundable(ctx context.Context, tx *store.Tx, refund *intent.Intent) error {
	parent, err := tx.IntentForUpdate(ctx, refund.ParentID)
	if err != nil {
		return err
	}

	switch {
	case parent.Fingerprint != "" && parent.Fingerprint != refund.Fingerprint:
		return errForeign(parent)
	case parent.Status != payment.Succeeded:
		return conflict(
			parent,
			fmt.Sprintf("it is %s: only a succeeded payment can be refunded",
				parent.Status),
		)
	}

	// The parent is read for an update, so two refunds at once share what is
	// left.
	left, err := leftToRefund(ctx, tx, parent, "")
	if err != nil {
		return err
	}

	if refund.Amount.GreaterThan(left) {
		return conflict(
			parent,
			fmt.Sprintf("%s %s is left to refund", left, parent.Currency),
		)
	}

	return nil
}

// leftToRefund returns how much of a payment can still be given back: what was
// paid, less the refunds that are open or done. except is the id of one that
// does not count, "" for none.
func leftToRefund(ctx context.Context, tx *store.Tx, parent *intent.Intent, except string,
) (decimal.Decimal, error) {
	refunds, err := tx.Children(ctx, parent.ID)
	if err != nil {
		return decimal.Zero, err
	}
	left := paidOf(parent).Decimal

	for _, r := range refunds {
		if r.Status != payment.Failed && r.ID != except {
			left = left.Sub(r.Amount.Decimal)
		}
	}

	return left, nil
}
