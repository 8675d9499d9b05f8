package core

import (
	"context"
	"fmt"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// This file finds out whether the money that a report is about came before, or
// counts for another intent.

// addReceipts records the transfers that a report tells of, and fills in what
// is known of all that this payment has had. A transaction that succeeds is a
// transfer too. A transfer that another payment of the identity has already is
// not counted here.
func (c *Core) addReceipts(
	ctx context.Context,
	tx *store.Tx,
	i *intent.Intent,
	r *intent.Report,
) error {
	if r.Proof == intent.Hint || r.Proof == intent.Operator || !mayHaveReceipts(i, r) {
		return nil
	}
	before, err := tx.Receipts(ctx, i.ID)
	if err != nil {
		return err
	}

	for _, receipt := range before {
		r.SucceededBy = append(r.SucceededBy, receipt.ID)
	}

	// A transfer counts for the first intent that is told of it.
	told := r.Receipts
	if len(told) == 0 && r.Transaction != "" && r.Status == payment.Succeeded {
		told = []intent.Receipt{transactionOf(r)}
	}

	for _, receipt := range told {
		holder, err := tx.AddReceipt(ctx, i.Fingerprint, i.ID, receipt)
		if err != nil {
			return err
		}
		if holder != i.ID {
			r.Contested = fmt.Sprintf(
				"transaction %s counts for %s already",
				receipt.ID,
				holder,
			)
		}
	}

	// One transaction alone is judged by the report's own amounts.
	all, err := tx.Receipts(ctx, i.ID)
	if err != nil {
		return err
	}

	if len(r.Receipts) > 0 || len(all) > 1 {
		sum := sumOf(all, i.Money())
		r.Received = &sum
	}

	return nil
}

// mayHaveReceipts reports whether the transfers of an intent matter to a
// report: it tells of some, or it would lift the review that others have
// caused.
func mayHaveReceipts(i *intent.Intent, r *intent.Report) bool {
	if i.Kind != payment.KindPayment {
		return false
	}
	mismatch := i.Status == payment.UnderReview && i.ReviewReason == payment.ReviewMismatch
	return len(r.Receipts) > 0 || r.Transaction != "" || mismatch
}

// transactionOf returns the transfer of a transaction that succeeded: of what
// the payment is for, as far as that is said. More that was paid in one
// transaction is not a second receipt.
func transactionOf(r *intent.Report) intent.Receipt {
	receipt := intent.Receipt{ID: r.Transaction}
	if r.Amount != nil {
		receipt.Amount = &payment.Amount{Decimal: r.Amount.Amount}
		receipt.Currency = r.Amount.Currency
	}
	return receipt
}

// sumOf adds up transfers. One whose amount was not told counts for the whole,
// and one in another currency makes the sum one of that currency, which can
// never equal what was asked for.
func sumOf(all []intent.Receipt, asked sdk.Money) sdk.Money {
	sum := sdk.Money{Currency: asked.Currency}
	for _, receipt := range all {
		if receipt.Amount == nil {
			sum.Amount = sum.Amount.Add(asked.Amount)
			continue
		}

		sum.Amount = sum.Amount.Add(receipt.Amount.Decimal)
		if receipt.Currency != asked.Currency {
			sum.Currency = receipt.Currency
		}
	}

	return sum
}

// contest finds out whether the reference under which a report tells of a
// success is another intent's, which has succeeded by it: two intents cannot
// have the same money.
func contest(ctx context.Context, tx *store.Tx, i *intent.Intent, r *intent.Report) error {
	unforeseen := i.IdempotencyKey == "" || i.Status == payment.Failed ||
		i.Status == payment.UnderReview
	if i.Kind == payment.KindRefund && unforeseen && r.Status == payment.Succeeded {
		return contestRefund(ctx, tx, i, r)
	}

	if r.Status != payment.Succeeded || r.Contested != "" {
		return nil
	}
	if r.Proof == intent.Hint || r.Proof == intent.Operator {
		return nil
	}

	// A success that is known already contests nothing.
	reference := r.ProviderReference
	if reference == "" {
		reference = i.ProviderReference
	}

	if reference == "" || i.Status == payment.Succeeded {
		return nil
	}

	holder, err := tx.OtherHolder(ctx, i, reference)
	if holder != "" {
		r.Contested = fmt.Sprintf("the provider's reference %s is that of %s, "+
			"which has succeeded by it", reference, holder)
	}

	return err
}

// contestRefund finds out what is wrong with a refund that the provider has
// started, or made after it had failed: that it is of money which never came,
// or of more than is left of it.
func contestRefund(
	ctx context.Context,
	tx *store.Tx,
	i *intent.Intent,
	r *intent.Report,
) error {
	parent, err := tx.Intent(ctx, i.ParentID)
	if err != nil {
		return err
	}
	left, err := leftToRefund(ctx, tx, parent, i.ID)
	if err != nil {
		return err
	}

	// The refund has happened: it is put under review, not refused.
	switch {
	case parent.SucceededAt.IsZero():
		r.Contested = fmt.Sprintf(
			"the provider has refunded %s, which is %s and has never succeeded",
			parent.ID,
			parent.Status,
		)
	case i.Amount.GreaterThan(left):
		r.Contested = fmt.Sprintf("the provider has refunded %s of %s, where %s was left",
			i.Money(), parent.ID, left)
	}

	return nil
}
