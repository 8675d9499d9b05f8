// Package store keeps everything that must survive a crash: intents, attempts,
// histories, idempotency keys, webhooks and events, in one SQL text for SQLite
// and PostgreSQL.
//
// A caller writes with Write, WriteIntent or ApplyEvents, and reads with Read
// or Get. Each runs a function in a transaction, whose methods are those of Tx.
//
// Several callers that write at once share one commit (commit.go), and none is
// answered before it is on disk. When one of them fails, all is rolled back and
// done again with a savepoint for each, so that the failure of one undoes only
// its own work. On PostgreSQL, statements whose answers are not needed at once
// share round trips, even across callers (pipeline.go), the rows that callers
// are about to change are read for all of them together (prefetch.go), and the
// rows that they add are written by one statement a table (bulk.go).
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

var (
	// ErrNotFound is for a row that does not exist.
	ErrNotFound = errors.New("not found")
	// ErrExists is for a key that is taken.
	ErrExists = errors.New("exists already")
	// ErrLocked is for a lock that another process holds.
	ErrLocked = errors.New("locked by another process")
	// ErrClosed is for a write after Close.
	ErrClosed = errors.New("the store is closed")
)

// Transactor runs transactions. The packages of a host depend on it and not on
// *Store, so that a test can put faults between them and the database: a commit
// that fails, that is slow, or whose acknowledgement is lost.
//
// It may be used by any number of goroutines. Its methods keep to what *Store
// says of them: a write that returns nil is on disk, one that returns an error
// with ErrUnwritten in it has written nothing, and any other error leaves that
// open.
type Transactor interface {
	Write(ctx context.Context, fn func(*Tx) error) error
	WriteIntent(ctx context.Context, id string, fn func(*Tx, *intent.Intent) error) error
	WriteKnown(ctx context.Context, known Known, fn func(*Tx, *intent.Intent) error) error
	ApplyEvents(ctx context.Context, events []ProviderEvent, fn func(*Tx) error) error
	Read(ctx context.Context, fn func(*Tx) error) error
	Get(ctx context.Context, fn func(*Tx) error) error
	// Now returns the time of the database's clock. All that is written is
	// dated by it, and every window is judged by it.
	Now() time.Time
}

var _ Transactor = (*Store)(nil)

// Store is an open database. It may be used by any number of goroutines.
type Store struct {
	db    database
	clock *clock
	log   *slog.Logger
	// timed is told how long each transaction of the writer took.
	timed  func(time.Duration)
	queue  chan *job
	behind chan *job     // jobs that let those of queue go first
	done   chan struct{} // closed when the writer has ended
	closed chan struct{} // closed by Close
	mark   *mark         // nil without one
	// readOnly is a store without a writer; its channels are closed.
	readOnly bool
}

// Option is a setting of Open.
type Option func(*Store)

// WithClock replaces the database's clock in tests. Without it, PostgreSQL's
// clock is the server's, and SQLite's is the machine's, except that it never
// goes back.
func WithClock(now func() time.Time) Option {
	return func(s *Store) { s.clock = &clock{fixed: now} }
}

// WithLogger sets the logger for problems that no caller waits for, such as a
// row that cannot be read. Without it nothing is logged.
func WithLogger(l *slog.Logger) Option { return func(s *Store) { s.log = l } }

// WithTimes has each transaction of the writer, from its beginning to the end
// of its commit, told to a function, which must return at once.
func WithTimes(told func(time.Duration)) Option { return func(s *Store) { s.timed = told } }

