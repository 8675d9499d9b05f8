package store

import (
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"
)

// postgresReaders bounds the connections of one host, less one for its writer.
const postgresReaders = 8

// writersLock is the number of the lock that writing transactions take turns by. Without it two hosts that write the same
// rows in another order stop each other until the server's deadlock detection fails one of them; and nearly every
// transaction takes the one row that numbers events, so they take turns in any case.
const writersLock = "8041870297"

// openPostgres opens a server's database, which several hosts may share.
func openPostgres(url string) (*Store, error) {
	write, err := sql.Open("pgx", url)
	if err != nil {
		// The driver's error quotes the URL, with the password in it.
		return nil, errors.New("store: the postgres url is not valid")
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("pgx", url)
	if err != nil {
		return nil, errors.Join(errors.New("store: the postgres url is not valid"), write.Close())
	}
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
