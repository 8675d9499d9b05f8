package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const commitStatement = "COMMIT"

// pgBatch is the writer's transaction on PostgreSQL. Each job is a part with a
// savepoint. All that can wait goes to the server together, of as many jobs as
// have nothing to ask, and with the commit itself.
type pgBatch struct {
	pipeline
	conn  *pgxpool.Conn
	parts []*part
	told  func(time.Time) // nil: nobody wants to know the time
}

// writersLock is the number of the lock that writing transactions take turns
// by. Without it two hosts that write the same rows in another order stop each
// other until the server's deadlock detection fails one of them; and nearly
// every transaction takes the one row that numbers events, so they take turns
// in any case.
const writersLock = "8041870297"

// serverTime is what the server's clock shows, in microseconds.
const serverTime = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

// newBatch begins a transaction; limits, unless empty, is the statement that
// sets its limits.
func newBatch(ctx context.Context, conn *pgxpool.Conn, limits string) *pgBatch {
	b := &pgBatch{conn: conn, pipeline: pipeline{ctx: ctx, conn: conn.Conn()}}
	b.control("BEGIN", "begin")
	b.keep(
		statement{
			query:   "SELECT " + serverTime,
			each:    b.hearTime,
			control: true,
			what:    "read the clock",
		},
	)

	if limits != "" {
		b.control(limits, "set the limits of a transaction")
	}
	b.control(
		"SELECT pg_advisory_xact_lock("+writersLock+")",
		"wait for the other hosts' writes",
	)

	return b
}

// hearTime reads the answer of the server's clock.
func (b *pgBatch) hearTime(row scanner) error {
	var shown int64
	if err := row.Scan(&shown); err != nil {
		return err
	}
	if b.told != nil {
		b.told(fromMicros(shown))
	}
	return nil
}

// onTime has told called with the server's time once it is known.
func (b *pgBatch) onTime(told func(time.Time)) { b.told = told }

func (b *pgBatch) open(j *job, alone bool) error {
	b.part = &part{job: j, alone: alone}
	b.parts = append(b.parts, b.part)
	if !alone {
		b.control("SAVEPOINT job", "savepoint")
	}
	return nil
}

func (b *pgBatch) shut(err error) error {
	mine := b.part
	b.part = nil

	switch {
	case b.broken != nil:
		return fmt.Errorf("%w: %w", errBroken, b.broken)
	case mine.err != nil: // taken back already
		if err == nil {
			return mine.err
		}
	case err == nil && !mine.alone:
		b.waiting = append(
			b.waiting,
			statement{
				query:   "RELEASE SAVEPOINT job",
				part:    mine,
				control: true,
				what:    "release",
			},
		)

	case err != nil:
		mine.err = err
		b.waiting = slices.DeleteFunc(
			b.waiting,
			func(s statement) bool { return s.part == mine },
		)

		if mine.begun && !mine.alone {
			b.control("ROLLBACK TO SAVEPOINT job", "take a failed write back")
			b.control("RELEASE SAVEPOINT job", "take a failed write back")
		}
	}

	return nil
}

func (b *pgBatch) commit() (map[*job]error, error) {
	b.control(commitStatement, "commit")
	if err := b.flush(); err != nil {
		return nil, err
	}
	failed := map[*job]error{}

	for _, p := range b.parts {
		if p.err == nil {
			continue
		}
		failed[p.job] = p.err
		if p.alone { // its failure has ended the transaction
			b.rollback()
			return failed, nil
		}
	}

	b.conn.Release()
	return failed, nil
}

func (b *pgBatch) rollback() {
	if b.trips > 0 {
		// what cannot be taken back was never written
		_, _ = b.pipeline.conn.Exec(b.ctx, "ROLLBACK")
	}
	b.conn.Release()
}
