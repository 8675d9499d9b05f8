package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
	"github.com/payhost/payhost/host/payment"
)

// fullDatabase returns a SQLite file with rows in every table, also such as are
// easily changed on their way.
func fullDatabase(t *testing.T) (url string) {
	t.Helper()
	url = "sqlite:" + filepath.Join(t.TempDir(), "payhost.db")
	ctx := t.Context()
	s, err := store.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}

	fill(t, s, url, 2*smallShare)

	odd := example("pay_odd")
	odd.MerchantReference = "ü \\N \\. \t\r\n'\"\u2028\U0001f600 "
	odd.State = []byte{0, 255, 1, '\\'}
	update(t, s, func(tx *store.Tx) error {
		tx.Audit(ctx, payment.AuditEntry{Action: "payments.create", Subject: "pay_odd"})
		_, err := tx.NextNumber(ctx, "sequence:f", 41)
		e := payment.Event{Type: "payment.created", Data: []byte(`{"a":"\u0000"}`)}
		return errors.Join(err, tx.InsertIntent(ctx, odd),
			tx.AppendEvent(ctx, payment.KindPayment, odd.ID, "", &e),
			tx.SetSetting(ctx, "empty", ""), tx.RecordHeartbeat(ctx, "host_1"),
			tx.SetFence(ctx, "a copy"),
			tx.SetPause(ctx, payment.Pause{Provider: "acme", What: payment.PausePayments}),
			tx.Exec(ctx, `UPDATE intents SET state = NULL WHERE id = 'x_1'`))
	})

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	return url
}

// contentOf returns the rows of every table of a database as sorted lines, by
// means that have nothing in common with what copies them.
func contentOf(t *testing.T, url string) map[string][]string {
	t.Helper()
	driver, source := "pgx", url
	names := `SELECT tablename FROM pg_tables WHERE schemaname = current_schema()`
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, source = "sqlite", path
		names = `SELECT name FROM sqlite_schema WHERE type = 'table'`
	}

	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	content := map[string][]string{}
	for _, row := range rowsOf(t, db, names) {
		table := strings.Trim(row, `"`)
		content[table] = rowsOf(t, db, "SELECT * FROM "+table)
		slices.Sort(content[table])
	}

	for table := range content {
		own := []string{"payhost_migrations", "moved"}
		if slices.Contains(own, table) || strings.HasPrefix(table, "sqlite_") {
			delete(content, table)
		}
	}

	return content
}

func rowsOf(t *testing.T, db *sql.DB, query string) (lines []string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()

	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}

	for rows.Next() {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for k := range values {
			into[k] = &values[k]
		}

		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}

		var parts []string
		for _, value := range values {
			parts = append(parts, fmt.Sprintf("%q", fmt.Sprint(value)))
		}
		lines = append(lines, strings.Join(parts, " "))
	}

	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}

	return lines
}

