// Package pgdial is how a host connects to PostgreSQL: the store and the
// background jobs do it alike.
package pgdial

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config is how one pool connects.
type Config struct {
	*pgxpool.Config
	// Pooled: what answers is PgBouncer or its like, which gives every
	// transaction another session. Then nothing may be set for a session, and
	// nothing listened for or locked by one.
	Pooled bool
}

// readOnly is the error of a session that may not write, as all are that were
// opened before a fail-over turned their server into the standby.
const readOnly = "25006"

// Open reads a URL and finds out who answers there. The error does not quote
// the URL, which may hold a password. That nobody answers is no error: the
// first statement has that.
func Open(ctx context.Context, url string) (Config, error) {
	parsed, err := pgxpool.ParseConfig(url)
	if err != nil {
		return Config{}, errors.New("the postgres url is not valid")
	}
	c := Config{Config: parsed}
	c.DropReadOnly(func() {})

	c.Pooled = isPooler(ctx, parsed.ConnConfig)
	if c.Pooled &&
		parsed.ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		// A statement that was prepared in one session is unknown in the next.
		parsed.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}

	return c, nil
}

// Copy returns a Config that can be changed by itself.
func (c Config) Copy() Config {
	return Config{Config: c.Config.Copy(), Pooled: c.Pooled}
}

// DropReadOnly closes a connection whose session turns out to be read-only, so
// that the next try gets another one. also is called then.
func (c Config) DropReadOnly(also func()) {
	before := c.ConnConfig.OnPgError
	c.ConnConfig.OnPgError = func(conn *pgconn.PgConn, e *pgconn.PgError) bool {
		keep := before == nil || before(conn, e)
		if e.Code != readOnly {
			return keep
		}
		also()
		return false
	}
}

// probeTimeout bounds the question who answers.
const probeTimeout = 5 * time.Second

// probe is a setting that PostgreSQL lets a client make up, and that a pooler
// refuses because it cannot carry it from session to session.
const probe = "payhost.probe"

// isPooler reports whether a pooler answers.
func isPooler(ctx context.Context, cfg *pgx.ConnConfig) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	asking := cfg.Copy()
	asking.RuntimeParams[probe] = "1"

	conn, err := pgx.ConnectConfig(ctx, asking)
	if err == nil {
		_ = conn.Close(ctx) // it was only to be opened
		return false
	}

	var refusal *pgconn.PgError
	return errors.As(err, &refusal) &&
		strings.Contains(refusal.Message, "startup parameter")
}
