package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
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

// Explain makes the store tell the plan of every statement before it is run.
// PostgreSQL runs what only reads, so that the plan has the number of rows that
// each step has really looked at.
func (s *Store) Explain(t testing.TB, told func(query, plan string)) {
	t.Helper()
	explained := &explainingDatabase{database: s.db, told: told}

	switch db := s.db.(type) {
	case *sqliteFile:
		explained.explain = func(ctx context.Context, query string, args []any) (string, error) {
			return explainInSQLite(ctx, db.readers, query, args)
		}

	case *postgres:
		// The writer's own connection is busy, and has other settings than the
		// readers have.
		config := db.writer.Config().Copy()
		config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
		writer, err := pgxpool.NewWithConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}

		t.Cleanup(writer.Close)

		explained.explain = func(ctx context.Context, query string, args []any) (string, error) {
			if strings.HasPrefix(query, "SELECT") && !strings.Contains(query, "FOR UPDATE") {
				analyze := "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) "
				return explainInPostgres(ctx, db.readers, analyze+query, args)
			}
			return explainOnWriter(ctx, writer, query, args)
		}
	}

	s.db = explained
}

func explainInSQLite(
	ctx context.Context,
	db *sql.DB,
	query string,
	args []any,
) (string, error) {
	rows, err := db.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()

	var lines []string
	for rows.Next() {
		var line, skipped string
		if err := rows.Scan(&skipped, &skipped, &skipped, &line); err != nil {
			return "", err
		}
		lines = append(lines, line)
	}

	return strings.Join(lines, "\n"), rows.Err()
}

func explainInPostgres(
	ctx context.Context,
	pool *pgxpool.Pool,
	query string,
	args []any,
) (string, error) {
	rows, err := pool.Query(ctx, query, args...)
	if err != nil {
		return "", err
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return strings.Join(lines, "\n"), err
}

// explainOnWriter explains the plan that the writer makes once, for all values.
func explainOnWriter(
	ctx context.Context,
	pool *pgxpool.Pool,
	query string,
	args []any,
) (plan string, err error) {
	err = pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		_, err := conn.Exec(
			ctx,
			"PREPARE explained AS "+query,
			pgx.QueryExecModeSimpleProtocol,
		)
		if err != nil {
			return err
		}

		defer conn.Exec(ctx, "DEALLOCATE explained", pgx.QueryExecModeSimpleProtocol)

		execute := "EXPLAIN EXECUTE explained"
		if len(args) > 0 {
			var literals []string
			for _, arg := range args {
				literals = append(literals, literal(arg))
			}
			execute += "(" + strings.Join(literals, ", ") + ")"
		}

		rows, err := conn.Query(ctx, execute, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return err
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}

		plan = strings.Join(lines, "\n")
		return nil
	})

	return plan, err
}

// literal returns an argument as SQL has it.
func literal(arg any) string {
	value := reflect.ValueOf(arg)
	switch {
	case arg == nil:
		return "NULL"
	case value.Kind() == reflect.String:
		return "'" + strings.ReplaceAll(value.String(), "'", "''") + "'"
	case value.Type() == reflect.TypeFor[[]byte]():
		return fmt.Sprintf(`'\x%x'::bytea`, arg)
	case value.Kind() == reflect.Slice:
		var items []string
		for k := range value.Len() {
			items = append(items, literal(value.Index(k).Interface()))
		}
		return "ARRAY[" + strings.Join(items, ", ") + "]"
	}

	return fmt.Sprint(arg)
}

// explainingDatabase is the hook of Explain.
type explainingDatabase struct {
	database
	told    func(query, plan string)
	explain func(ctx context.Context, query string, args []any) (string, error)
}

func (d *explainingDatabase) begin(ctx context.Context) (batch, error) {
	begun, err := d.database.begin(ctx)
	if err != nil {
		return nil, err
	}
	return &explainingBatch{begun, explaining{begun, d}}, nil
}

func (d *explainingDatabase) read(
	ctx context.Context,
	fn func(transaction) error,
) error {
	return d.database.read(ctx, func(tx transaction) error { return fn(explaining{tx, d}) })
}

