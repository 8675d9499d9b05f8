package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/payhost/payhost/host/internal/pgdial"
	"github.com/pressly/goose/v3"
)

// postgresReaders is how many connections of one host read at most. Its writer
// has one besides.
const postgresReaders = 8

// beginToRead begins a transaction that sees one moment.
const beginToRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

// sessionLimits are the server's limits for our connections, unless the URL
// says otherwise. A host that is frozen within a transaction, as when its
// machine is suspended, would keep every other host from writing for as long as
// the server takes it for alive. With these limits it loses its locks after ten
// seconds, and its own callers are told that nothing was written. Nor does one
// statement wait for another host's lock, or run, for longer than a write may
// take.
var sessionLimits = map[string]string{
	"idle_in_transaction_session_timeout": "10s", "lock_timeout": "20s", "statement_timeout": "25s",
}

// writerSettings make the writer, whose statements are all by a key, look each
// row up by an index. Its plans are made once, while the tables of a new
// database are empty and walking them is cheapest, and are kept for hours.
var writerSettings = map[string]string{
	"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
}

// readerSettings make a Get, which is one implicit transaction, see one moment
// as a Read does. A plan is made for the values that are asked for: one for all
// values walks the whole table for a rare one.
var readerSettings = map[string]string{
	"default_transaction_isolation": "repeatable read",
	"plan_cache_mode":               "force_custom_plan",
}

// postgres is a server's database, which several hosts may share.
type postgres struct {
	writer, readers *pgxpool.Pool
	migrations      *pgxpool.Config
	// pooled says that a pooler answers, so that settings are made within each
	// transaction. limits is the statement that does so.
	pooled bool
	limits string
}

// openPostgres prepares the pools of a URL. They connect when they are used.
// The error does not quote the URL, which may hold a password.
func openPostgres(ctx context.Context, url string) (database, error) {
	writer, err := pgdial.Open(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	p := &postgres{pooled: writer.Pooled}
	readers := writer.Copy()

	// The readers do not find a fail-over that the writer finds: they would
	// read the former server's data for ever.
	writer.DropReadOnly(func() { p.readers.Reset() })

	if p.pooled {
		p.limits = limitsWithin(writer.ConnConfig.RuntimeParams)
		for name := range sessionLimits {
			delete(readers.ConnConfig.RuntimeParams, name)
		}
		p.migrations = writer.Config.Copy()
	} else {
		p.migrations = writer.Config.Copy()
		preset(writer.Config, sessionLimits)
		preset(writer.Config, writerSettings)
		preset(readers.Config, sessionLimits)
		preset(readers.Config, readerSettings)

		// Not as a parameter of the connection: a URL that asks for a server
		// that can be written would then find none.
		readers.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "SET default_transaction_read_only = on")
			return err
		}
	}

	writer.MaxConns = 1
	readers.MaxConns = postgresReaders
	if p.readers, err = pgxpool.NewWithConfig(ctx, readers.Config); err != nil {
		return nil, errors.New("store: the postgres url is not valid")
	}

	if p.writer, err = pgxpool.NewWithConfig(ctx, writer.Config); err != nil {
		p.readers.Close()
		return nil, errors.New("store: the postgres url is not valid")
	}

	return p, nil
}

// preset makes settings of a session that the URL leaves open.
func preset(cfg *pgxpool.Config, settings map[string]string) {
	for name, value := range settings {
		if _, ok := cfg.ConnConfig.RuntimeParams[name]; !ok {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
}

// limitsWithin removes the limits from the settings of a session, and returns
// the statement that sets them for a transaction.
func limitsWithin(params map[string]string) string {
	var sets []string
	for _, name := range slices.Sorted(maps.Keys(sessionLimits)) {
		value := cmp.Or(params[name], sessionLimits[name])
		delete(params, name)
		quoted := strings.ReplaceAll(value, "'", "''")
		sets = append(sets, fmt.Sprintf("set_config('%s', '%s', true)", name, quoted))
	}
	return "SELECT " + strings.Join(sets, ", ")
}

func (p *postgres) traits() traits {
	return traits{
		name:       "postgres",
		roundTrips: true,
		dialect:    goose.DialectPostgres,
		forUpdate:  " FOR UPDATE",
		clock:      serverTime,
		duplicate:  duplicateInPostgres,
	}
}

// migrating returns connections without limits: a migration of a large table
// may take its time.
func (p *postgres) migrating() (*sql.DB, func() error) {
	db := stdlib.OpenDB(*p.migrations.ConnConfig)
	return db, db.Close
}

func (p *postgres) begin(ctx context.Context) (batch, error) {
	conn, err := p.writer.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return newBatch(ctx, conn, p.limits), nil
}

func (p *postgres) read(ctx context.Context, fn func(transaction) error) error {
	return p.onReader(ctx, 0, func(tx *pipeline) error {
		tx.control(beginToRead, "begin to read")
		if p.limits != "" {
			tx.control(p.limits, "set the limits of a transaction")
		}
		defer func() {
			if tx.trips > 0 {
				_, _ = tx.conn.Exec(ctx, "ROLLBACK") // nothing was written
			}
		}()

		return fn(tx)
	})
}

func (p *postgres) get(ctx context.Context, fn func(transaction) error) error {
	return p.onReader(ctx, 1, func(tx *pipeline) error {
		tx.wrapped = p.pooled
		return fn(tx)
	})
}

// onReader runs fn on a connection, with at most so many round trips (0: any
// number). A connection that is found dead at the first one, as all are after
// the server was restarted, is replaced.
func (p *postgres) onReader(ctx context.Context, most int, fn func(*pipeline) error) error {
	for dead := 0; ; dead++ {
		conn, err := p.readers.Acquire(ctx)
		if err != nil {
			return err
		}
		tx := &pipeline{ctx: ctx, conn: conn.Conn(), most: most}
		err = fn(tx)

		// Only a connection that was dead from the start is replaced: later, fn
		// may have used what it has read.
		foundDead := err != nil && tx.trips <= 1 && tx.conn.IsClosed()
		conn.Release()
		if !foundDead || dead == postgresReaders || ctx.Err() != nil {
			return err
		}
	}
}

func (p *postgres) ping(ctx context.Context) error { return p.readers.Ping(ctx) }

func (p *postgres) close() error {
	p.writer.Close()
	p.readers.Close()
	return nil
}

func duplicateInPostgres(err error) bool {
	var refusal *pgconn.PgError
	return errors.As(err, &refusal) && refusal.Code == "23505" // unique_violation
}
