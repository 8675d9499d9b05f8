package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/payhost/payhost/host/payment"
)

const reconciliationColumns = `id, provider, from_at, to_at, state, started_at, ended_at, asked_by,
	error, compared, orphans`

// InsertReconciliation records that a range of time is to be compared. One runs
// at most for each provider: another is ErrExists.
func (t *Tx) InsertReconciliation(ctx context.Context, r payment.Reconciliation) error {
	running, err := t.RunningReconciliations(ctx)
	if err != nil {
		return err
	}
	for _, one := range running {
		if one.Provider == r.Provider {
			return ErrExists
		}
	}
	_, err = t.exec(ctx, `INSERT INTO reconciliations (`+reconciliationColumns+`)
		VALUES (`+placeholders(1, 11)+`)`,
		r.ID, r.Provider, micros(r.From), micros(r.To), string(r.State), micros(r.StartedAt),
		0, r.By, "", 0, 0)
	return err
}

// EndReconciliation records how a reconciliation has ended.
func (t *Tx) EndReconciliation(ctx context.Context, r payment.Reconciliation) error {
	orphans := 0
	if r.Orphans {
		orphans = 1
	}
	return t.execOne(ctx, `UPDATE reconciliations SET state = $2, ended_at = $3, error = $4,
		compared = $5, orphans = $6 WHERE id = $1`,
		[]any{r.ID, string(r.State), micros(*r.EndedAt), r.Error, r.Compared, orphans})
}

// Reconciliation reads one. The error is ErrNotFound when there is none.
func (t *Tx) Reconciliation(ctx context.Context, id string) (payment.Reconciliation, error) {
	return scanReconciliation(t.queryRow(ctx, `SELECT `+reconciliationColumns+`
		FROM reconciliations WHERE id = $1`, id))
}

// RunningReconciliations reads those that have not ended, the oldest first.
func (t *Tx) RunningReconciliations(ctx context.Context) ([]payment.Reconciliation, error) {
	return queryAll(ctx, t, scanReconciliation, `SELECT `+reconciliationColumns+`
		FROM reconciliations WHERE state = 'running' ORDER BY id`)
}

// ReconciliationFilter narrows a list of reconciliations.
type ReconciliationFilter struct {
	Provider  string
	Providers []string // one of them
	Before    string   // an id: only older ones
	Limit     int
}

// ListReconciliations reads newest first.
func (t *Tx) ListReconciliations(
	ctx context.Context, f ReconciliationFilter,
) ([]payment.Reconciliation, error) {
	where := conditions{clauses: []string{"id > ''"}}
	where.addText("provider =", f.Provider)
	where.addText("id <", f.Before)
	query := where.newestFirst("reconciliations", reconciliationColumns, "id DESC", f.Providers, f.Limit)
	return queryAll(ctx, t, scanReconciliation, query, where.args...)
}

func scanReconciliation(row scanner) (r payment.Reconciliation, err error) {
	var from, to, started, ended, orphans int64
	err = row.Scan(&r.ID, &r.Provider, &from, &to, &r.State, &started, &ended, &r.By, &r.Error,
		&r.Compared, &orphans)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("read a reconciliation: %w", err)
	}
	r.From, r.To, r.StartedAt = fromMicros(from), fromMicros(to), fromMicros(started)
	r.Orphans = orphans == 1
	if ended != 0 {
		at := fromMicros(ended)
		r.EndedAt = &at
	}
	return r, nil
}

const findingColumns = `id, reconciliation_id, provider, kind, subject, intent_id, reference,
	provider_reference, ours, theirs, found_at, state, ended_by, note`