func (d *explainingDatabase) get(ctx context.Context, fn func(transaction) error) error {
	return d.database.get(ctx, func(tx transaction) error { return fn(explaining{tx, d}) })
}

// explaining tells the plan of each statement that runs in a transaction.
type explaining struct {
	transaction
	database *explainingDatabase
}

func (e explaining) tell(query string, args []any) error {
	plan, err := e.database.explain(context.Background(), query, args)
	if err != nil {
		return fmt.Errorf("explain %s: %w", query, err)
	}
	e.database.told(query, plan)
	return nil
}

func (e explaining) exec(ctx context.Context, query string, args []any) (int64, error) {
	if err := e.tell(query, args); err != nil {
		return 0, err
	}
	return e.transaction.exec(ctx, query, args)
}

func (e explaining) query(
	ctx context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	if err := e.tell(query, args); err != nil {
		return err
	}
	return e.transaction.query(ctx, query, args, each)
}

func (e explaining) queue(
	ctx context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	if err := e.tell(query, args); err != nil {
		return err
	}
	return e.transaction.queue(ctx, query, args, each)
}

// queueRow also tells how several such rows would be written together, which is
// how PostgreSQL writes them.
func (e explaining) queueRow(ctx context.Context, rows *bulk, args []any) error {
	all := rows.single(args)
	if e.database.traits().roundTrips {
		all = append(all, rows.many([][]any{args, args})...)
	}

	for _, one := range all {
		if err := e.tell(one.query, one.args); err != nil {
			return err
		}
	}

	return e.transaction.queueRow(ctx, rows, args)
}

// explainingBatch is explaining for a batch.
type explainingBatch struct {
	batch
	explaining explaining
}

func (b *explainingBatch) exec(
	ctx context.Context,
	query string,
	args []any,
) (int64, error) {
	return b.explaining.exec(ctx, query, args)
}

func (b *explainingBatch) query(
	ctx context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	return b.explaining.query(ctx, query, args, each)
}

func (b *explainingBatch) queue(
	ctx context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	return b.explaining.queue(ctx, query, args, each)
}

func (b *explainingBatch) queueRow(ctx context.Context, rows *bulk, args []any) error {
	return b.explaining.queueRow(ctx, rows, args)
}

// Prefetched reads what a commit of several writes would read for all of them.
func (s *Store) Prefetched(ctx context.Context, intentID string, e ProviderEvent) error {
	named := prefetch{
		intents: []string{intentID},
		events:  []eventKey{newEventKey(e.Provider, e.ID)},
	}
	tx, _, err := s.begin(ctx, []*job{{prefetch: named}, {prefetch: named}})
	if err != nil {
		return err
	}

	tx.rollback()

	// A commit that adds to the audit log reads its head behind the hook's
	// back.
	if explained, ok := s.db.(*explainingDatabase); ok {
		return explaining{database: explained}.tell(readAuditHead, nil)
	}

	return nil
}

// Moves runs the statements about a database that was left.
func (s *Store) Moves(ctx context.Context) error {
	return s.Write(ctx, func(tx *Tx) error {
		_, _, err := tx.moved(ctx)
		return errors.Join(err, tx.setMoved(ctx, newMove("elsewhere")), tx.unsetMoved(ctx))
	})
}

// OpenAnyway opens a database that was left for another one.
func OpenAnyway(t testing.TB, url string) *Store {
	t.Helper()
	s, err := openAnyway(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// SetClock reads the database's clock as Open does.
func (s *Store) SetClock(ctx context.Context) error { return s.setClock(ctx) }

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

// SetFence sets the fence.
func (t *Tx) SetFence(ctx context.Context, why string) error { return t.setFence(ctx, why) }

// WhyForeign compares the database with a mark.
func (t *Tx) WhyForeign(ctx context.Context, position int64, hash string) (string, error) {
	row := markedRow{auditHead: auditHead{position: position, hash: hash}}
	return t.whyForeign(ctx, row, auditHead{position: 2})
}
