package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pressly/goose/v3"
)

// database is an engine: what differs between SQLite and PostgreSQL.
type database interface {
	traits() traits
	// begin starts a transaction of the one writer. commit or rollback must be called.
	begin(ctx context.Context) (batch, error)
	// view runs fn in a transaction that only reads and sees one moment.
	view(ctx context.Context, fn func(transaction) error) error
	// look is view for a fn that waits for an answer once at most.
	look(ctx context.Context, fn func(transaction) error) error
	// migrating gives connections to bring the tables up to date with, before anything else.
	migrating() (db *sql.DB, done func() error)
	ping(ctx context.Context) error
	close() error
}

// traits are what the store's own code must know of an engine.
type traits struct {
	name      string // for errors
	dialect   goose.Dialect
	trips     bool   // a statement's answer costs a round trip
	forUpdate string // appended to a SELECT whose row is about to be changed
	clock     string // an expression for the server's time in microseconds, "" where there is no server
	duplicate func(error) bool
}

// transaction runs statements. A statement is one text for both engines, with $1, $2, … for its arguments.
type transaction interface {
	// exec gives the number of rows that a statement wrote.
	exec(ctx context.Context, query string, args []any) (int64, error)
	// query calls each with every row of a statement's answer. each must not run other statements.
	query(ctx context.Context, query string, args []any, each func(scanner) error) error
	// later is query for a statement that nobody waits for: it is run at once, or together with the next one whose answer is
	// wanted, or at the end; in any case before those that come after it. What goes wrong is the error of whichever call
	// finds out, and fails the transaction, or the job's part of it, even if that call's error is ignored.
	later(ctx context.Context, query string, args []any, each func(scanner) error) error
}

// scanner is a row.
type scanner interface{ Scan(dest ...any) error }

// batch is a transaction of the writer, in which several jobs have a part each.
type batch interface {
	transaction
	// flush runs what later has kept.
	flush() error
	// open begins a job's part. A job that is alone needs nothing that takes back its part alone.
	open(j *job, alone bool) error
	// shut ends the job's part, and takes back what it did when err is not nil. Its own error is that nothing can be vouched
	// for any more (errBroken), or what went wrong without the job's noticing.
	shut(err error) error
	// commit makes the parts last, except those of the jobs that it gives an error for. When it fails, nothing lasts.
	commit() (failed map[*job]error, err error)
	rollback()
}

// Tx is a transaction. Its methods must not be used after the function it was given to has returned.
type Tx struct {
	tx     transaction
	engine traits
	log    *slog.Logger
	clock  *clock
	// held are the intents that nobody else can change before the end.
	held map[string]held
	// ahead are the attempts of intents, and applied says of events whether they are applied, as they will have been read
	// when the next statement is answered.
	ahead   map[string]*attemptsAhead
	applied map[eventKey]*eventAhead
	// mine is what was read ahead for this job, shared what was read for those that come after it.
	mine, shared readings
}

// Now is the database's clock: what is written in this transaction is dated by it.
func (t *Tx) Now() time.Time { return t.clock.now() }

func (t *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	n, err := t.tx.exec(ctx, query, sanitizedArgs(args))
	return n, t.engine.mapped(err)
}

// later is for a statement whose answer nothing depends on.
func (t *Tx) later(ctx context.Context, query string, args ...any) error {
	return t.laterEach(ctx, query, args, nil)
}

// laterEach is later for a statement whose rows somebody wants once they are there.
func (t *Tx) laterEach(ctx context.Context, query string, args []any, each func(scanner) error) error {
	return t.engine.mapped(t.tx.later(ctx, query, sanitizedArgs(args), each))
}

// row is the first row of an answer. The statement is run when it is scanned.
type row struct {
	t     *Tx
	ctx   context.Context
	query string
	args  []any
}

func (t *Tx) queryRow(ctx context.Context, query string, args ...any) row {
	return row{t, ctx, query, args}
}

// Scan reads the row, or gives sql.ErrNoRows.
func (r row) Scan(dest ...any) error {
	found := false
	err := r.t.tx.query(r.ctx, r.query, sanitizedArgs(r.args), func(first scanner) error {
		if found {
			return nil
		}
		found = true
		return first.Scan(dest...)
	})
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return r.t.engine.mapped(err)
}

// list gives what scan makes of each row of an answer.
func list[T any](ctx context.Context, t *Tx, scan func(scanner) (T, error), query string, args ...any) (out []T, err error) {
	err = t.tx.query(ctx, query, sanitizedArgs(args), func(row scanner) error {
		v, err := scan(row)
		if err == nil {
			out = append(out, v)
		}
		return err
	})
	return out, t.engine.mapped(err)
}

// mapped gives an error of the database the store's own name, or the database's.
func (e traits) mapped(err error) error {
	switch {
	case err == nil:
		return nil
	case e.duplicate(err):
		return ErrExists
	}
	return fmt.Errorf("%s: %w", e.name, err)
}

// sanitizedArgs mends text that PostgreSQL would refuse: providers and strangers send bytes that are not UTF-8, and zeros, and
// what they send must be kept all the same. What is not exact any more is only shown, or looked up mended likewise.
func sanitizedArgs(args []any) []any {
	for k, a := range args {
		args[k] = sanitizedValue(a)
	}
	return args
}

func sanitizedValue(value any) any {
	switch value := value.(type) {
	case string:
		return sanitized(value)
	case []string:
		list := make([]string, 0, len(value))
		for _, text := range value {
			list = append(list, sanitized(text))
		}
		return list
	}
	return value
}

func sanitized(text string) string {
	if utf8.ValidString(text) && !strings.Contains(text, "\x00") {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