func copied(t *testing.T, from, to string) []store.CopiedTable {
	t.Helper()
	tables, err := store.Copy(t.Context(), from, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

// Every row of every table arrives, and PostgreSQL gives it back as it was.
func TestADatabaseIsCopiedWithAllItsRows(t *testing.T) {
	from, to := fullDatabase(t), storetest.Postgres(t)
	want := contentOf(t, from)
	told := map[string]store.CopyProgress{}
	tables, err := store.Copy(t.Context(), from, to, func(p store.CopyProgress) {
		told[fmt.Sprint(p.Table, p.Verifying)] = p
	})
	if err != nil {
		t.Fatal(err)
	}

	got := contentOf(t, to)
	if len(want) < 17 || len(got) != len(want) || len(tables) != len(want) {
		t.Errorf("%d tables were copied, the source has %d and the target %d",
			len(tables), len(want), len(got))
	}

	for _, table := range tables {
		rows := want[table.Table]
		if len(rows) == 0 {
			t.Errorf("%s has no rows: fullDatabase must add one", table.Table)
		}
		if !slices.Equal(rows, got[table.Table]) {
			t.Errorf("%s has other rows in the target", table.Table)
		}

		if table.Rows != int64(len(rows)) || len(table.SHA256) != 64 {
			t.Errorf("said of %s with %d rows: %+v", table.Table, len(rows), table)
		}

		for _, verifying := range []string{"false", "true"} {
			if end := told[table.Table+verifying]; end.Done != end.All ||
				end.All != table.Rows {
				t.Errorf("told of %s: %+v", table.Table, end)
			}
		}
	}
}

// The copy goes on with the numbers, the events and the audit log of the
// source, which no host opens any more.
func TestACopyGoesOnWhereItsSourceHasEnded(t *testing.T) {
	from, to := fullDatabase(t), storetest.Postgres(t)
	copied(t, from, to)

	s, ctx := open(t, to), t.Context()
	var number uint64
	event := payment.Event{Type: "payment.created", Data: []byte("{}")}
	update(t, s, func(tx *store.Tx) (err error) {
		next := example("pay_next")
		tx.Audit(ctx, payment.AuditEntry{Action: "payments.create"})
		number, err = tx.NextNumber(ctx, "sequence:f", 1)
		return errors.Join(err, tx.InsertIntent(ctx, next),
			tx.AppendEvent(ctx, payment.KindPayment, next.ID, "", &event))
	})

	if number != 42 {
		t.Errorf("the next number is %d", number)
	}

	// An id that was given in the source is taken in the copy.
	err := s.Write(
		ctx,
		func(tx *store.Tx) error { return tx.InsertIntent(ctx, example("pay_odd")) },
	)
	if !errors.Is(err, store.ErrExists) {
		t.Errorf("a payment of the source: %v", err)
	}

	view(t, s, func(tx *store.Tx) error {
		events, err := tx.Events(ctx, 0, []string{"payment.created"}, 1000)
		last := events[len(events)-1]
		if last.PaymentID != "pay_next" || events[len(events)-2].PaymentID != "pay_odd" {
			t.Errorf("the last event is %+v", last)
		}
		return err
	})

	_, err = store.Open(ctx, from)
	if !errors.Is(err, store.ErrMoved) || !strings.Contains(err.Error(), "postgres://") ||
		!strings.Contains(err.Error(), "store.url") {
		t.Errorf("the source is opened: %v", err)
	}

	if strings.Contains(err.Error(), "@") {
		t.Errorf("the URL with its user is shown: %v", err)
	}
}

// The audit log of a copy is the log of its source.
func TestTheAuditLogOfACopyIsWhole(t *testing.T) {
	from, to := "sqlite:"+filepath.Join(t.TempDir(), "payhost.db"), storetest.Postgres(t)
	s, err := store.Open(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}

	for range 3 {
		update(t, s, func(tx *store.Tx) error {
			tx.Audit(t.Context(), payment.AuditEntry{Action: "payments.create"})
			return nil
		})
	}

	want, err := s.VerifyAudit(t.Context())
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}

	copied(t, from, to)
	got, err := open(t, to).VerifyAudit(t.Context())
	if err != nil || got != want || got.Rows != 3 || got.Broken != "" {
		t.Errorf("the log is %+v (%v), and was %+v", got, err, want)
	}
}

// What keeps a copying from being right ends it, changes nothing, and leaves
// the source as it was.
func TestACopyThatCannotBeRightChangesNothing(t *testing.T) {
	exec := func(statement string) func(*testing.T, string) {
		return func(t *testing.T, url string) {
			t.Helper()
			s, err := store.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			s.OnWriter(t, statement)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}

	for _, c := range []struct {
		name         string
		source       func(t *testing.T, url string)
		target       func(t *testing.T, url string)
		want         string
		alsoInTarget int
	}{
		{
			name:         "a host has run on the target",
			target:       exec(`INSERT INTO hosts (instance, started_at, beat_at) VALUES ('h', 1, 1)`),
			want:         "the target is not empty: there are rows in hosts",
			alsoInTarget: 1,
		},
		{
			name:   "text that is no text",
			source: exec(`INSERT INTO settings (name, value) VALUES ('bad', x'ff00')`),
			want:   "the column value of the row bad holds",
		},
		{
			name:   "a number that is no number",
			source: exec(`UPDATE intents SET checks = 'many' WHERE id = 'x_7'`),
			want:   "the column checks of the row x_7 holds",
		},
		{
			name: "a target that changes a row",
			target: exec(`CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS
				'BEGIN IF NEW.id = ''x_9'' THEN NEW.amount = ''2''; END IF; RETURN NEW; END';
				CREATE TRIGGER spoil BEFORE INSERT ON intents
				FOR EACH ROW EXECUTE FUNCTION spoil()`),
			want: "the row x_9 has another amount in the target",
		},
		{
			name: "a target that loses a row",
			target: exec(`CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS
				'BEGIN IF NEW.key = ''k9'' THEN RETURN NULL; END IF; RETURN NEW; END';
				CREATE TRIGGER lose BEFORE INSERT ON idempotency_keys
				FOR EACH ROW EXECUTE FUNCTION lose()`),
			want: "800 of",
		},
		{
			name:   "a table that the target has not",
			source: exec(`CREATE TABLE more (id TEXT PRIMARY KEY)`),
			want:   "the table more has the columns [id] in the source and [] in the target",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, to := fullDatabase(t), storetest.Postgres(t)
			if c.source != nil {
				c.source(t, from)
			}
			if c.target != nil {
				c.target(t, to)
			}

			_, err := store.Copy(t.Context(), from, to, nil)
			if c.want == "800 of" {
				c.want = "copy the table idempotency_keys"
			}
			if err == nil || !strings.Contains(err.Error(), c.want) ||
				!strings.Contains(err.Error(), "nothing was copied") {
				t.Fatalf("the error is: %v", err)
			}

			rows := 0
			for table, list := range contentOf(t, to) {
				if table != "audit_head" {
					rows += len(list)
				}
			}

			if rows != c.alsoInTarget {
				t.Errorf("the target has %d rows", rows)
			}
			open(t, from) // a host may go on
		})
	}
}

func TestOnlyOneWayOfCopyingIsOffered(t *testing.T) {
	folder := t.TempDir()
	file := "sqlite:" + filepath.Join(folder, "payhost.db")
	for _, c := range []struct{ from, to, want string }{
		{"postgres://h/d", "postgres://h/e", "pg_dump"},
		{file, file + "2", "copied as a file"},
		{file, "postgres://h/d", "no such file"},
		{"payhost.db", "postgres://h/d", "sqlite:PATH"},
	} {
		_, err := store.Copy(t.Context(), c.from, c.to, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s to %s: %v", c.from, c.to, err)
		}
	}

	if _, err := store.Reopen(t.Context(), file, "why"); err == nil {
		t.Error("a database that does not exist was reopened")
	}
	if made, _ := filepath.Glob(filepath.Join(folder, "*")); len(made) > 0 {
		t.Errorf("%v was made", made)
	}
}

func TestADatabaseThatAHostUsesIsNotCopied(t *testing.T) {
	from, to := fullDatabase(t), storetest.Postgres(t)
	unlock, err := store.LockFile(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unlock(); err != nil {
			t.Error(err)
		}
	}()

	_, err = store.Copy(t.Context(), from, to, nil)
	if err == nil || !strings.Contains(err.Error(), "another host has") {
		t.Errorf("the error is: %v", err)
	}
}

// A copying that was cut off is done again, whatever it had come to.
func TestACopyThatWasCutOffIsDoneAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		before bool // it had been committed in the target
	}{{"before the commit", false}, {"after the commit", true}} {
		t.Run(c.name, func(t *testing.T) {
			from, to := fullDatabase(t), storetest.Postgres(t)
			want := contentOf(t, from)
			copied(t, from, to)
			s := store.OpenAnyway(t, from)
			s.OnWriter(t, `UPDATE moved SET ended_at = 0`)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}

			if !c.before {
				empty(t, to)
			}
			_, err := store.Open(t.Context(), from)
			if !errors.Is(err, store.ErrMoved) ||
				!strings.Contains(err.Error(), "has not come to its end") {
				t.Errorf("the source is opened: %v", err)
			}

			tables := copied(t, from, to)
			if (len(tables) == 0) != c.before {
				t.Errorf("%d tables were copied", len(tables))
			}

			for table, rows := range contentOf(t, to) {
				if !slices.Equal(rows, want[table]) {
					t.Errorf("%s has other rows", table)
				}
			}

			_, err = store.Open(t.Context(), from)
			if !errors.Is(err, store.ErrMoved) ||
				!strings.Contains(err.Error(), "was copied to") {
				t.Errorf("the source is opened: %v", err)
			}

			_, err = store.Copy(t.Context(), from, to, nil)
			if !errors.Is(err, store.ErrMoved) {
				t.Errorf("it is copied once more: %v", err)
			}
		})
	}
}

