package store

import (
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

// readers is how many connections read at once; SQLite has one writer in any case.
const readers = 4

// openSQLite opens a file, making it and its folder (0700) when they are missing. WAL lets readers go on while the
// writer commits; synchronous=FULL puts every commit on disk before it is answered.
func openSQLite(path string) (*Store, error) {
	if path == "" {
		return nil, errors.New("store: sqlite: the url names no file")
	}
	if err := makeFolder(path); err != nil {
		return nil, err
	}
	// SQLite would make the file with the umask's permissions; it holds people's payments.
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
	write, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&"+pragmas.Encode())
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", "file:"+path+"?"+pragmas.Encode()+"&_pragma=query_only(ON)")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return &Store{write: write, read: read, writing: newStatements(write), reading: newStatements(read), engine: engine{
		name: "sqlite", dialect: goose.DialectSQLite3, duplicate: duplicateInSQLite,
	}}, nil
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
	return e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}
