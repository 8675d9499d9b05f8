package store

import (
	"context"
	"errors"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
)

const dueIntents = `SELECT ` + intentColumns + ` FROM intents
	WHERE check_at > 0 AND check_at <= $1 AND provider = $2
	ORDER BY check_at, id`

const overdueIntents = `SELECT ` + intentColumns + ` FROM intents
	WHERE check_at > 0 AND check_at <= $1 AND provider = $2
	AND kind = 'payment' AND status = 'requires_action'
	AND expires_at > 0 AND expires_at <= $1
	ORDER BY check_at, id`

// doubtfulIntents reads those in doubt by their status, of which there are few:
// by when they are due, it would walk over all that is open.
const doubtfulIntents = `SELECT ` + intentColumns + ` FROM intents
	WHERE kind IN ('payment', 'payout', 'refund') AND provider = $2 AND status = 'unknown'
	AND +check_at > 0 AND +check_at <= $1`

// DueProviders returns the names of the providers that have something due by
// now. It takes two steps for each provider, however much is due.
func (t *Tx) DueProviders(ctx context.Context, now time.Time) ([]string, error) {
	return t.providersDue(ctx, "intents", "check_at", now)
}

// providersDue returns the providers with a row whose time at is set and has
// come. There must be an index of these rows by provider and time.
func (t *Tx) providersDue(
	ctx context.Context,
	table, at string,
	now time.Time,
) (due []string, err error) {
	names, err := t.distinct(ctx, `SELECT provider FROM `+table+`
		WHERE `+at+` > 0 AND provider > $1 ORDER BY provider LIMIT 1`)
	if err != nil {
		return nil, err
	}

	for _, name := range names {
		first, err := t.firstText(ctx, `SELECT provider FROM `+table+`
			WHERE provider = $1 AND `+at+` > 0 AND `+at+` <= $2 LIMIT 1`, name, micros(now))
		if err != nil {
			return nil, err
		}

		if first != "" {
			due = append(due, name)
		}
	}

	return due, nil
}

// Due reads the intents of a provider whose status is to be queried by now,
// those first that are due longest.
func (t *Tx) Due(
	ctx context.Context,
	provider string,
	now time.Time,
	limit int,
) ([]*intent.Intent, error) {
	return t.intents(ctx, dueIntents+limitedTo(limit), micros(now), provider)
}

// DueFirst is Due with the intents whose creation is in doubt before all
// others: nobody knows what became of their money.
func (t *Tx) DueFirst(
	ctx context.Context,
	provider string,
	now time.Time,
	limit int,
) ([]*intent.Intent, error) {
	list, err := t.intents(ctx, doubtfulIntents+limitedTo(limit), micros(now), provider)
	if err != nil || len(list) == limit {
		return list, err
	}
	due, err := t.Due(ctx, provider, now, limit)
	if err != nil {
		return nil, err
	}

	for _, i := range due {
		if i.Status != payment.Unknown && len(list) < limit {
			list = append(list, i)
		}
	}

	return list, nil
}

// scheduleRows are changes of when intents are due.
var scheduleRows = rowsOf(saveSchedule, saveSchedules, "tiii")

const (
	saveSchedule = `UPDATE intents SET check_at = $3, checks = $4, version = $2 + 1
		WHERE id = $1 AND version = $2`
	saveSchedules = `UPDATE intents SET check_at = c3, checks = c4, version = c2 + 1
		FROM VALUES_OF_ROWS WHERE id = c1 AND version = c2 RETURNING id`
)

// SaveSchedules writes when intents are due, and nothing else of them. It
// returns those that no other writer has changed since they were read; the
// others are left alone.
func (t *Tx) SaveSchedules(
	ctx context.Context,
	list []*intent.Intent,
) (saved []*intent.Intent, err error) {
	rows := make([][]any, len(list))
	for k, i := range list {
		t.forgetIntent(i.ID)
		rows[k] = []any{i.ID, i.Version, micros(i.CheckAt), i.Checks}
	}

	unchanged, err := t.saveSchedules(ctx, rows)
	if err != nil {
		return nil, err
	}

	for _, i := range list {
		if unchanged[i.ID] {
			i.Version++
			saved = append(saved, i)
		}
	}

	return saved, nil
}

// saveSchedules returns the ids of the rows that were written.
func (t *Tx) saveSchedules(
	ctx context.Context,
	rows [][]any,
) (written map[string]bool, err error) {
	written = map[string]bool{}
	if t.engine.roundTrips && len(rows) > 1 {
		many := scheduleRows.many(rows)[0]
		ids, err := t.texts(ctx, many.query, many.args...)
		for _, id := range ids {
			written[id] = true
		}

		return written, err
	}

	for _, row := range rows {
		count, err := t.exec(ctx, saveSchedule, row...)
		if err != nil {
			return nil, err
		}
		written[textOf(row, 0)] = count == 1
	}

	return written, nil
}

// Overdue reads up to limit payments of a provider that have expired before the
// customer finished them, those first that are due longest.
func (t *Tx) Overdue(
	ctx context.Context,
	provider string,
	now time.Time,
	limit int,
) ([]*intent.Intent, error) {
	return t.intents(ctx, overdueIntents+limitedTo(limit), micros(now), provider)
}

// DamagedDue reports whether there are intents that cannot be read among the
// first limit due ones of a provider.
func (t *Tx) DamagedDue(
	ctx context.Context,
	provider string,
	now time.Time,
	limit int,
) (bool, error) {
	ids, err := t.damagedDue(ctx, provider, now, limit)
	return len(ids) > 0, err
}

// PostponeDamaged makes the intents that DamagedDue reports due at a later
// time: at the head of the list they would keep the others waiting for ever.
func (t *Tx) PostponeDamaged(
	ctx context.Context,
	provider string,
	now, until time.Time,
	limit int,
) error {
	ids, err := t.damagedDue(ctx, provider, now, limit)
	if err != nil {
		return err
	}

	for _, id := range ids {
		query := `UPDATE intents SET check_at = $2 WHERE id = $1`
		if err := t.queue(ctx, query, id, micros(until)); err != nil {
			return err
		}
	}

	return nil
}

func (t *Tx) damagedDue(
	ctx context.Context,
	provider string,
	now time.Time,
	limit int,
) (ids []string, err error) {
	scan := func(row scanner) (struct{}, error) {
		_, err := scanIntent(row)
		var damaged *DamagedError
		if errors.As(err, &damaged) {
			ids = append(ids, damaged.ID)
			err = nil
		}
		return struct{}{}, err
	}

	_, err = queryAll(ctx, t, scan, dueIntents+limitedTo(limit), micros(now), provider)
	return ids, err
}