// empty takes all rows out of a database, as if nothing had been committed.
func empty(t *testing.T, url string) {
	t.Helper()
	s := store.OpenAnyway(t, url)
	for table := range contentOf(t, url) {
		s.OnWriter(t, "TRUNCATE "+table+" CASCADE")
	}

	s.OnWriter(t, "TRUNCATE moved")
	s.OnWriter(t, "INSERT INTO audit_head (name, position, hash) VALUES ('head', 0, '')")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// A copying that its operator ends leaves the source for a host.
func TestACopyThatIsInterruptedLeavesTheSource(t *testing.T) {
	from, to := fullDatabase(t), storetest.Postgres(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := store.Copy(ctx, from, to, func(store.CopyProgress) { cancel() })
	if !errors.Is(err, context.Canceled) && !strings.Contains(fmt.Sprint(err), "canceled") {
		t.Errorf("the error is: %v", err)
	}
	open(t, from)
}

// Who goes on with a database that was left says why, and is in its audit log.
func TestADatabaseThatWasLeftIsReopenedWithAReason(t *testing.T) {
	from, to := fullDatabase(t), storetest.Postgres(t)
	if _, err := store.Reopen(t.Context(), from, "why"); !errors.Is(
		err,
		store.ErrNotFound,
	) {
		t.Errorf("one that was not left: %v", err)
	}

	copied(t, from, to)

	other, err := store.Reopen(t.Context(), from, "the new server was never used")
	if err != nil || !strings.Contains(other, "postgres://") {
		t.Fatalf("it was copied to %q: %v", other, err)
	}
	view(t, open(t, from), func(tx *store.Tx) error {
		list, err := tx.ListAudit(t.Context(), store.AuditFilter{Limit: 1})
		if list[0].Action != "store.reopen" ||
			!strings.Contains(list[0].Note, "never used") {
			t.Errorf("the audit log ends with %+v", list[0])
		}
		return err
	})
}
