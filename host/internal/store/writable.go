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

// probeRoom is how many bytes are written and taken back: room for a payment.
const probeRoom = 64 << 10

// errTakeBack takes back what was only tried.
var errTakeBack = errors.New("taken back")

// Writable returns nil when something can be written now. It writes: a row is
// changed and committed, after a larger one was tried and taken back, since a
// full disk may have room for the small one alone.
func (s *Store) Writable(ctx context.Context) error {
	err := s.Write(ctx, func(tx *Tx) error {
		room := `INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2`
		if _, err := tx.exec(ctx, room, probeSetting, strings.Repeat(" ", probeRoom)); err != nil {
			return err
		}
		return errTakeBack
	})
	if err != nil && !errors.Is(err, errTakeBack) {
		return err
	}
	return s.Write(ctx, func(tx *Tx) error {
		return tx.SetSetting(ctx, probeSetting, time.Now().UTC().Format(time.RFC3339))
	})
}

// Reason says in a few words, which hold no name and no address, why the
// database refused.
func Reason(err error) string {
	var server *pgconn.PgError
	var file *sqlite.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &server) && server.Code == "25006":
		return "the database is read-only"
	case errors.As(err, &server) && server.Code == "53100":
		return "the disk is full"
	case errors.As(err, &server):
		return "the database refuses"
	case !errors.As(err, &file):
		return "the database does not answer"
	}

	switch file.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return "the disk is full"
	case sqlite3.SQLITE_READONLY:
		return "the database is read-only"
	case sqlite3.SQLITE_IOERR:
		return "the disk cannot be read or written"
	}
	return "the database refuses"
}

// CheckConnection reports why a store at a URL could not be opened, as far as that can be
// found out without changing anything.
func CheckConnection(ctx context.Context, url string) error {
	if strings.HasPrefix(url, "sqlite:") {
		return nil // a file that is not there is made
	}
	db, err := openPostgres(ctx, url)
	if err != nil {
		return err
	}
	defer db.close() //nolint:errcheck // it was only asked
	if err := db.ping(ctx); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return nil
}
