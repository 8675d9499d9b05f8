package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/payhost/payhost/host/internal/pgdial"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

const (
	// pollEvery is how often a host looks for jobs of which nobody told it.
	pollEvery = 250 * time.Millisecond
	// connections bounds what the jobs of one host use of a PostgreSQL server.
	connections = 4
)

// openSQLite makes a new file beside the host's database, which no other host
// has open. One that an earlier start left is removed: its jobs are made again,
// and its leader is not waited for.
func (r *Runner) openSQLite(ctx context.Context, database, host string) error {
	path := database + "-jobs"
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove the last start's file: %w", err)
		}
	}

	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}

	pragmas := url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(OFF)"},
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&"+pragmas.Encode())
	if err != nil {
		return err
	}

	// SQLite has one writer, and River would take the others' waiting for
	// errors
	db.SetMaxOpenConns(1)
	r.close = db.Close
	if err := start(ctx, r, host, riversqlite.New(db), true); err != nil {
		return errors.Join(err, db.Close())
	}

	return nil
}

// openPostgres keeps the jobs in the host's database. Their commits do not wait
// for the disk, unless a pooler answers: there a setting would be that of
// whoever has the session next, a payment's commit among them. Nor does a
// pooler tell of new jobs; they are looked for.
func (r *Runner) openPostgres(ctx context.Context, url, host string) error {
	cfg, err := pgdial.Open(ctx, url)
	if err != nil {
		return err
	}
	cfg.MaxConns = connections
	if !cfg.Pooled {
		cfg.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
	}

	pool, err := pgxpool.NewWithConfig(ctx, cfg.Config)
	if err != nil {
		return err
	}
	r.close = func() error {
		pool.Close()
		return nil
	}

	if err := start(ctx, r, host, riverpgxv5.New(pool), cfg.Pooled); err != nil {
		pool.Close()
		return err
	}

	return nil
}
