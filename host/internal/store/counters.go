package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// count moves a counter to its next value.
const count = `INSERT INTO counters (name, value) VALUES ($1, $2)
	ON CONFLICT (name) DO UPDATE SET value = CASE WHEN counters.value + 1 < $2 THEN $2 ELSE counters.value + 1 END`

// countNumber is count for the numbers of an identity. A counter that is new begins above what was given before numbers
// were counted by identity.
const countNumber = `INSERT INTO counters (name, value) VALUES ($1, CASE
	WHEN COALESCE((SELECT value FROM counters WHERE name = 'sequence_floor'), 0) >= $2
	THEN (SELECT value FROM counters WHERE name = 'sequence_floor') + 1 ELSE $2 END)
	ON CONFLICT (name) DO UPDATE SET value = CASE WHEN counters.value + 1 < $2 THEN $2 ELSE counters.value + 1 END`

// Next gives a counter's next value: start the first time, or when the counter stands lower. A number is never given
// twice, also not by two hosts: the row is locked until the commit.
func (t *Tx) NextNumber(ctx context.Context, name string, start uint64) (uint64, error) {
	var n int64
	err := t.queryRow(ctx, count+` RETURNING value`, name, int64(start)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("%s: counter %s: %w", t.engine.name, name, err)
	}
	return uint64(n), nil
}

// Setting reads a named value, "" when there is none.
func (t *Tx) Setting(ctx context.Context, name string) (string, error) {
	var v string
	err := t.queryRow(ctx, `SELECT value FROM settings WHERE name = $1`, name).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return v, err
}

// SetSettingOnce sets a named value unless it has one, and gives the value it has then.
func (t *Tx) SetSettingOnce(ctx context.Context, name, value string) (string, error) {
	if _, err := t.exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, value); err != nil {
		return "", err
	}
	return t.Setting(ctx, name)
}

// SetSetting sets a named value.
func (t *Tx) SetSetting(ctx context.Context, name, value string) error {
	_, err := t.exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = $2`, name, value)
	return err
}
