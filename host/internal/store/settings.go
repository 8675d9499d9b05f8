package store

import (
	"context"
	"database/sql"
	"errors"
)

// Setting reads a named value, "" when there is none.
func (t *Tx) Setting(ctx context.Context, name string) (string, error) {
	var value string
	err := t.queryRow(ctx, `SELECT value FROM settings WHERE name = $1`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

// SetSetting sets a named value.
func (t *Tx) SetSetting(ctx context.Context, name, value string) error {
	_, err := t.exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = $2`, name, value)
	return err
}

// SetSettingOnce sets a named value unless it is set already, and returns the
// value that it has then.
func (t *Tx) SetSettingOnce(ctx context.Context, name, value string) (string, error) {
	_, err := t.exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT DO NOTHING`, name, value)
	if err != nil {
		return "", err
	}
	return t.Setting(ctx, name)
}
