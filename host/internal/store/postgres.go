package store

import (
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// postgresReaders bounds the connections of one host, less one for its writer.
const postgresReaders = 8

// writersLock is the number of the lock that writing transactions take turns by. Without it two hosts that write the same
// rows in another order stop each other until the server's deadlock detection fails one of them; and nearly every
// transaction takes the one row that numbers events, so they take turns in any case.
const writersLock = "8041870297"

// sessionLimits are what the server holds our connections to, unless the URL says otherwise. A host that is frozen within
// a transaction, as when its machine is suspended, would keep every other host from writing for as long as the server
// takes it for alive: what it holds it loses after ten seconds, and its own callers are told that nothing was written.
// Nor does one statement wait for another host's lock for longer than a write may take.
var sessionLimits = map[string]string{"idle_in_transaction_session_timeout": "10s", "lock_timeout": "20s"}

// openPostgres opens a server's database, which several hosts may share.
func openPostgres(url string) (*Store, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		// The driver's error quotes the URL, with the password in it.
		return nil, errors.New("store: the postgres url is not valid")
	}
	for name, limit := range sessionLimits {
		if _, ok := cfg.RuntimeParams[name]; !ok {
			cfg.RuntimeParams[name] = limit
		}
	}
	write, read := stdlib.OpenDB(*cfg), stdlib.OpenDB(*cfg)
	write.SetMaxOpenConns(1)
	read.SetMaxOpenConns(postgresReaders)
	return &Store{write: write, read: read, engine: engine{
		name: "postgres", dialect: goose.DialectPostgres, forUpdate: " FOR UPDATE",
		writeLock: "SELECT pg_advisory_xact_lock(" + writersLock + ")",
		snapshot:  sql.LevelRepeatableRead, duplicate: duplicateInPostgres,
	}}, nil
}

func duplicateInPostgres(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "23505" // unique_violation
}
