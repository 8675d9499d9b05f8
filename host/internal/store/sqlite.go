package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteReaders is how many connections read at once. SQLite has one writer in
// any case.
const sqliteReaders = 4

// sqliteFile is a file. One connection writes and others read; the write-ahead
// log lets them go on while the writer commits.
type sqliteFile struct {
	writer, readers *sql.DB
	// writing and reading are the statements that are prepared on each.
	writing, reading *statements
}

// openSQLite opens a file. It creates the file, and its folder with mode 0700,
// when they are missing. Every commit is on disk before it is acknowledged:
// synchronous=FULL.
func openSQLite(path string) (database, error) {
	if path == "" {
		return nil, errors.New("store: sqlite: the url names no file")
	}

	// The file is opened by a URL, in which these end the path: another file
	// would be opened, and what follows could replace the settings below.
	if strings.ContainsAny(path, "#?%") {
		return nil, fmt.Errorf(
			"store: sqlite: the path %q has #, ? or %% in it: name a file without them",
			path,
		)
	}

	if err := createFile(path); err != nil {
		return nil, err
	}

	pragmas := url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
	}}
	common := "file:" + path + "?" + pragmas.Encode()

	// The writer touches pages of every table and index at each commit; SQLite
	// keeps 2 MB of them unless told otherwise. Its journals of statements and
	// savepoints are of no use after a crash, and stay in memory. Deleted and
	// overwritten texts must be gone from the file: they are of people.
	writer, err := sql.Open(
		"sqlite",
		common+"&_txlock=immediate&_pragma=cache_size(-16000)&_pragma=temp_store(MEMORY)"+
			"&_pragma=secure_delete(ON)",
	)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}

	writer.SetMaxOpenConns(1)

	readers, err := sql.Open("sqlite", common+"&_pragma=query_only(ON)")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), writer.Close())
	}
	readers.SetMaxOpenConns(sqliteReaders)
	readers.SetMaxIdleConns(sqliteReaders)

	return &sqliteFile{
		writer:  writer,
		readers: readers,
		writing: newStatements(writer),
		reading: newStatements(readers),
	}, nil
}

// createFile creates a database file that is missing, readable by this user
// alone: SQLite would create it with the umask's permissions, and it holds
// payments of people.
func createFile(path string) error {
	if err := createFolder(path); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = file.Close()
	}

	if err != nil {
		return fmt.Errorf("store: open the database file: %w", err)
	}

	return nil
}

// createFolder creates the folder of a database, for this user alone.
func createFolder(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("store: make the database's folder: %w", err)
	}
	return nil
}

func (f *sqliteFile) traits() traits {
	return traits{
		name:      "sqlite",
		dialect:   goose.DialectSQLite3,
		duplicate: duplicateInSQLite,
	}
}

func (f *sqliteFile) migrating() (*sql.DB, func() error) {
	return f.writer, func() error { return nil }
}

func (f *sqliteFile) begin(ctx context.Context) (batch, error) {
	ctx = context.WithoutCancel(ctx)
	f.writing.prepare(ctx) // the connection is free
	tx, err := f.writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return &sqliteBatch{sqliteTx: sqliteTx{tx, f.writing}, ctx: ctx}, nil
}

func (f *sqliteFile) read(ctx context.Context, fn func(transaction) error) error {
	defer f.reading.prepare(ctx)
	tx, err := f.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	defer tx.Rollback() // nothing was written
	return fn(&sqliteTx{tx, f.reading})
}

// get does not watch ctx while it reads. It is over soon, and the driver would
// start a goroutine for each statement of a context that can end.
func (f *sqliteFile) get(ctx context.Context, fn func(transaction) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.read(context.WithoutCancel(ctx), fn)
}

func (f *sqliteFile) ping(ctx context.Context) error { return f.readers.PingContext(ctx) }

func (f *sqliteFile) close() error {
	f.writing.close()
	f.reading.close()
	// The next start plans by what the tables hold now. Without it all works,
	// only slower, so that a full disk must not fail the end of a host.
	_, _ = f.writer.ExecContext(context.Background(), "PRAGMA optimize")
	return errors.Join(f.writer.Close(), f.readers.Close())
}

func duplicateInSQLite(err error) bool {
	var refusal *sqlite.Error
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.Code() {
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE:
		return true
	}
	return false
}
