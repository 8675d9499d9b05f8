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
	// pollEvery is how often a host looks for jobs that it was not notified of.
	pollEvery = 250 * time.Millisecond
	// connections bounds the connections that the jobs of one host use of a
	// PostgreSQL server.
	connections = 4
)

// openSQLite makes a new file beside the host's database, which no other host
// has open. It removes a file that an earlier start left: its jobs are made
// again, and its leader would be waited for.
func (r *Runner) openSQLite(ctx context.Context, database, host string) error {
	path := database + "-jobs"
	for _, end := range []string{"", "-wal", "-shm"} {
		err := os.Remove(path + end)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove the last start's file: %w", err)
		}
	}

	// SQLite would create the file with the umask's permissions.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}

	if err := file.Close(); err != nil {
		return err
	}

	pragmas := url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(OFF)",
	}}
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&"+pragmas.Encode())
	if err != nil {
		return err
	}

	// SQLite has one writer, and River would take the others' waiting for
	// errors.
	db.SetMaxOpenConns(1)
	r.close = db.Close
	if err := openClient(ctx, r, host, riversqlite.New(db), true); err != nil {
		return errors.Join(err, db.Close())
	}

	return nil
}

// openPostgres keeps the jobs in the host's database. Their commits do not wait
// for the disk, unless a pooler answers: there a setting would stay with the
// session, and the next transaction in it may be a payment's commit. A pooler
// does not notify of new jobs either: then the host polls for them.
func (r *Runner) openPostgres(ctx context.Context, url, host string) error {
	cfg, err := pgdial.Open(ctx, url)
	if err != nil {
		return err
	}
	cfg.MaxConns = connections
	if !cfg.Pooled {
		cfg.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
	}

	// The connections are the jobs' own: a payment's commit must never run in a
	// session that does not wait for the disk.
	pool, err := pgxpool.NewWithConfig(ctx, cfg.Config)
	if err != nil {
		return err
	}
	r.close = func() error {
		pool.Close()
		return nil
	}

	if err := openClient(ctx, r, host, riverpgxv5.New(pool), cfg.Pooled); err != nil {
		pool.Close()
		return err
	}

	return nil
}
