package store

import (
	"context"
	"testing"
)

// Exec runs a statement for a test.
func (t *Tx) Exec(ctx context.Context, query string) error {
	_, err := t.exec(ctx, query)
	return err
}

// OnWriter runs a statement on the one connection that writes, outside of any transaction.
func (s *Store) OnWriter(t testing.TB, query string) {
	t.Helper()
	if _, err := s.write.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

// Show reads a setting of the session.
func (t *Tx) Show(ctx context.Context, name string) (value string, err error) {
	err = t.queryRow(ctx, "SHOW "+name).Scan(&value)
	return value, err
}
