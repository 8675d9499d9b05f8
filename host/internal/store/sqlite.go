package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// readers is how many connections read at once; SQLite has one writer in any
// case.
const readers = 4

// sqliteFile is a file. One connection writes and others read; WAL lets them go
// on while the writer commits.
type sqliteFile struct {
	write, read *sql.DB
	// What is prepared on each.
	writing, reading *statements
}

// openSQLite opens a file, making it and its folder (0700) when they are
// missing. synchronous=FULL puts every commit on disk before it is answered.
func openSQLite(path string) (database, error) {
	if path == "" {
		return nil, errors.New("store: sqlite: the url names no file")
	}
	if err := makeFolder(path); err != nil {
		return nil, err
	}

	// SQLite would make the file with the umask's permissions; it holds
	// people's payments.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: open the database file: %w", err)
	}

	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("store: open the database file: %w", err)
	}
	pragmas := url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
	}}

	// The writer touches pages of every table and index at each commit; SQLite
	// keeps 2 MB of them unless told otherwise.
	write, err := sql.Open(
		"sqlite",
		"file:"+path+"?_txlock=immediate&_pragma=cache_size(-16000)&"+pragmas.Encode(),
	)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}

	write.SetMaxOpenConns(1)
	read, err := sql.Open(
		"sqlite",
		"file:"+path+"?"+pragmas.Encode()+"&_pragma=query_only(ON)",
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), write.Close())
	}

	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return &sqliteFile{
		write:   write,
		read:    read,
		writing: newStatements(write),
		reading: newStatements(read),
	}, nil
}

func (f *sqliteFile) traits() traits {
	return traits{
		name:      "sqlite",
		dialect:   goose.DialectSQLite3,
		duplicate: duplicateInSQLite,
	}
}

func (f *sqliteFile) migrating() (*sql.DB, func() error) { return f.write, func() error { return nil } }

func (f *sqliteFile) begin(ctx context.Context) (batch, error) {
	ctx = context.WithoutCancel(ctx)
	f.writing.prepare(ctx) // the connection is free
	tx, err := f.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return &sqliteBatch{sqliteTx: sqliteTx{tx, f.writing}, ctx: ctx}, nil
}

func (f *sqliteFile) view(ctx context.Context, fn func(transaction) error) error {
	defer f.reading.prepare(ctx)
	tx, err := f.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	defer tx.Rollback() // nothing was written
	return fn(&sqliteTx{tx, f.reading})
}

// look spares the goroutine that the driver keeps for each statement of a
// context that can end: it is over soon.
func (f *sqliteFile) look(ctx context.Context, fn func(transaction) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.view(context.WithoutCancel(ctx), fn)
}

func (f *sqliteFile) ping(ctx context.Context) error { return f.read.PingContext(ctx) }

func (f *sqliteFile) close() error {
	f.writing.close()
	f.reading.close()
	return errors.Join(f.write.Close(), f.read.Close())
}

// makeFolder makes a database's folder, which is for this user alone.
func makeFolder(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("store: make the database's folder: %w", err)
	}
	return nil
}

func duplicateInSQLite(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY ||
		e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}
