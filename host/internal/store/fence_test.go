package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// marked opens a database as a host does that has its mark in a file.
func marked(t *testing.T, url, mark string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, store.WithMark(mark))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closed(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// paid adds an entry to the audit log, as everything does that moves money.
func paid(t *testing.T, s *store.Store) {
	t.Helper()
	update(t, s, func(tx *store.Tx) error {
		tx.Audit(t.Context(), payment.AuditEntry{Action: "payments.create"})
		return nil
	})
}

// fenceOf returns why no money moves; "" when it may.
func fenceOf(t *testing.T, s *store.Store) (why string) {
	t.Helper()
	view(t, s, func(tx *store.Tx) error {
		fence, err := tx.Fence(t.Context())
		if fence != nil {
			why = fence.Reason
		}
		return err
	})
	return why
}

// The first host adopts a database, and finds it again however it has ended.
func TestAHostKnowsItsOwnDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		mark := filepath.Join(t.TempDir(), "mark")
		for range 3 {
			s := marked(t, url, mark)
			paid(t, s)
			if why := fenceOf(t, s); why != "" {
				t.Error(why)
			}
			closed(t, s)
		}

		// One that came further than its mark, as after a loss of power.
		before, err := os.ReadFile(mark)
		if err != nil {
			t.Fatal(err)
		}
		s := marked(t, url, mark)
		paid(t, s)
		closed(t, s)
		if err := os.WriteFile(mark, before, 0o600); err != nil {
			t.Fatal(err)
		}
		s = marked(t, url, mark)
		defer closed(t, s)
		if why := fenceOf(t, s); why != "" {
			t.Error(why)
		}
	})
}

// A database that is older than a host knows it, or that went on in another way,
// is fenced for all hosts, until an operator lifts it.
func TestAnOlderOrForeignDatabaseIsFenced(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, folder := t.Context(), t.TempDir()
		mark, other := filepath.Join(folder, "mark"), filepath.Join(folder, "other")
		s := marked(t, url, mark)
		paid(t, s)
		paid(t, s)
		closed(t, s)
		known, err := os.ReadFile(mark)
		if err != nil {
			t.Fatal(err)
		}

		undo := func(s *store.Store) { // as if it was restored from before
			s.OnWriter(t, `DELETE FROM audit WHERE position = 2`)
			s.OnWriter(t, `UPDATE audit_head SET position = 1,
				hash = (SELECT hash FROM audit WHERE position = 1)`)
		}
		s = open(t, url)
		undo(s)
		s = marked(t, url, mark)
		if why := fenceOf(t, s); !strings.Contains(why, "older copy") {
			t.Errorf("the reason is %q", why)
		}
		closed(t, s)

		// It stays, also for a host that knows nothing better.
		s = marked(t, url, other)
		if fenceOf(t, s) == "" {
			t.Error("another host moves money")
		}
		s.OnWriter(t, `INSERT INTO counters (name, value) VALUES ('sequence:f', 7)`)
		update(t, s, func(tx *store.Tx) error {
			was, err := tx.LiftFence(ctx)
			if !was {
				t.Error("there was none")
			}
			tx.Audit(ctx, payment.AuditEntry{Action: "fence-lift"})
			return err
		})
		update(t, s, func(tx *store.Tx) error {
			next, err := tx.NextNumber(ctx, "sequence:f", 1)
			if next <= 7+store.SequenceMargin {
				t.Errorf("the next number is %d", next)
			}
			return err
		})
		closed(t, s)

		// The decision is also about what the first host has known.
		s = marked(t, url, mark)
		if why := fenceOf(t, s); why != "" {
			t.Errorf("fenced again: %s", why)
		}
		paid(t, s)
		closed(t, s)

		// A history that went on in another way has other entries under the same numbers.
		if err := os.WriteFile(mark, known, 0o600); err != nil {
			t.Fatal(err)
		}
		s = open(t, url)
		s.OnWriter(t, `DELETE FROM settings WHERE name = 'fence_lifted'`)
		s = marked(t, url, mark)
		defer closed(t, s)
		if why := fenceOf(t, s); !strings.Contains(why, "another one") {
			t.Errorf("the reason is %q", why)
		}
	})
}

// A copy of a file has no mark beside it. On a server, a host without one may be
// one more host beside others that live.
func TestAHostWithoutAMarkIsFencedUnlessOthersLive(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		folder := t.TempDir()
		s := marked(t, url, filepath.Join(folder, "mark"))
		paid(t, s)

		if s.IsPostgres() {
			update(t, s, func(tx *store.Tx) error { return tx.RecordHeartbeat(t.Context(), "alive") })
			another := marked(t, url, filepath.Join(folder, "another"))
			if why := fenceOf(t, another); why != "" {
				t.Errorf("beside a living host: %s", why)
			}
			closed(t, another)
			s.OnWriter(t, `DELETE FROM hosts`)
		}
		closed(t, s)

		for _, text := range []string{"", "damaged", "payhost mark 1\nx\ny\nz\n"} {
			path := filepath.Join(folder, "new")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			s := marked(t, url, path)
			if why := fenceOf(t, s); !strings.Contains(why, "may be a copy") {
				t.Errorf("%q: the reason is %q", text, why)
			}
			update(t, s, func(tx *store.Tx) error {
				_, err := tx.LiftFence(t.Context())
				return err
			})
			closed(t, s)
		}
	})
}

// A server that fails over to one without the last commits is noticed by a host
// that goes on.
func TestLostCommitsAreNoticedWhileAHostRuns(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := marked(t, url, filepath.Join(t.TempDir(), "mark"))
		defer closed(t, s)
		paid(t, s)
		paid(t, s)
		if err := s.CompareWithMark(t.Context()); err != nil || fenceOf(t, s) != "" {
			t.Fatalf("%v, %q", err, fenceOf(t, s))
		}

		s.OnWriter(t, `DELETE FROM audit WHERE position = 2`)
		s.OnWriter(t, `UPDATE audit_head SET position = 1,
			hash = (SELECT hash FROM audit WHERE position = 1)`)
		if err := s.CompareWithMark(t.Context()); err != nil || fenceOf(t, s) == "" {
			t.Errorf("%v, and no fence", err)
		}
	})
}

// A backup is made while the database is written, has all of one moment, and is
// nobody else's to read.
func TestABackupIsOnlineAndWhole(t *testing.T) {
	folder := t.TempDir()
	url := "sqlite:" + filepath.Join(folder, "payhost.db")
	s := open(t, url)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			paid(t, s)
		}
	}()

	path := filepath.Join(folder, "copy")
	done, err := store.Backup(t.Context(), url, path)
	stop()
	<-ended
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != done.Bytes {
		t.Errorf("the file is %v, %v", info, err)
	}
	if _, err := store.Backup(t.Context(), url, path); err == nil {
		t.Error("a file that is there was replaced")
	}

	// One that is damaged is not taken for whole.
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"cut off": whole[:len(whole)/2],
		"changed": append(append([]byte{}, whole[:8192]...), make([]byte, len(whole)-8192)...),
		"other":   []byte("something else"),
	} {
		damaged := filepath.Join(folder, name)
		if err := os.WriteFile(damaged, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if found, err := store.CheckBackup(t.Context(), damaged); err == nil {
			t.Errorf("%s: taken for whole: %+v", name, found)
		}
	}

	if _, err := store.Backup(t.Context(), "postgres://h/d", path+"2"); err == nil ||
		!strings.Contains(err.Error(), "pg_dump") {
		t.Errorf("on PostgreSQL: %v", err)
	}
}
