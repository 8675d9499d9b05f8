package store

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
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

// The statements of each success must not take longer the more payments there
// are: the one writer runs them.
func TestASuccessWalksNoTable(t *testing.T) {
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

	for query, want := range map[string][]string{
		otherHolder:   {"(reference=?)", "id=?)"},
		receiptHolder: {"(identity=? AND receipt_id=?)", "(intent_id=? AND receipt_id=?)"},
	} {
		var steps []string
		err := s.Read(ctx, func(tx *Tx) error {
			explained := "EXPLAIN QUERY PLAN " + query
			args := make([]any, strings.Count(query, "$"))
			for k := range args {
				args[k] = ""
			}

			return tx.tx.query(ctx, explained, args, func(row scanner) error {
				var id, parent, unused int
				var step string
				err := row.Scan(&id, &parent, &unused, &step)
				if strings.HasPrefix(step, "SEARCH") || strings.HasPrefix(step, "SCAN") {
					steps = append(steps, step)
				}
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}

		good := len(steps) == len(want)
		for k := range min(len(steps), len(want)) {
			good = good && strings.HasSuffix(steps[k], want[k])
		}
		if !good {
			t.Errorf("%s\nruns as %q, want %q", query, steps, want)
		}
	}
}