// InsertFinding records a finding.
func (t *Tx) InsertFinding(ctx context.Context, f payment.Finding) error {
	ours, err := jsonOrEmpty(f.Ours)
	if err != nil {
		return err
	}
	theirs, err := jsonOrEmpty(f.Theirs)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO findings (`+findingColumns+`)
		VALUES (`+placeholders(1, 14)+`)`,
		f.ID, f.ReconciliationID, f.Provider, string(f.Kind), string(f.Subject), f.SubjectID,
		f.Reference, f.ProviderReference, ours, theirs, micros(f.FoundAt), string(f.State), f.By, f.Note)
	return err
}

// DeleteFindings deletes the findings of a reconciliation that begins again.
func (t *Tx) DeleteFindings(ctx context.Context, reconciliation string) error {
	_, err := t.exec(ctx, `DELETE FROM findings WHERE reconciliation_id = $1`, reconciliation)
	return err
}

// EndFinding records how a finding ended. The error is ErrConflict when it is not
// open.
func (t *Tx) EndFinding(ctx context.Context, f payment.Finding) error {
	return t.execOne(ctx, `UPDATE findings SET state = $2, ended_by = $3, note = $4, intent_id = $5
		WHERE id = $1 AND state = 'open'`,
		[]any{f.ID, string(f.State), f.By, f.Note, f.SubjectID})
}

// Finding reads one. The error is ErrNotFound when there is none.
func (t *Tx) Finding(ctx context.Context, id string) (payment.Finding, error) {
	return scanFinding(t.queryRow(ctx, `SELECT `+findingColumns+` FROM findings WHERE id = $1`, id))
}

// EndedFinding reads the newest finding of the same kind about the same thing that
// somebody has ended. The error is ErrNotFound when there is none.
func (t *Tx) EndedFinding(ctx context.Context, f payment.Finding) (payment.Finding, error) {
	return scanFinding(t.queryRow(ctx, `SELECT `+findingColumns+` FROM findings
		WHERE provider = $1 AND kind = $2 AND intent_id = $3 AND provider_reference = $4
		AND ended_by <> '' ORDER BY provider, kind, intent_id, provider_reference, id DESC LIMIT 1`,
		f.Provider, string(f.Kind), f.SubjectID, f.ProviderReference))
}

// FindingFilter narrows a list of findings. Zero values do not narrow.
type FindingFilter struct {
	Reconciliation string
	State          payment.FindingState
	Providers      []string // one of them
	Before         string   // an id: only older ones
	Limit          int
}

// ListFindings reads newest first.
func (t *Tx) ListFindings(ctx context.Context, f FindingFilter) ([]payment.Finding, error) {
	where := conditions{clauses: []string{"id > ''"}}
	where.addText("reconciliation_id =", f.Reconciliation)
	where.addText("state =", string(f.State))
	where.addText("id <", f.Before)
	query := where.newestFirst("findings", findingColumns, "id DESC", f.Providers, f.Limit)
	return queryAll(ctx, t, scanFinding, query, where.args...)
}

// OpenFindings counts the findings of a provider that wait, of each kind.
func (t *Tx) OpenFindings(
	ctx context.Context, provider string,
) (counts map[payment.FindingKind]int, err error) {
	counts = map[payment.FindingKind]int{}
	err = t.tx.query(ctx, `SELECT kind, COUNT(*) FROM findings
		WHERE provider = $1 AND state = 'open' GROUP BY kind`, []any{provider},
		func(row scanner) error {
			var kind payment.FindingKind
			var count int
			err := row.Scan(&kind, &count)
			counts[kind] = count
			return err
		})
	return counts, t.engine.mapped(err)
}

func scanFinding(row scanner) (f payment.Finding, err error) {
	var ours, theirs string
	var found int64
	err = row.Scan(&f.ID, &f.ReconciliationID, &f.Provider, &f.Kind, &f.Subject, &f.SubjectID,
		&f.Reference, &f.ProviderReference, &ours, &theirs, &found, &f.State, &f.By, &f.Note)
	if errors.Is(err, sql.ErrNoRows) {
		return f, ErrNotFound
	}
	if err != nil {
		return f, fmt.Errorf("read a finding: %w", err)
	}
	f.FoundAt = fromMicros(found)
	return f, errors.Join(unmarshalSide(ours, &f.Ours), unmarshalSide(theirs, &f.Theirs))
}

func unmarshalSide(text string, into **payment.FindingSide) error {
	if text == "" {
		return nil
	}
	*into = &payment.FindingSide{}
	return unmarshal(text, *into)
}
