package store

import (
	"context"
	"errors"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
)

const dueIntents = `SELECT ` + intentColumns + ` FROM intents
	WHERE check_at > 0 AND check_at <= $1 AND provider = $2
	ORDER BY check_at, id`

const overdueIntents = `SELECT ` + intentColumns + ` FROM intents
	WHERE check_at > 0 AND check_at <= $1 AND provider = $2
	AND kind = 'payment' AND status = 'requires_action'
	AND expires_at > 0 AND expires_at <= $1
	ORDER BY check_at, id`

// DueProviders returns the names of the providers that have something due by
// now.
func (t *Tx) DueProviders(ctx context.Context, now time.Time) ([]string, error) {
	return t.texts(ctx, `SELECT DISTINCT provider FROM intents
		WHERE check_at > 0 AND check_at <= $1`, micros(now))
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
