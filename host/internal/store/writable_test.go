package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
)

func TestWhetherAnythingCanBeWritten(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		for range 2 {
			if err := s.Writable(ctx); err != nil {
				t.Fatal(err)
			}
		}

		forbid, allow := "PRAGMA query_only = ON", "PRAGMA query_only = OFF"
		if !strings.HasPrefix(url, "sqlite:") {
			readOnlyDatabase(t, url, true)
			forbid, allow = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", ""
		}

		s.OnWriter(t, forbid)
		for range 2 {
			if err := s.Writable(ctx); err == nil ||
				store.Reason(err) != "the database is read-only" {
				t.Errorf(
					"a database that can only be read: %v (%s)",
					err,
					store.Reason(err),
				)
			}
		}

		if allow != "" {
			s.OnWriter(t, allow)
		} else {
			readOnlyDatabase(t, url, false)
			_ = s.Writable(ctx) // finds the last read-only session
		}

		if err := s.Writable(ctx); err != nil {
			t.Errorf("it can be written again: %v", err)
		}
	})
}

// A row that would fit does not hide that a payment would not.
func TestAFullDiskHasNoRoomForAPayment(t *testing.T) {
	s := open(t, storetest.URL(t))
	if err := s.Writable(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.OnWriter(t, "PRAGMA max_page_count = 1") // that is: no more than there are
	if err := s.Writable(t.Context()); store.Reason(err) != "the disk is full" {
		t.Errorf("got %v", err)
	}

	s.OnWriter(t, "PRAGMA max_page_count = 1000000")
	if err := s.Writable(t.Context()); err != nil {
		t.Error(err)
	}
}

// readOnlyDatabase has the sessions that are opened from now on be read-only,
// as those of a standby are.
func readOnlyDatabase(t *testing.T, url string, yes bool) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())

	_, err = conn.Exec(
		t.Context(),
		fmt.Sprintf(`BEGIN READ WRITE; DO $$ BEGIN EXECUTE format(
		'ALTER DATABASE %%I SET default_transaction_read_only = %v', current_database()); END $$; COMMIT`, yes),
	)
	if err != nil {
		t.Fatal(err)
	}
}

// A fail-over leaves sessions that can only read, with a server that can be
// written again: the next try has a session that can.
func TestAReadOnlySessionIsReplaced(t *testing.T) {
	s, ctx := open(t, storetest.Postgres(t)), t.Context()
	s.OnWriter(t, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
	write := func(id string) error {
		return s.Write(
			ctx,
			func(tx *store.Tx) error { return tx.InsertIntent(ctx, example(id)) },
		)
	}
	if err := write("pay_refused"); store.Reason(err) != "the database is read-only" {
		t.Fatalf("got %v", err)
	}

	if err := write("pay_after"); err != nil {
		t.Errorf("the session is still there: %v", err)
	}
	view(t, s, func(tx *store.Tx) error {
		if _, err := tx.Intent(ctx, "pay_refused"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the refused write is there: %v", err)
		}
		_, err := tx.Intent(ctx, "pay_after")
		return err
	})
}

// What an operator asks of the server with the URL holds for readers too.
func TestAServerThatCanBeWrittenIsFound(t *testing.T) {
	s, ctx := open(t, storetest.Postgres(t)+"&target_session_attrs=read-write"), t.Context()
	update(t, s, func(tx *store.Tx) error { return tx.InsertIntent(ctx, example("pay_1")) })
	view(t, s, func(tx *store.Tx) error {
		_, err := tx.Intent(ctx, "pay_1")
		if got, showing := tx.Show(ctx, "transaction_read_only"); showing != nil ||
			got != "on" {
			t.Errorf("readers may write: %s, %v", got, showing)
		}
		return err
	})

	err := s.Get(ctx, func(tx *store.Tx) error {
		got, err := tx.Show(ctx, "transaction_read_only")
		if got != "on" {
			t.Errorf("whoever looks may write: %s", got)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A pooler gives every transaction another session: nothing may depend on
// which.
func TestSessionsMayBePooled(t *testing.T) {
	s, ctx := open(t, storetest.Pooled(t, storetest.Postgres(t))), t.Context()
	for k := range 20 {
		id := fmt.Sprintf("pay_%02d", k)
		update(t, s, func(tx *store.Tx) error { return tx.InsertIntent(ctx, example(id)) })
		err := s.Get(ctx, func(tx *store.Tx) error {
			i, _, _, err := tx.IntentInFull(ctx, id)
			if err == nil && i.ID != id {
				t.Errorf("got %s for %s", i.ID, id)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}

		view(t, s, func(tx *store.Tx) error {
			_, err := tx.Intent(ctx, id)
			if got, showing := tx.Show(ctx, "transaction_isolation"); showing != nil ||
				got != "repeatable read" {
				t.Errorf("views see several moments: %s, %v", got, showing)
			}
			return err
		})
	}

	update(t, s, func(tx *store.Tx) error {
		for name, want := range map[string]string{"idle_in_transaction_session_timeout": "10s", "lock_timeout": "20s", "statement_timeout": "25s"} {
			if got, err := tx.Show(ctx, name); err != nil || got != want {
				t.Errorf("%s is %s, %v", name, got, err)
			}
		}
		return nil
	})

	if err := s.Writable(ctx); err != nil {
		t.Error(err)
	}
}

// A database that a later payhost has made is left alone.
func TestTablesOfALaterVersionAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url)
		update(t, s, func(tx *store.Tx) error {
			return tx.Exec(
				t.Context(),
				"INSERT INTO payhost_migrations (version_id, is_applied) VALUES (4711, true)",
			)
		})

		later, err := store.Open(t.Context(), url)
		if err == nil {
			later.Close()
			t.Fatal("it is opened")
		}

		for _, want := range []string{"version 4711", "up to version ", "nothing was changed"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("no %q in %v", want, err)
			}
		}
	})
}

func TestAStoreThatCannotBeReachedIsReported(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		if err := store.CheckConnection(t.Context(), url); err != nil {
			t.Error(err)
		}
	})

	err := store.CheckConnection(
		t.Context(),
		"postgres://somebody:hunter2@127.0.0.1:1/payhost?sslmode=disable",
	)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}
