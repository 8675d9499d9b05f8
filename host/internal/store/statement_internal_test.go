package store

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
)

// What runs again and again is parsed once; what runs once too often for the
// bound is parsed each time, and still runs.
func TestStatementsArePreparedAndBounded(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "payhost.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()

	reading := s.db.(*sqliteFile).reading
	one := func(query string) (n int) {
		t.Helper()
		err := s.Read(ctx, func(tx *Tx) error { return tx.queryRow(ctx, query).Scan(&n) })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}

	const query = "SELECT 7"
	for range 3 {
		if n := one(query); n != 7 {
			t.Fatalf("%s gives %d", query, n)
		}
	}

	if reading.ready[query] == nil {
		t.Error("a text that ran three times is not prepared")
	}

	for k := range maxStatements + 10 {
		if n := one(fmt.Sprintf("SELECT %d", k)); n != k {
			t.Fatalf("SELECT %d gives %d", k, n)
		}
	}

	if n := len(reading.ready); n != maxStatements {
		t.Errorf("%d texts are kept, at most %d may be", n, maxStatements)
	}
}
