package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// probeSetting is the row that is written to find out whether anything can be.
const probeSetting = "writable_probe"

// probeSize is how many bytes are written and rolled back: enough for a
// payment.
const probeSize = 64 << 10

// errProbeOnly rolls back a write that was only a try.
var errProbeOnly = errors.New("only a probe")

// The codes of PostgreSQL's errors that Reason knows.
const (
	codeReadOnly = "25006" // read_only_sql_transaction
	codeDiskFull = "53100" // disk_full
)

// Writable returns nil when something can be written now. It writes a large row
// and rolls it back, since a full disk may have room for a small one alone.
// Then it changes and commits a small row.
func (s *Store) Writable(ctx context.Context) error {
	err := s.Write(ctx, func(tx *Tx) error {
		large := strings.Repeat(" ", probeSize)
		if err := tx.SetSetting(ctx, probeSetting, large); err != nil {
			return err
		}
		return errProbeOnly
	})
	if err != nil && !errors.Is(err, errProbeOnly) {
		return err
	}

	// A roll-back proves nothing about a commit, which must reach the disk.
	return s.Write(ctx, func(tx *Tx) error {
		return tx.SetSetting(ctx, probeSetting, time.Now().UTC().Format(time.RFC3339))
	})
}

// Reason says in a few words why the database refused. The words contain no
// name and no address; they are "" when err is nil.
func Reason(err error) string {
	if err == nil {
		return ""
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		switch server.Code {
		case codeReadOnly:
			return "the database is read-only"
		case codeDiskFull:
			return "the disk is full"
		}

		return "the database refuses"
	}

	var file *sqlite.Error
	if !errors.As(err, &file) {
		return "the database does not answer"
	}

	switch file.Code() & 0xff { // the primary code of an extended one
	case sqlite3.SQLITE_FULL:
		return "the disk is full"
	case sqlite3.SQLITE_READONLY:
		return "the database is read-only"
	case sqlite3.SQLITE_IOERR:
		return "the disk cannot be read or written"
	}

	return "the database refuses"
}

// CheckConnection returns an error when a store at a URL cannot be opened, as
// far as that can be found out without changing anything. It never fails for
// SQLite, whose file is created when it is missing.
func CheckConnection(ctx context.Context, url string) error {
	if strings.HasPrefix(url, "sqlite:") {
		return nil
	}
	db, err := openPostgres(ctx, url)
	if err != nil {
		return err
	}
	defer db.close() //nolint:errcheck // nothing was written

	if err := db.ping(ctx); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}

	return nil
}
