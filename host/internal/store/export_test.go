package store

import (
	"context"
	"runtime"
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
	var err error
	switch db := s.db.(type) {
	case *sqliteFile:
		_, err = db.write.ExecContext(t.Context(), query)
	case *postgres:
		_, err = db.write.Exec(t.Context(), query)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Show reads a setting of the session.
func (t *Tx) Show(ctx context.Context, name string) (value string, err error) {
	err = t.queryRow(ctx, "SHOW "+name).Scan(&value)
	return value, err
}

// AwaitQueue returns when n writes wait for the writer.
func (s *Store) AwaitQueue(n int) {
	for len(s.queue) < n {
		runtime.Gosched()
	}
}
