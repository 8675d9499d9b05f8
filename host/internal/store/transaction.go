package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/payhost/payhost/host/payment"
	"github.com/pressly/goose/v3"
)

// database is an engine: the part of the store that differs between SQLite and
// PostgreSQL.
type database interface {
	traits() traits
	// begin starts a transaction of the one writer. The caller must end it with
	// commit or rollback.
	begin(ctx context.Context) (batch, error)
	// read runs fn in a transaction that only reads and sees one moment.
	read(ctx context.Context, fn func(transaction) error) error
	// get is read for an fn that needs the answer of one statement at most.
	get(ctx context.Context, fn func(transaction) error) error
	// migrating returns the connections that migrations run on, before anything
	// else does. The caller must call done afterwards.
	migrating() (db *sql.DB, done func() error)
	ping(ctx context.Context) error
	close() error
}

// traits are the differences of an engine that the store's own code must know.
type traits struct {
	name       string // for errors
	dialect    goose.Dialect
	roundTrips bool   // the answer of a statement costs a round trip
	forUpdate  string // appended to a SELECT whose row is about to be changed
	clock      string // an expression for the server's time in microseconds; "" without a server
	duplicate  func(error) bool
}

// transaction runs statements. A statement is one text for both engines, with
// $1, $2, … for its arguments.
type transaction interface {
	// exec returns the number of rows that a statement has written.
	exec(ctx context.Context, query string, args []any) (int64, error)
	// query calls each with every row of a statement's answer. each must not
	// run other statements.
	query(ctx context.Context, query string, args []any, each func(scanner) error) error
	// queue is query for a statement whose answer is not needed now. It may run
	// at once, together with the next statement that exec or query runs, or at
	// the end; in any case before the statements that come after it. Its error
	// is returned by the call that runs it, and it fails the transaction, or
	// the job's part of it, even if that call's error is ignored.
	queue(ctx context.Context, query string, args []any, each func(scanner) error) error
	// queueRow queues the statements that write one row. Rows of several jobs
	// may be written by one statement, with the order among the rows of one
	// subject kept.
	queueRow(ctx context.Context, b *bulk, args []any) error
}

// scanner is a row.
type scanner interface{ Scan(dest ...any) error }

// batch is a transaction of the writer, in which each of several jobs has a
// part.
type batch interface {
	transaction
	// flush runs the statements that are queued.
	flush() error
	// auditHead returns the newest row of the audit log, when all parts have
	// ended, and the jobs whose parts have failed since they ended.
	auditHead() (head auditHead, failed map[*job]error, err error)
	// beginPart begins a job's part. A part without a savepoint can only be
	// rolled back with the whole transaction.
	beginPart(j *job, savepoint bool) error
	// endPart ends the job's part, and rolls it back when err is not nil. It
	// returns errBroken when the transaction cannot be relied on any more, or
	// the error of a statement that the job has not seen.
	endPart(err error) error
	// spoiled reports whether a part without a savepoint has failed that may
	// have written something. The caller must not commit then.
	spoiled() bool
	// commit makes the parts last, except those of the jobs that it returns an
	// error for. When it fails, nothing lasts; with errSpoiled that is certain,
	// and failed says why.
	commit() (failed map[*job]error, err error)
	rollback()
}

// Tx is a transaction. Its methods must not be used after the function that it
// was given to has returned.
type Tx struct {
	tx     transaction
	engine traits
	log    *slog.Logger
	clock  *clock
	// locked are the intents that no other transaction can change before this
	// one ends.
	locked map[string]lockedIntent
	ahead  readAhead
	lines  map[string][]payment.Change // added to histories, by intent
	audits []payment.AuditEntry        // to be chained at the commit
}

// newTx returns the Tx that a caller of the store works with.
func (s *Store) newTx(tx transaction) *Tx {
	return &Tx{
		tx:     tx,
		engine: s.db.traits(),
		log:    s.log,
		clock:  s.clock,
		locked: map[string]lockedIntent{},
		ahead:  newReadAhead(),
		lines:  map[string][]payment.Change{},
	}
}

// Now returns the time of the database's clock, which dates everything that is
// written in this transaction.
func (t *Tx) Now() time.Time { return t.clock.now() }

// exec returns the number of rows that a statement has written.
func (t *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	count, err := t.tx.exec(ctx, query, sanitizedArgs(args))
	return count, t.engine.mapped(err)
}

// queue is for a statement whose answer the caller does not need.
func (t *Tx) queue(ctx context.Context, query string, args ...any) error {
	return t.queueEach(ctx, query, args, nil)
}

// queueEach is queue for a statement whose rows are handed to each once they
// are there.
func (t *Tx) queueEach(
	ctx context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	return t.engine.mapped(t.tx.queue(ctx, query, sanitizedArgs(args), each))
}

// queueRow is queue for a row of a table that many writes add to.
func (t *Tx) queueRow(ctx context.Context, b *bulk, args ...any) error {
	return t.engine.mapped(t.tx.queueRow(ctx, b, sanitizedArgs(args)))
}

// row is the first row of an answer. Its statement runs when it is scanned.
type row struct {
	t     *Tx
	ctx   context.Context
	query string
	args  []any
}

func (t *Tx) queryRow(ctx context.Context, query string, args ...any) row {
	return row{t, ctx, query, args}
}

// Scan reads the row, or returns sql.ErrNoRows.
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

// queryAll returns what scan makes of each row of an answer.
func queryAll[T any](
	ctx context.Context,
	t *Tx,
	scan func(scanner) (T, error),
	query string,
	args ...any,
) (out []T, err error) {
	err = t.tx.query(ctx, query, sanitizedArgs(args), func(row scanner) error {
		value, err := scan(row)
		if err == nil {
			out = append(out, value)
		}
		return err
	})
	return out, t.engine.mapped(err)
}

// texts returns a column of text.
func (t *Tx) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	scan := func(row scanner) (text string, err error) {
		err = row.Scan(&text)
		return text, err
	}
	return queryAll(ctx, t, scan, query, args...)
}

// firstText returns the first row of a column of text, "" when there is none.
func (t *Tx) firstText(ctx context.Context, query string, args ...any) (string, error) {
	found, err := t.texts(ctx, query, args...)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

// mapped returns the store's own error for one of the database, or the
// database's error under the engine's name.
func (e traits) mapped(err error) error {
	switch {
	case err == nil:
		return nil
	case e.duplicate(err):
		return ErrExists
	}
	return fmt.Errorf("%s: %w", e.name, err)
}

// sanitizedArgs replaces text that PostgreSQL would refuse. Providers and
// unverified senders send bytes that are not UTF-8, and zero bytes, and such a
// request must be stored all the same. Sanitized text is only displayed, or
// looked up by a value that is sanitized in the same way.
func sanitizedArgs(args []any) []any {
	for k, arg := range args {
		args[k] = sanitizedValue(arg)
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

// sanitized returns text in valid UTF-8 and without zero bytes.
func sanitized(text string) string {
	if utf8.ValidString(text) && !strings.Contains(text, "\x00") {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
