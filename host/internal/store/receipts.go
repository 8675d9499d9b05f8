package store

import (
	"context"
	"fmt"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/sdk"
)

// AddReceipt records a transfer for a payment. One that is known already changes nothing.
func (t *Tx) AddReceipt(ctx context.Context, intentID string, r intent.Receipt) error {
	_, err := t.exec(ctx, `INSERT INTO receipts (intent_id, receipt_id, amount, currency) VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`, intentID, r.ID, r.Amount.String(), r.Currency)
	return err
}

// Receipts reads all transfers of a payment.
func (t *Tx) Receipts(ctx context.Context, intentID string) ([]intent.Receipt, error) {
	rows, err := t.query(ctx, `SELECT receipt_id, amount, currency FROM receipts WHERE intent_id = $1
		ORDER BY receipt_id`, intentID)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.engine.name, err)
	}
	defer rows.Close()
	var out []intent.Receipt
	for rows.Next() {
		var (
			r      intent.Receipt
			amount string
		)
		if err := rows.Scan(&r.ID, &amount, &r.Currency); err != nil {
			return nil, err
		}
		if r.Amount.Decimal, err = sdk.ParseAmount(amount); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
