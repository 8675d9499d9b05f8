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

// postgresReaders bounds the connections of one host, less one for its writer.
const postgresReaders = 8

// sessionLimits are what the server holds our connections to, unless the URL
// says otherwise. A host that is frozen within a transaction, as when its
// machine is suspended, would keep every other host from writing for as long as
// the server takes it for alive: what it holds it loses after ten seconds, and
// its own callers are told that nothing was written. Nor does one statement
// wait for another host's lock, or run, for longer than a write may take.
var sessionLimits = map[string]string{
	"idle_in_transaction_session_timeout": "10s", "lock_timeout": "20s", "statement_timeout": "25s",
}

// A look is one implicit transaction, and what it sees must be of one moment
// like a view's.
var readerSettings = map[string]string{"default_transaction_isolation": "repeatable read"}

// postgres is a server's database, which several hosts may share.
type postgres struct {
	write, read *pgxpool.Pool
	migrations  *pgxpool.Config
	// pooled: a pooler answers, so that settings are made within each
	// transaction. limits is the statement that does so.
	pooled bool
	limits string
}

func openPostgres(ctx context.Context, url string) (database, error) {
	write, err := pgdial.Open(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	p := &postgres{pooled: write.Pooled}
	read := write.Copy()

	// What the writer finds of a fail-over the readers do not: they would read
	// the former server's data for ever.
	write.DropReadOnly(func() { p.read.Reset() })

	if p.pooled {
		p.limits = limitsWithin(write.ConnConfig.RuntimeParams)
		for name := range sessionLimits {
			delete(read.ConnConfig.RuntimeParams, name)
		}
		p.migrations = write.Config.Copy()
	} else {
		p.migrations = write.Config.Copy()
		preset(write.Config, sessionLimits)
		preset(read.Config, sessionLimits)
		preset(read.Config, readerSettings)

		// Not as a setting of the connection: one that asks for a server which
		// can be written would then find none.
		read.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "SET default_transaction_read_only = on")
			return err
		}
	}

	write.MaxConns = 1
	read.MaxConns = postgresReaders
	if p.read, err = pgxpool.NewWithConfig(ctx, read.Config); err != nil {
		return nil, errors.New("store: the postgres url is not valid")
	}

	if p.write, err = pgxpool.NewWithConfig(ctx, write.Config); err != nil {
		p.read.Close()
		return nil, errors.New("store: the postgres url is not valid")
	}

	return p, nil
}

// preset sets what the URL leaves open.
func preset(cfg *pgxpool.Config, settings map[string]string) {
	for name, value := range settings {
		if _, ok := cfg.ConnConfig.RuntimeParams[name]; !ok {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
}

// limitsWithin takes the limits out of what is set for a session, and returns
// the statement that sets them for a transaction.
func limitsWithin(params map[string]string) string {
	var sets []string
	for _, name := range slices.Sorted(maps.Keys(sessionLimits)) {
		value := cmp.Or(params[name], sessionLimits[name])
		delete(params, name)
		sets = append(
			sets,
			fmt.Sprintf(
				"set_config('%s', '%s', true)",
				name,
				strings.ReplaceAll(value, "'", "''"),
			),
		)
	}

	return "SELECT " + strings.Join(sets, ", ")
}

func (p *postgres) traits() traits {
	return traits{
		name:      "postgres",
		trips:     true,
		dialect:   goose.DialectPostgres,
		forUpdate: " FOR UPDATE",
		clock:     serverTime,
		duplicate: duplicateInPostgres,
	}
}

// migrating gives connections without limits: a migration of a large table may
// take its time.
func (p *postgres) migrating() (*sql.DB, func() error) {
	db := stdlib.OpenDB(*p.migrations.ConnConfig)
	return db, db.Close
}

func (p *postgres) begin(ctx context.Context) (batch, error) {
	conn, err := p.write.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return newBatch(ctx, conn, p.limits), nil
}

// beginToRead begins a transaction that sees one moment.
const beginToRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

func (p *postgres) view(ctx context.Context, fn func(transaction) error) error {
	return p.reading(ctx, 0, func(tx *pipeline) error {
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

func (p *postgres) look(ctx context.Context, fn func(transaction) error) error {
	return p.reading(ctx, 1, func(tx *pipeline) error {
		tx.wrapped = p.pooled
		return fn(tx)
	})
}

// reading runs fn on a connection, which may ask for at most so many answers, 0
// being any number. A connection that is found dead at the first question, as
// all are after a restart of the server, is replaced.
func (p *postgres) reading(ctx context.Context, most int, fn func(*pipeline) error) error {
	for dead := 0; ; dead++ {
		conn, err := p.read.Acquire(ctx)
		if err != nil {
			return err
		}
		tx := &pipeline{ctx: ctx, conn: conn.Conn(), most: most}
		err = fn(tx)
		again := err != nil && tx.trips <= 1 && tx.conn.IsClosed() &&
			dead < postgresReaders &&
			ctx.Err() == nil

		conn.Release()
		if !again {
			return err
		}
	}
}

func (p *postgres) ping(ctx context.Context) error { return p.read.Ping(ctx) }

func (p *postgres) close() error {
	p.write.Close()
	p.read.Close()
	return nil
}

func duplicateInPostgres(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "23505" // unique_violation
}
