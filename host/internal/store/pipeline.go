package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// pipeline runs statements on a connection to PostgreSQL. Those that nobody
// waits for are kept, and sent together with the next one whose answer is
// wanted: a round trip costs more than most statements do.
type pipeline struct {
	ctx     context.Context
	conn    *pgx.Conn
	waiting []statement
	// part is what the statements now belong to, nil in a transaction that only
	// reads.
	part *part
	// broken says why nothing can be run any more.
	broken error
	// trips counts the round trips; more than most, when that is not 0, are a
	// mistake of the caller's.
	trips, most int
	// wrapped: a round trip of several statements is a transaction of its own,
	// which sees one moment.
	wrapped bool
}

// statement is one that waits to be sent.
type statement struct {
	query string
	args  []any
	each  func(scanner) error // nil: its rows do not matter
	count *int64              // where the number of rows that it wrote is put
	// part is whose work it is, nil for what begins and ends the transaction.
	part *part
	// control marks what begins and ends transactions and parts: when it fails,
	// nothing can be vouched for. what says in an error what it was for.
	control bool
	what    string
}

// part is one job's share of a transaction.
type part struct {
	job *job
	// alone: there is no savepoint, since what takes the part back is the end
	// of the transaction.
	alone bool
	// begun says that the savepoint is there.
	begun bool
	// err is why the part failed; then it is taken back already.
	err error
}

func (p *pipeline) exec(_ context.Context, query string, args []any) (n int64, err error) {
	err = p.now(statement{query: query, args: args, count: &n})
	return n, err
}

func (p *pipeline) query(
	_ context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	var unreadable error // which is the caller's alone: the statement itself went well
	err := p.now(statement{
		query: query,
		args:  args,
		each: func(row scanner) error {
			if unreadable == nil {
				unreadable = each(row)
			}
			return nil
		},
	})
	if err == nil {
		err = unreadable
	}

	return err
}

func (p *pipeline) later(
	_ context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	if err := p.failure(); err != nil {
		return err
	}
	p.keep(statement{query: query, args: args, each: each})
	return nil
}

func (p *pipeline) now(s statement) error {
	if err := p.failure(); err != nil {
		return err
	}
	p.keep(s)
	return p.flush()
}

func (p *pipeline) keep(s statement) {
	s.part = p.part
	p.waiting = append(p.waiting, s)
}

// control keeps a statement that begins or ends something.
func (p *pipeline) control(query, what string) {
	p.keep(statement{query: query, control: true, what: what})
}

// failure is why the statements of this part can no longer be run.
func (p *pipeline) failure() error {
	if p.broken == nil && p.part != nil {
		return p.part.err
	}
	return p.broken
}

// flush sends what waits. When a statement fails, its part is taken back and
// the other parts' statements are sent again: the server has skipped them. The
// error is that of the present part.
func (p *pipeline) flush() error {
	if p.wrapped && len(p.waiting) > 1 {
		begin := statement{query: beginToRead, control: true, what: "begin to read"}
		p.waiting = append(
			slices.Insert(p.waiting, 0, begin),
			statement{query: "COMMIT", control: true, what: "end reading"},
		)
	}

	for len(p.waiting) > 0 && p.broken == nil {
		done, err := p.send()
		if err == nil {
			p.waiting = nil
			break
		}

		p.takeBack(done, err)
	}

	return p.failure()
}

// takeBack ends the part whose statement, the one at index failed, the server
// refused.
func (p *pipeline) takeBack(failed int, cause error) {
	s := p.waiting[failed]
	var refusal *pgconn.PgError

	switch {
	case s.control:
		p.broken = fmt.Errorf("%s: %w", s.what, cause)
		return
	case s.part == nil, !errors.As(cause, &refusal):
		p.broken = cause
		return
	}

	s.part.err = cause
	if s.part.alone {
		p.waiting = nil // the transaction has failed with it
		return
	}

	rest := slices.DeleteFunc(
		slices.Clone(p.waiting[failed:]),
		func(w statement) bool { return w.part == s.part },
	)

	// Not through the pipeline: it may have to parse, which a failed
	// transaction refuses.
	if _, err := p.conn.PgConn().Exec(p.ctx, takeBack).ReadAll(); err != nil {
		p.broken = fmt.Errorf("%w (and taking it back failed: %w)", cause, err)
	}

	p.waiting = rest
}

// takeBack undoes what was done since the savepoint.
const takeBack = "ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job"

// send makes one round trip with all that waits, and says how many of the
// statements succeeded before the error.
func (p *pipeline) send() (done int, err error) {
	if p.trips++; p.most > 0 && p.trips > p.most {
		return 0, errors.New("one answer was announced, and another is asked for")
	}
	var b pgx.Batch
	for _, s := range p.waiting {
		b.Queue(s.query, s.args...)
	}

	results := p.conn.SendBatch(p.ctx, &b)
	defer func() {
		if ended := results.Close(); err == nil && ended != nil {
			err = ended
		}
	}()

	for k, s := range p.waiting {
		if err := s.answer(results); err != nil {
			return k, err
		}
		if s.part != nil {
			s.part.begun = true
		}
	}

	return len(p.waiting) - 1, nil
}

// answer reads a statement's own part of the answer.
func (s *statement) answer(results pgx.BatchResults) error {
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

	rows.Close()
	if s.count != nil {
		*s.count = rows.CommandTag().RowsAffected()
	}
	if err := rows.Err(); err != nil {
		return err
	}

	if s.query == commitStatement && rows.CommandTag().String() != "COMMIT" {
		return pgx.ErrTxCommitRollback
	}

	return nil
}
