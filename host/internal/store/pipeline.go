package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// rollbackToSavepoint undoes what was done since the savepoint of a part.
const rollbackToSavepoint = "ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job"

// pipeline runs statements on a connection to PostgreSQL. It queues those whose
// answers are not needed now, and sends them together with the next one whose
// answer is: a round trip costs more than most statements do.
type pipeline struct {
	ctx    context.Context
	conn   *pgx.Conn
	queued []statement
	// part is the part that the statements belong to now, nil in a transaction
	// that only reads.
	part *part
	// broken is why nothing can be run any more.
	broken error
	// spoilt says that a part without a savepoint has failed, and with it the
	// transaction.
	spoilt bool
	// merging makes one statement of the rows that several parts add to a
	// table.
	merging bool
	// trips counts the round trips. More than most, unless that is 0, are a
	// mistake of the caller.
	trips, most int
	// wrapped makes several statements of one round trip a transaction of its
	// own, which sees one moment.
	wrapped bool
}

// statement waits to be sent.
type statement struct {
	query string
	args  []any
	each  func(scanner) error // nil: its rows do not matter
	count *int64              // receives the number of rows that it has written
	// part is the part that it belongs to, nil for a statement that begins or
	// ends the transaction.
	part *part
	// row and also are of a statement that writes one row: how rows are merged,
	// and the other parts that have one in a merged statement.
	row  *bulk
	also []*part
	// control marks a statement that begins or ends a transaction or a part:
	// when it fails, the transaction cannot be relied on. purpose names it in
	// the error.
	control bool
	purpose string
}

// part is one job's share of a transaction.
type part struct {
	job *job
	// savepoint says that the part has one; else it is rolled back with the
	// whole transaction.
	savepoint bool
	// begun says that something of the part was sent.
	begun bool
	// err is why the part failed; then it has been rolled back already.
	err error
}

func (p *pipeline) exec(
	_ context.Context,
	query string,
	args []any,
) (count int64, err error) {
	err = p.run(statement{query: query, args: args, count: &count})
	return count, err
}

func (p *pipeline) query(
	_ context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	// An error of each is the caller's alone: the statement itself went well.
	var unreadable error
	err := p.run(statement{
		query: query,
		args:  args,
		each: func(row scanner) error {
			if unreadable == nil {
				unreadable = each(row)
			}
			return nil
		},
	})
	if err != nil {
		return err
	}

	return unreadable
}

func (p *pipeline) queue(
	_ context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	if err := p.failure(); err != nil {
		return err
	}
	p.add(statement{query: query, args: args, each: each})
	return nil
}

func (p *pipeline) queueRow(_ context.Context, b *bulk, args []any) error {
	if err := p.failure(); err != nil {
		return err
	}
	if p.merging {
		p.add(statement{row: b, args: args})
		return nil
	}

	for _, s := range b.single(args) {
		p.add(s)
	}

	return nil
}

// run sends a statement, after the queued ones, and waits for its answer.
func (p *pipeline) run(s statement) error {
	if err := p.failure(); err != nil {
		return err
	}
	p.add(s)
	return p.flush()
}

func (p *pipeline) add(s statement) {
	s.part = p.part
	p.queued = append(p.queued, s)
}

// control queues a statement that begins or ends a transaction or a part.
func (p *pipeline) control(query, purpose string) {
	p.add(statement{query: query, control: true, purpose: purpose})
}

// failure returns why the statements of the present part cannot be run any
// more.
func (p *pipeline) failure() error {
	switch {
	case p.broken != nil:
		return p.broken
	case p.part == nil:
		return nil
	case p.part.err == nil && p.spoilt:
		return errSpoiled
	}
	return p.part.err
}

// flush sends the queued statements. When one fails, its part is rolled back,
// and the statements of the other parts are sent again: the server has skipped
// them. The error is that of the present part.
func (p *pipeline) flush() error {
	if p.wrapped && len(p.queued) > 1 {
		begin := statement{query: beginToRead, control: true, purpose: "begin to read"}
		end := statement{query: "COMMIT", control: true, purpose: "end reading"}
		p.queued = append(slices.Insert(p.queued, 0, begin), end)
	}

	if p.merging {
		p.queued = merged(p.queued)
	}

	for len(p.queued) > 0 && p.broken == nil {
		succeeded, err := p.send()
		if err == nil {
			p.queued = nil
			break
		}

		p.rollbackFailed(succeeded, err)
	}

	return p.failure()
}

// rollbackFailed ends the part whose statement, the one at an index, the server
// refused. The statements of other parts that the server has skipped stay
// queued.
func (p *pipeline) rollbackFailed(index int, cause error) {
	failed := p.queued[index]
	var refusal *pgconn.PgError

	switch {
	case failed.control:
		p.broken = fmt.Errorf("%s: %w", failed.purpose, cause)
		return
	case failed.part == nil, !errors.As(cause, &refusal):
		p.broken = cause
		return
	}

	failed.part.err = cause
	if !failed.part.savepoint {
		p.queued = nil // the transaction has failed with the part
		p.spoilt = true
		return
	}

	skipped := withoutPart(slices.Clone(p.queued[index:]), failed.part)

	// pgx's simple protocol: a failed transaction refuses to parse statements.
	if _, err := p.conn.PgConn().Exec(p.ctx, rollbackToSavepoint).ReadAll(); err != nil {
		p.broken = fmt.Errorf("%w (and rolling it back failed: %w)", cause, err)
	}
	p.queued = skipped
}

// withoutPart removes the statements of a part from a list.
func withoutPart(list []statement, p *part) []statement {
	return slices.DeleteFunc(list, func(s statement) bool { return s.part == p })
}

// send makes one round trip with all queued statements. Before an error, it
// returns how many of them have succeeded.
func (p *pipeline) send() (succeeded int, err error) {
	p.trips++
	if p.most > 0 && p.trips > p.most {
		return 0, errors.New("a Get waits for one answer, and a second was asked for")
	}

	// Everything is sent before the first answer is read.
	var request pgx.Batch
	for _, s := range p.queued {
		request.Queue(s.query, s.args...)
	}

	results := p.conn.SendBatch(p.ctx, &request)
	defer func() {
		if closing := results.Close(); err == nil && closing != nil {
			err = closing
		}
	}()

	for k, s := range p.queued {
		if err := s.readAnswer(results); err != nil {
			return k, err
		}
		if s.part != nil {
			s.part.begun = true
		}

		for _, p := range s.also {
			p.begun = true
		}
	}

	return len(p.queued) - 1, nil
}

// readAnswer reads the statement's own part of the answer.
func (s *statement) readAnswer(results pgx.BatchResults) error {
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()

	for rows.Next() {
		if s.each == nil {
			continue
		}
		if err := s.each(rows); err != nil {
			return err
		}
	}

	// The number of rows and the last error are known when all rows are read.
	rows.Close()
	if s.count != nil {
		*s.count = rows.CommandTag().RowsAffected()
	}

	if err := rows.Err(); err != nil {
		return err
	}

	// The server answers a COMMIT with ROLLBACK when the transaction has
	// failed.
	if s.query == commitStatement && rows.CommandTag().String() != "COMMIT" {
		return pgx.ErrTxCommitRollback
	}

	return nil
}
