// Package pgdial connects a host to PostgreSQL, for the store and the
// background jobs alike.
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

const (
	// probeTimeout bounds the question whether a pooler answers.
	probeTimeout = 5 * time.Second
	// probeSetting is a setting that PostgreSQL lets a client make up. A pooler
	// refuses it, because it cannot carry it from session to session.
	probeSetting = "payhost.probe"
	// codeReadOnly is the error code of a session that may not write. A
	// fail-over that turns a server into the standby makes all its sessions
	// such.
	codeReadOnly = "25006"
)

// Config is how one pool connects.
type Config struct {
	*pgxpool.Config
	// Pooled says that PgBouncer or a pooler like it answers, which gives every
	// transaction another session. Then a session must not have settings of its
	// own, or listen, or hold locks.
	Pooled bool
}

// Open reads a URL and finds out whether a pooler answers there. The error does
// not quote the URL, which may hold a password. A server that does not answer
// is not an error: the first statement will fail.
func Open(ctx context.Context, url string) (Config, error) {
	parsed, err := pgxpool.ParseConfig(url)
	if err != nil {
		return Config{}, errors.New("the postgres url is not valid")
	}
	config := Config{Config: parsed}
	config.DropReadOnly(func() {})

	config.Pooled = isPooler(ctx, parsed.ConnConfig)
	preparing := parsed.ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement
	if config.Pooled && preparing {
		// A statement that was prepared in one session is unknown in the next.
		parsed.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}

	return config, nil
}

// Copy returns a Config that can be changed without changing this one.
func (c Config) Copy() Config {
	return Config{Config: c.Config.Copy(), Pooled: c.Pooled}
}

// DropReadOnly closes a connection whose session turns out to be read-only, so
// that the next try gets another one. It also calls also then.
func (c Config) DropReadOnly(also func()) {
	before := c.ConnConfig.OnPgError
	c.ConnConfig.OnPgError = func(conn *pgconn.PgConn, e *pgconn.PgError) bool {
		keep := before == nil || before(conn, e)
		if e.Code != codeReadOnly {
			return keep
		}
		also()
		return false
	}
}

// isPooler reports whether a pooler answers.
func isPooler(ctx context.Context, cfg *pgx.ConnConfig) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	probe := cfg.Copy()
	probe.RuntimeParams[probeSetting] = "1"

	conn, err := pgx.ConnectConfig(ctx, probe)
	if err == nil {
		_ = conn.Close(ctx) // it is not used
		return false
	}

	var refusal *pgconn.PgError
	return errors.As(err, &refusal) &&
		strings.Contains(refusal.Message, "startup parameter")
}
