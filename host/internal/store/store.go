// Package store keeps everything that must survive a crash: intents, attempts, histories, idempotency keys, notices and
// events, in one SQL text for SQLite and PostgreSQL.
//
// All writes go through Update. Several callers that write at once share one commit: each runs in a savepoint of its
// own, so that one caller's failure takes back only its own work, and none is answered before the commit is on disk.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNotFound is for a row that does not exist.
var ErrNotFound = errors.New("not found")

// ErrExists is for a key that is taken.
var ErrExists = errors.New("exists already")

// ErrClosed is for a write after Close.
var ErrClosed = errors.New("the store is closed")

// Store is an open database. It may be used by any number of goroutines.
type Store struct {
	engine engine
	write  *sql.DB
	read   *sql.DB
	// What is prepared on each; nil where the driver sees to that.
	writing, reading *statements
	queue            chan *job
	done             chan struct{}
	closed           chan struct{}
}

// engine is what differs between the databases.
type engine struct {
	name      string // for errors
	dialect   goose.Dialect
	forUpdate string // appended to a SELECT whose row is about to be changed
	// writeLock begins every writing transaction: it makes the hosts' commits take turns, as SQLite does by itself.
	writeLock string
	snapshot  sql.IsolationLevel // in which a transaction that reads sees one moment
	duplicate func(error) bool
}

// Open opens the database of a URL ("sqlite:PATH" or "postgres://…"), brings its tables up to date and starts the
// writer. Close must be called.
func Open(ctx context.Context, url string) (*Store, error) {
	var (
		s   *Store
		err error
	)
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		s, err = openSQLite(strings.TrimPrefix(url, "sqlite:"))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		s, err = openPostgres(url)
	default:
		return nil, errors.New(`store: the url must start with "sqlite:" or "postgres://"`)
	}
	if err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.write.Close(), s.read.Close())
	}
	s.queue = make(chan *job, maxBatch)
	s.done, s.closed = make(chan struct{}), make(chan struct{})
	go s.commitLoop()
	return s, nil
}

// Close ends the writer after what it has taken on, and closes the database.
func (s *Store) Close() error {
	close(s.closed)
	<-s.done
	s.writing.close()
	s.reading.close()
	return errors.Join(s.write.Close(), s.read.Close())
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.read.PingContext(ctx) }

const migrateTries = 6

// migrate brings the tables up to date. Each migration is one transaction: a failure leaves the former tables.
func (s *Store) migrate(ctx context.Context) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(s.engine.dialect, s.write, dir, goose.WithTableName("payhost_migrations"))
	if err != nil {
		return fmt.Errorf("%s: prepare migrations: %w", s.engine.name, err)
	}
	// Of several hosts that start at once one makes a migration and the others fail at it; then they find it made.
	for tries := 1; ; tries++ {
		if _, err = p.Up(ctx); err == nil {
			return nil
		}
		if tries == migrateTries || ctx.Err() != nil {
			return fmt.Errorf("%s: bring the tables up to date: %w", s.engine.name, err)
		}
		time.Sleep(time.Duration(tries) * 100 * time.Millisecond)
	}
}

// View runs fn in a transaction that only reads: everything it sees is of one moment.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{Isolation: s.engine.snapshot, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("%s: begin to read: %w", s.engine.name, err)
	}
	defer s.reading.prepare(ctx)
	defer func() { _ = tx.Rollback() }() // nothing was written
	return fn(&Tx{tx: tx, engine: s.engine, prepared: s.reading})
}

// Tx is a transaction. Its methods must not be used after the function it was given to has returned.
type Tx struct {
	tx       *sql.Tx
	engine   engine
	prepared *statements
}

func (t *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	var (
		res sql.Result
		err error
	)
	if stmt := t.prepared.of(ctx, t.tx, query); stmt != nil { //nolint:sqlclosecheck // it ends with the transaction
		res, err = stmt.ExecContext(ctx, storable(args)...)
	} else {
		res, err = t.tx.ExecContext(ctx, query, storable(args)...)
	}
	if err != nil {
		if t.engine.duplicate(err) {
			return 0, ErrExists
		}
		return 0, fmt.Errorf("%s: %w", t.engine.name, err)
	}
	return res.RowsAffected()
}

func (t *Tx) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := t.prepared.of(ctx, t.tx, query); stmt != nil { //nolint:sqlclosecheck // it ends with the transaction
		return stmt.QueryContext(ctx, storable(args)...)
	}
	return t.tx.QueryContext(ctx, query, storable(args)...)
}

func (t *Tx) queryRow(ctx context.Context, query string, args ...any) *sql.Row {
	if stmt := t.prepared.of(ctx, t.tx, query); stmt != nil { //nolint:sqlclosecheck // it ends with the transaction
		return stmt.QueryRowContext(ctx, storable(args)...)
	}
	return t.tx.QueryRowContext(ctx, query, storable(args)...)
}

// storable mends text that PostgreSQL would refuse: providers and strangers send bytes that are not UTF-8, and zeros, and
// what they send must be kept all the same. What is not exact any more is only shown, or looked up mended likewise.
func storable(args []any) []any {
	for k, a := range args {
		if text, ok := a.(string); ok && (!utf8.ValidString(text) || strings.Contains(text, "\x00")) {
			args[k] = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	return args
}

// micros and fromMicros keep times as the columns have them; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