// Open opens the database of a URL ("sqlite:PATH" or "postgres://…"), brings
// its tables up to date and starts the writer. The caller must call Close.
func Open(ctx context.Context, url string, opts ...Option) (*Store, error) {
	s, err := openTables(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	if err := s.refuseMoved(ctx); err != nil {
		return nil, errors.Join(err, s.db.close())
	}
	if s.mark != nil {
		if err := s.mark.open(); err != nil {
			return nil, errors.Join(err, s.db.close())
		}
	}
	if s, err = s.start(ctx); err != nil {
		return nil, err
	}
	if err := s.CompareWithMark(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}

	return s, nil
}

// openAnyway is Open also for a database that was left for another one.
func openAnyway(ctx context.Context, url string) (*Store, error) {
	s, err := openTables(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	return s.start(ctx)
}

// openTables opens a database and brings its tables up to date.
func openTables(ctx context.Context, url string, opts []Option) (*Store, error) {
	db, err := openDatabase(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, db); err != nil {
		return nil, errors.Join(err, db.close())
	}

	s := &Store{
		db:     db,
		clock:  newClock(),
		log:    slog.New(slog.DiscardHandler),
		timed:  func(time.Duration) {},
		queue:  make(chan *job, maxBatch),
		behind: make(chan *job, maxBatch),
		done:   make(chan struct{}),
		closed: make(chan struct{}),
	}

	for _, option := range opts {
		option(s)
	}

	return s, nil
}

// start reads the clock and starts the writer.
func (s *Store) start(ctx context.Context) (*Store, error) {
	if err := s.setClock(ctx); err != nil {
		return nil, errors.Join(err, s.db.close())
	}

	// Writes are dated by the clock, which is set by now.
	go s.commitLoop()
	return s, nil
}

func openDatabase(ctx context.Context, url string) (database, error) {
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		return openSQLite(strings.TrimPrefix(url, "sqlite:"))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return openPostgres(ctx, url)
	}
	return nil, errors.New(`store: the url must start with "sqlite:" or "postgres://"`)
}

// Close ends the writer after the writes that it has taken on, and closes the
// database. It must be called once.
func (s *Store) Close() error {
	if s.readOnly {
		return s.db.close()
	}
	close(s.closed)
	<-s.done
	var unmarked error
	if s.mark != nil {
		unmarked = errors.Join(s.mark.sync(), s.mark.file.Close())
	}
	return errors.Join(s.db.close(), unmarked)
}

// Ping returns nil when the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.ping(ctx) }

// Read runs fn in a transaction that only reads. Everything that fn sees is of
// one moment. fn may be called again, on another connection when the first was
// found dead.
func (s *Store) Read(ctx context.Context, fn func(*Tx) error) error {
	return s.db.read(ctx, func(tx transaction) error { return fn(s.newTx(tx)) })
}

// Get is Read for an fn that runs one statement, or calls one method of Tx that
// permits it. It costs one round trip to a server where Read costs three. A
// second statement is an error.
func (s *Store) Get(ctx context.Context, fn func(*Tx) error) error {
	return s.db.get(ctx, func(tx transaction) error { return fn(s.newTx(tx)) })
}

const migrateTries = 6

// migrationsTable has the migrations that were made.
const migrationsTable = "payhost_migrations"

// migrate brings the tables up to date. Each migration is one transaction: when
// it fails, the former tables stay.
func migrate(ctx context.Context, db database) (err error) {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	conns, done := db.migrating()
	defer func() { err = errors.Join(err, done()) }()

	name := db.traits().name
	table := goose.WithTableName(migrationsTable)
	provider, err := goose.NewProvider(db.traits().dialect, conns, folder, table)
	if err != nil {
		return fmt.Errorf("%s: prepare migrations: %w", name, err)
	}

	// When several hosts start at once, one makes a migration and the others
	// fail at it. At the next try they find it made.
	for tries := 1; ; tries++ {
		found, known, err := provider.GetVersions(ctx)
		if err == nil && found > known {
			return fmt.Errorf(
				"%s: the tables are of version %d, and this payhost knows them "+
					"up to version %d: start the payhost that made them, or a later one; "+
					"nothing was changed",
				name,
				found,
				known,
			)
		}

		if err == nil && found > 0 && found < known {
			if err := awaitFormerHosts(ctx, db, conns); err != nil {
				if found, _, again := provider.GetVersions(ctx); again == nil && found == known {
					return nil
				}
				return fmt.Errorf("%s: bring the tables up to date: %w", name, err)
			}
		}

		_, err = provider.Up(ctx)
		if err == nil {
			return nil
		}
		if broken := brokenRows(ctx, conns); broken != nil {
			return fmt.Errorf("%s: bring the tables up to date: %w", name, broken)
		}

		if tries == migrateTries || ctx.Err() != nil {
			return fmt.Errorf("%s: bring the tables up to date: %w", name, err)
		}

		time.Sleep(time.Duration(tries) * 100 * time.Millisecond)
	}
}
