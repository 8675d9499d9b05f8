package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// maxBatch is how many waiting writes share one commit. With one caller a batch is one write; under load the disk's
// flush, which is nearly all the cost, is shared.
const maxBatch = 128

// writeTimeout bounds a transaction, so that a server which has gone silent does not hold up every caller for ever.
const writeTimeout = 30 * time.Second

// job is one Update that waits for its commit.
type job struct {
	ctx  context.Context
	fn   func(*Tx) error
	done chan error
}

// Update runs fn in a transaction and returns when its changes are on disk, or with an error when none of them are. fn
// may run while other callers' writes are in the same commit, so it must do nothing but read and write through tx.
//
// When ctx ends while the write waits for its turn it is not begun. Once it has begun, Update waits for the end: the
// answer is always what is on disk. A commit that fails is the one case in which the store cannot know; databases report
// that rarely, and the error says so.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	j := &job{ctx: ctx, fn: fn, done: make(chan error, 1)}
	select {
	case s.queue <- j:
	case <-s.closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-j.done:
		return err
	case <-s.done:
		// The writer has ended: either it still answered, or it never took the job.
		select {
		case err := <-j.done:
			return err
		default:
			return ErrClosed
		}
	}
}

// commitLoop is the only writer: it takes what waits and commits it together.
func (s *Store) commitLoop() {
	defer close(s.done)
	for {
		select {
		case j := <-s.queue:
			s.commit(s.gather(j))
		case <-s.closed:
			for {
				select {
				case j := <-s.queue:
					s.commit(s.gather(j))
				default:
					return
				}
			}
		}
	}
}

// gather adds to first what else is waiting now. It does not wait for more: a lone caller is served at once.
func (s *Store) gather(first *job) []*job {
	batch := []*job{first}
	for len(batch) < maxBatch {
		select {
		case j := <-s.queue:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch in one transaction and answers every job.
func (s *Store) commit(batch []*job) {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	defer s.writing.prepare(ctx) // when all are answered and the connection is free
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		answer(batch, fmt.Errorf("%s: begin to write: %w", s.engine.name, err))
		return
	}
	if s.engine.writeLock != "" {
		if _, err := tx.ExecContext(ctx, s.engine.writeLock); err != nil {
			_ = tx.Rollback() // nothing was written
			answer(batch, fmt.Errorf("%s: wait for the other hosts' writes: %w", s.engine.name, err))
			return
		}
	}
	wrote := batch[:0:0]
	// A job that failed is answered after the commit as well: what was in its way, such as a key that is taken, may have
	// been written by another job of this batch, and must be there for whoever looks next.
	failed := map[*job]error{}
	for k, j := range batch {
		if j.ctx.Err() != nil {
			j.done <- j.ctx.Err()
			continue
		}
		if err = s.runJob(ctx, tx, j); errors.Is(err, errBroken) {
			wrote = append(wrote, batch[k:]...) // nothing in it can be vouched for
			break
		}
		if err != nil {
			failed[j] = err
			continue
		}
		wrote = append(wrote, j)
	}
	if !errors.Is(err, errBroken) {
		err = nil
	}
	if len(wrote) == 0 || err != nil {
		_ = tx.Rollback() // nothing was written
	} else if err = tx.Commit(); err != nil {
		_ = tx.Rollback() // a commit that failed half-way, such as on a full disk, leaves the transaction open
		err = fmt.Errorf("%s: commit: %w", s.engine.name, err)
	}
	answer(wrote, err)
	for j, cause := range failed {
		if err != nil {
			cause = err // what was in its way was never there
		}
		j.done <- cause
	}
}

// errBroken is for a transaction that the database has ended by itself, as SQLite does on a full disk. What is run in it
// afterwards would be committed by itself, and be told that it failed.
var errBroken = errors.New("the transaction is broken")

// runJob runs one job in a savepoint and takes its work back when it fails.
func (s *Store) runJob(ctx context.Context, tx *sql.Tx, j *job) (err error) {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT job"); err != nil {
		return fmt.Errorf("%s: savepoint: %w", s.engine.name, err)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a store transaction: %v", p)
		}
		if err == nil {
			if _, err = tx.ExecContext(ctx, "RELEASE SAVEPOINT job"); err != nil {
				err = fmt.Errorf("%w: %s: release: %w", errBroken, s.engine.name, err)
			}
			return
		}
		if _, back := tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT job"); back != nil {
			err = fmt.Errorf("%w: %w (and taking it back failed: %w)", errBroken, err, back)
			return
		}
		_, _ = tx.ExecContext(ctx, "RELEASE SAVEPOINT job") // an open savepoint does no harm
	}()
	return j.fn(&Tx{tx: tx, engine: s.engine, prepared: s.writing})
}

func answer(batch []*job, err error) {
	for _, j := range batch {
		j.done <- err
	}
}
