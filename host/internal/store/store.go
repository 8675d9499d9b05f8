// Package store keeps everything that must survive a crash: intents, attempts, histories, idempotency keys, webhooks and
// events, in one SQL text for SQLite and PostgreSQL.
//
// All writes go through Write, WriteIntent and ApplyEvents. Several callers that write at once share one commit: each runs
// in a savepoint of its own, so that one caller's failure takes back only its own work, and none is answered before the
// commit is on disk. On PostgreSQL statements whose results are not needed at once share round trips, also of several
// callers (pipeline.go), and the rows that callers are about to change are read for all of them together (prefetch.go).
package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNotFound is for a row that does not exist.
var ErrNotFound = errors.New("not found")

// ErrExists is for a key that is taken.
var ErrExists = errors.New("exists already")

// ErrLocked is for a lock that another process has.
var ErrLocked = errors.New("locked by another process")

// ErrClosed is for a write after Close.
var ErrClosed = errors.New("the store is closed")

// Transactor runs transactions. The rooms of a host depend on it and not on *Store, so that a test can put faults
// between them and the database: a commit that fails, that is slow, or whose answer is lost.
type Transactor interface {
	// Write, WriteIntent and ApplyEvents write; Read and Get only read. See *Store.
	Write(ctx context.Context, fn func(*Tx) error) error
	WriteIntent(ctx context.Context, id string, fn func(*Tx, *intent.Intent) error) error
	ApplyEvents(ctx context.Context, events []ProviderEvent, fn func(*Tx) error) error
	Read(ctx context.Context, fn func(*Tx) error) error
	Get(ctx context.Context, fn func(*Tx) error) error
	// Now is the database's clock, by which everything that is written is dated and every window is judged.
	Now() time.Time
}

var _ Transactor = (*Store)(nil)

// Store is an open database. It may be used by any number of goroutines.
type Store struct {
	db     database
	clock  *clock
	log    *slog.Logger
	queue  chan *job
	done   chan struct{}
	closed chan struct{}
}

// Option adds to Open.
type Option func(*Store)

// WithClock sets what the database's clock shows, for tests. Without it PostgreSQL's is the server's, and SQLite's is the
// machine's, which is then never set back.
func WithClock(now func() time.Time) Option {
	return func(s *Store) { s.clock = &clock{fixed: now} }
}

// WithLogger sets where the store says what nobody asks it for, such as a row that cannot be read. Without it nothing is
// logged.
func WithLogger(l *slog.Logger) Option { return func(s *Store) { s.log = l } }

// Open opens the database of a URL ("sqlite:PATH" or "postgres://…"), brings its tables up to date and starts the
// writer. Close must be called.
func Open(ctx context.Context, url string, opts ...Option) (*Store, error) {
	var (
		db  database
		err error
	)
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		db, err = openSQLite(strings.TrimPrefix(url, "sqlite:"))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		db, err = openPostgres(ctx, url)
	default:
		return nil, errors.New(`store: the url must start with "sqlite:" or "postgres://"`)
	}
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, db); err != nil {
		return nil, errors.Join(err, db.close())
	}
	s := &Store{db: db, clock: newClock(), log: slog.New(slog.DiscardHandler),
		queue: make(chan *job, maxBatch), done: make(chan struct{}), closed: make(chan struct{})}
	for _, option := range opts {
		option(s)
	}
	if err := s.setClock(ctx); err != nil {
		return nil, errors.Join(err, db.close())
	}

	go s.commitLoop()
	return s, nil
}

// Close ends the writer after what it has taken on, and closes the database.
func (s *Store) Close() error {
	close(s.closed)
	<-s.done
	return s.db.close()
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.ping(ctx) }

const migrateTries = 6

// migrate brings the tables up to date. Each migration is one transaction: a failure leaves the former tables.
func migrate(ctx context.Context, db database) (err error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	conns, done := db.migrating()
	defer func() { err = errors.Join(err, done()) }()
	name := db.traits().name
	p, err := goose.NewProvider(db.traits().dialect, conns, dir, goose.WithTableName("payhost_migrations"))
	if err != nil {
		return fmt.Errorf("%s: prepare migrations: %w", name, err)
	}
	// Of several hosts that start at once one makes a migration and the others fail at it; then they find it made.
	for tries := 1; ; tries++ {
		var found, known int64
		if found, known, err = p.GetVersions(ctx); err == nil && found > known {
			return fmt.Errorf("%s: the tables are of version %d, and this payhost knows them up to version %d: "+
				"start the payhost that made them, or a later one; nothing was changed", name, found, known)
		}
		if _, err = p.Up(ctx); err == nil {
			return nil
		}
		if tries == migrateTries || ctx.Err() != nil {
			return fmt.Errorf("%s: bring the tables up to date: %w", name, err)
		}
		time.Sleep(time.Duration(tries) * 100 * time.Millisecond)
	}
}

// Read runs fn in a transaction that only reads: everything it sees is of one moment.
func (s *Store) Read(ctx context.Context, fn func(*Tx) error) error {
	return s.db.view(ctx, func(tx transaction) error { return fn(s.tx(tx)) })
}

// Get is Read for what the database answers at once: one statement, or one call of a Tx that says so. It costs a server
// one round trip where Read takes three.
func (s *Store) Get(ctx context.Context, fn func(*Tx) error) error {
	return s.db.look(ctx, func(tx transaction) error { return fn(s.tx(tx)) })
}

// tx gives a transaction what it needs of the store.
func (s *Store) tx(tx transaction) *Tx {
	return &Tx{tx: tx, engine: s.db.traits(), log: s.log, clock: s.clock}
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
