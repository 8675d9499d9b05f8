package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const commitStatement = "COMMIT"

// writersLock is the number of the advisory lock by which writing transactions
// take turns. Without it, two hosts that write the same rows in different
// orders stop each other until the server's deadlock detection fails one of
// them. Since nearly every transaction takes the one row that numbers events,
// they take turns in any case.
const writersLock = "8041870297"

// serverTime is the server's time, in microseconds.
const serverTime = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

// pgBatch is the writer's transaction on PostgreSQL. Each job is a part.
// Statements that can wait go to the server together, for as many
// jobs as need no answer, and with the commit itself.
type pgBatch struct {
	pipeline
	conn   *pgxpool.Conn
	parts  []*part
	onTold func(time.Time) // nil: the server's time is not needed
	head   auditHead       // read with the first round trip
}

// newBatch begins a transaction. limits, unless it is empty, is the statement
// that sets the transaction's limits.
func newBatch(ctx context.Context, conn *pgxpool.Conn, limits string) *pgBatch {
	b := &pgBatch{conn: conn, pipeline: pipeline{ctx: ctx, conn: conn.Conn()}}
	b.control("BEGIN", "begin")

	// The time is read before the lock is waited for.
	b.add(statement{
		query:   "SELECT " + serverTime,
		each:    b.readTime,
		control: true,
		purpose: "read the clock",
	})

	if limits != "" {
		b.control(limits, "set the limits of a transaction")
	}
	b.control(
		"SELECT pg_advisory_xact_lock("+writersLock+")",
		"wait for the other hosts' writes",
	)

	// The lock keeps the audit log as it is until the commit.
	b.add(statement{
		query:   readAuditHead,
		each:    b.head.scan,
		control: true,
		purpose: "read the end of the audit log",
	})

	return b
}

// readTime reads the answer of the server's clock.
func (b *pgBatch) readTime(row scanner) error {
	var shown int64
	if err := row.Scan(&shown); err != nil {
		return err
	}
	if b.onTold != nil {
		b.onTold(fromMicros(shown))
	}
	return nil
}

// onTime makes the batch call fn with the server's time once that is known.
func (b *pgBatch) onTime(fn func(time.Time)) { b.onTold = fn }

// beginPart begins a part. Rows of several parts are merged where no savepoint
// stands between them: a part that is rolled back alone has its own statements.
func (b *pgBatch) beginPart(j *job, savepoint bool) error {
	b.part = &part{job: j, savepoint: savepoint}
	b.parts = append(b.parts, b.part)
	b.merging = true
	if savepoint {
		b.control("SAVEPOINT job", "savepoint")
	}
	return nil
}

func (b *pgBatch) endPart(err error) error {
	ended := b.part
	b.part = nil

	switch {
	case b.broken != nil:
		return fmt.Errorf("%w: %w", errBroken, b.broken)
	case ended.err != nil: // it has been rolled back already
		if err == nil {
			return ended.err
		}
	case err != nil:
		b.rollbackPart(ended, err)

	case ended.savepoint:
		b.releasePart(ended)
	}

	return nil
}

// auditHead sends what is queued where the end of a part may still change: a
// part with a savepoint that fails later would leave its rows behind.
func (b *pgBatch) auditHead() (head auditHead, failed map[*job]error, err error) {
	alone := slices.ContainsFunc(b.parts, func(p *part) bool { return p.savepoint })
	if b.trips == 0 || alone {
		if err := b.flush(); err != nil {
			return head, nil, err
		}
	}

	failed = map[*job]error{}
	for _, p := range b.parts {
		if p.err != nil {
			failed[p.job] = p.err
		}
	}

	return b.head, failed, nil
}

func (b *pgBatch) spoiled() bool { return b.spoilt }

// releasePart queues the end of a part that has succeeded. It belongs to the
// part, so that it is not sent when one of the part's statements fails.
func (b *pgBatch) releasePart(ended *part) {
	b.queued = append(b.queued, statement{
		query:   "RELEASE SAVEPOINT job",
		part:    ended,
		control: true,
		purpose: "release",
	})
}

// rollbackPart drops the statements of a part that are still queued, and queues
// the roll-back of those that were sent.
func (b *pgBatch) rollbackPart(ended *part, err error) {
	ended.err = err
	b.queued = withoutPart(b.queued, ended)

	switch {
	case !ended.begun:
	case ended.savepoint:
		b.control("ROLLBACK TO SAVEPOINT job", "roll a failed write back")
		b.control("RELEASE SAVEPOINT job", "roll a failed write back")
	default:
		b.spoilt = true
	}
}

func (b *pgBatch) commit() (map[*job]error, error) {
	b.control(commitStatement, "commit")
	if err := b.flush(); err != nil {
		return nil, err
	}

	// Parts whose last statements were sent with the commit may have failed
	// now.
	failed := map[*job]error{}

	for _, p := range b.parts {
		if p.err != nil {
			failed[p.job] = p.err
		}
	}

	if b.spoilt {
		return failed, errSpoiled
	}
	b.conn.Release()

	return failed, nil
}

func (b *pgBatch) rollback() {
	if b.trips > 0 {
		// A roll-back that does not arrive is the server's when the connection
		// ends.
		_, _ = b.pipeline.conn.Exec(b.ctx, "ROLLBACK")
	}
	b.conn.Release()
}
