package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"runtime"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"
)

// PostgresURL returns the URL of an empty database. The tests outside of this
// package set it: what gives them databases is built on this package.
var PostgresURL func(testing.TB) string

// Exec runs a statement for a test.
func (t *Tx) Exec(ctx context.Context, query string) error {
	_, err := t.exec(ctx, query)
	return err
}

// OnWriter runs a statement on the one connection that writes, outside of any
// transaction.
func (s *Store) OnWriter(t testing.TB, query string) {
	t.Helper()
	var err error

	switch db := s.db.(type) {
	case *sqliteFile:
		_, err = db.writer.ExecContext(t.Context(), query)
	case *postgres:
		_, err = db.writer.Exec(t.Context(), query)
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

// Planned is Read with the plan of every query handed to look.
func (s *Store) Planned(
	ctx context.Context,
	look func(query, plan string),
	fn func(*Tx) error,
) error {
	return s.db.read(ctx, func(tx transaction) error {
		return fn(s.newTx(&planning{tx, look, s.db.traits().name == "postgres"}))
	})
}

// planning has the database explain each query before it runs it.
type planning struct {
	transaction
	look     func(query, plan string)
	postgres bool
}

func (p *planning) query(
	ctx context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	explain := "EXPLAIN QUERY PLAN "
	if p.postgres {
		explain = "EXPLAIN "
	}

	var lines []string
	err := p.transaction.query(ctx, explain+query, args, func(row scanner) error {
		var line, skipped string
		if p.postgres {
			err := row.Scan(&line)
			lines = append(lines, line)
			return err
		}
		err := row.Scan(&skipped, &skipped, &skipped, &line)
		lines = append(lines, line)
		return err
	})
	if err != nil {
		return err
	}
	p.look(query, strings.Join(lines, "\n"))

	return p.transaction.query(ctx, query, args, each)
}

// AwaitQueue returns when n writes wait for the writer.
func (s *Store) AwaitQueue(n int) {
	for len(s.queue) < n {
		runtime.Gosched()
	}
}

// OpenBefore makes the tables of a URL as they were before a migration, runs
// statements there, and closes it again.
func OpenBefore(t testing.TB, url string, migration int64, statements ...string) {
	t.Helper()
	var db database
	var err error
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		db, err = openSQLite(path)
	} else {
		db, err = openPostgres(t.Context(), url)
	}

	if err != nil {
		t.Fatal(err)
	}
	conns, done := db.migrating()
	err = migrateTo(t.Context(), db, conns, migration-1)

	for _, statement := range statements {
		if err == nil {
			_, err = conns.ExecContext(t.Context(), statement)
		}
	}

	if err := errors.Join(err, done(), db.close()); err != nil {
		t.Fatal(err)
	}
}

func migrateTo(ctx context.Context, db database, conns *sql.DB, version int64) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(db.traits().dialect, conns, dir,
		goose.WithTableName("payhost_migrations"))
	if err != nil {
		return err
	}

	_, err = p.UpTo(ctx, version)
	return err
}

// DuePlan is how SQLite finds what is due.
func (t *Tx) DuePlan(ctx context.Context) (plan string, err error) {
	err = t.tx.query(ctx, "EXPLAIN QUERY PLAN "+dueIntents, []any{int64(1), "acme", 10},
		func(row scanner) error {
			var a, b, c int
			var step string
			err := row.Scan(&a, &b, &c, &step)
			plan += step + "; "
			return err
		})
	return plan, err
}

// Synchronous is how SQLite's writer syncs a commit: 2 is FULL.
func (s *Store) Synchronous(t testing.TB) (mode int) {
	t.Helper()
	file, ok := s.db.(*sqliteFile)
	if !ok {
		t.Fatal("not a SQLite file")
	}

	if err := file.writer.QueryRowContext(t.Context(),
		"PRAGMA synchronous").Scan(&mode); err != nil {
		t.Fatal(err)
	}

	return mode
}

// NextNumber advances a counter and returns its value.
func (t *Tx) NextNumber(ctx context.Context, name string, start uint64) (uint64, error) {
	var value int64
	err := t.queryRow(ctx, advanceCounter+` RETURNING value`, name, int64(start), 1).
		Scan(&value)
	return uint64(value), err
}

// IsPostgres reports whether the database is a PostgreSQL.
func (s *Store) IsPostgres() bool { return s.db.traits().name == "postgres" }

// Notes reads the notes of an intent's history.
func (t *Tx) Notes(ctx context.Context, id string) ([]string, error) {
	return t.texts(ctx, `SELECT note FROM history WHERE intent_id = $1`, id)
}

// Dump returns every row of a PostgreSQL, as text.
func (t *Tx) Dump(ctx context.Context) (string, error) {
	tables, err := t.texts(ctx, `SELECT table_name FROM information_schema.tables
		WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`)
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, table := range tables {
		rows, err := t.texts(ctx, `SELECT r::text FROM "`+table+`" AS r`)
		if err != nil {
			return "", err
		}
		all.WriteString(table + "\n" + strings.Join(rows, "\n") + "\n")
	}
	return all.String(), nil
}
