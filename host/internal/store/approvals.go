package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Approval is an approval as it is kept.
type Approval struct {
	payment.Approval
	// SeenStatus and SeenAttempts are of the intent that a resolution is about,
	// as it was when the resolution was asked for.
	SeenStatus   payment.Status
	SeenAttempts int
}

const approvalColumns = `id, kind, intent_id, provider, amount, currency, why, resolution,
	seen_status, seen_attempts, asked_by, asked_at, state, decided_by, decided_at, reason`

// InsertApproval records that something waits for a second name. One thing
// waits at most for each intent: another is ErrExists.
func (t *Tx) InsertApproval(ctx context.Context, a Approval) error {
	resolution, err := jsonOrEmpty(a.Resolution)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO approvals (`+approvalColumns+`)
		VALUES (`+placeholders(1, 16)+`)`,
		a.ID, string(a.Kind), a.SubjectID, a.Provider, a.Amount.String(), a.Currency, a.Why,
		resolution, string(a.SeenStatus), a.SeenAttempts, a.AskedBy, micros(a.AskedAt),
		string(a.State), "", 0, "")

	return err
}

// DecideApproval records a decision about what still waits. It returns
// ErrConflict when that has been decided.
func (t *Tx) DecideApproval(ctx context.Context, a Approval) error {
	return t.execOne(
		ctx,
		`UPDATE approvals SET state = $2, decided_by = $3, decided_at = $4,
		reason = $5 WHERE id = $1 AND state = $6`,
		[]any{
			a.ID, string(a.State), a.DecidedBy, micros(*a.DecidedAt), a.Reason,
			string(payment.ApprovalPending),
		},
	)
}

// Approval reads an approval by its own id, or the one that waits for an
// intent. The error is ErrNotFound when there is none.
func (t *Tx) Approval(ctx context.Context, id string) (Approval, error) {
	return scanApproval(t.queryRow(ctx, `SELECT `+approvalColumns+` FROM approvals
		WHERE id = $1 OR (intent_id = $1 AND state = 'pending')`, id))
}

// ApprovalFilter narrows a list of approvals. Zero values do not narrow.
type ApprovalFilter struct {
	State     payment.ApprovalState
	Providers []string // one of them
	Before    string   // an id: only older ones
	Limit     int
}

// ListApprovals reads newest first.
func (t *Tx) ListApprovals(ctx context.Context, f ApprovalFilter) ([]Approval, error) {
	where := conditions{clauses: []string{"id > ''"}}
	where.addText("state =", string(f.State))
	where.addText("id <", f.Before)

	query := where.newestFirst(
		"approvals",
		approvalColumns,
		"id DESC",
		f.Providers,
		f.Limit,
	)

	return queryAll(ctx, t, scanApproval, query, where.args...)
}

// PendingApprovals reads those that wait longest.
func (t *Tx) PendingApprovals(ctx context.Context, limit int) ([]Approval, error) {
	return queryAll(ctx, t, scanApproval, `SELECT `+approvalColumns+` FROM approvals
		WHERE state = 'pending' ORDER BY id`+limitedTo(limit))
}

func scanApproval(row scanner) (a Approval, err error) {
	var asked, decided int64
	var amount, resolution string
	err = row.Scan(&a.ID, &a.Kind, &a.SubjectID, &a.Provider, &amount, &a.Currency, &a.Why,
		&resolution, &a.SeenStatus, &a.SeenAttempts, &a.AskedBy, &asked, &a.State,
		&a.DecidedBy, &decided, &a.Reason)
	if errors.Is(err, sql.ErrNoRows) {
		return a, ErrNotFound
	}

	if err != nil {
		return a, fmt.Errorf("read an approval: %w", err)
	}

	a.AskedAt = fromMicros(asked)
	if decided != 0 {
		at := fromMicros(decided)
		a.DecidedAt = &at
	}

	var damaged error
	a.Amount.Decimal, damaged = sdk.ParseAmount(amount)
	return a, errors.Join(damaged, unmarshal(resolution, &a.Resolution))
}
