package store

import (
	"context"

	"github.com/payhost/payhost/host/internal/intent"
)

// AddReceipt records a transfer for a payment of an identity, and returns the
// payment that has the transfer then. A transfer counts once for an identity,
// over all its payments: one that is recorded already changes nothing.
func (t *Tx) AddReceipt(
	ctx context.Context,
	identity, intentID string,
	r intent.Receipt,
) (holder string, err error) {
	err = t.queue(ctx, `INSERT INTO receipts
		(intent_id, receipt_id, amount, currency, identity)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		intentID, r.ID, amountOrEmpty(r.Amount), r.Currency, identity)
	if err != nil {
		return "", err
	}

	// The insert changes nothing when a payment has the transfer already, be it
	// this one or another.
	query := receiptHolder
	if identity == "" {
		query = receiptHolderUnnamed
	}

	err = t.queryRow(ctx, query, r.ID, identity, intentID).Scan(&holder)

	return holder, err
}

// receiptHolder finds the payment that has a transfer. Transfers that were
// recorded before they had an identity count for their own payment alone. Each
// side of the OR names all that its index needs: with less SQLite reads all
// transfers there are.
const receiptHolder = `SELECT intent_id FROM receipts
	WHERE (identity = $2 AND identity <> '' AND receipt_id = $1)
	OR (intent_id = $3 AND receipt_id = $1)
	ORDER BY identity DESC LIMIT 1`

// receiptHolderUnnamed is receiptHolder for an account that breaks the contract
// by having no identity: $2 is empty.
const receiptHolderUnnamed = `SELECT intent_id FROM receipts
	WHERE (identity = $2 AND identity = '' AND receipt_id = $1)
	OR (intent_id = $3 AND receipt_id = $1)
	ORDER BY identity DESC LIMIT 1`

// Receipts reads all transfers of a payment, in the order of their ids.
func (t *Tx) Receipts(ctx context.Context, intentID string) ([]intent.Receipt, error) {
	return queryAll(ctx, t, scanReceipt, `SELECT receipt_id, amount, currency FROM receipts
		WHERE intent_id = $1 ORDER BY receipt_id`, intentID)
}

func scanReceipt(row scanner) (r intent.Receipt, err error) {
	var amount string
	if err := row.Scan(&r.ID, &amount, &r.Currency); err != nil {
		return r, err
	}
	r.Amount, err = amountOrNil(amount)
	return r, err
}
