package store

import (
	"context"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/sdk"
)

// AddReceipt records a transfer for a payment. One that is known already changes nothing.
func (t *Tx) AddReceipt(ctx context.Context, intentID string, r intent.Receipt) error {
	return t.later(ctx, `INSERT INTO receipts (intent_id, receipt_id, amount, currency) VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`, intentID, r.ID, r.Amount.String(), r.Currency)
}

// Receipts reads all transfers of a payment.
func (t *Tx) Receipts(ctx context.Context, intentID string) ([]intent.Receipt, error) {
	return list(ctx, t, scanReceipt, `SELECT receipt_id, amount, currency FROM receipts WHERE intent_id = $1
		ORDER BY receipt_id`, intentID)
}

func scanReceipt(row scanner) (r intent.Receipt, err error) {
	var amount string
	if err := row.Scan(&r.ID, &amount, &r.Currency); err != nil {
		return r, err
	}
	r.Amount.Decimal, err = sdk.ParseAmount(amount)
	return r, err
}
