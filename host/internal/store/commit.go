package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
)

// maxBatch is how many waiting writes share one commit. With one caller a batch is one write; under load the disk's
// flush and what it costs to begin and to end are shared.
const maxBatch = 128

// writeTimeout bounds a transaction, so that a server which has gone silent does not hold up every caller for ever.
const writeTimeout = 30 * time.Second

// job is one write that waits for its commit.
type job struct {
	ctx    context.Context
	wanted wanted
	fn     func(*Tx) error
	done   chan error
}

// ErrUnwritten is in every error of a write of which nothing was written, for certain. Any other error leaves that
// open: the commit may have arrived although its acknowledgement did not.
var ErrUnwritten = errors.New("nothing was written")

// unwritten is an error that proves that nothing was written. Its text is the cause's.
type unwritten struct{ cause error }

func (u unwritten) Error() string   { return u.cause.Error() }
func (u unwritten) Unwrap() []error { return []error{u.cause, ErrUnwritten} }

// Write runs fn in a transaction and returns when its changes are on disk. fn may run while other callers' writes are in
// the same commit, so it must do nothing but read and write through tx.
//
// An error with ErrUnwritten in it says that nothing was written; what fn itself returned is one. After any other error
// nobody knows: it has to be read again, in another Write, which comes after the one in doubt.
//
// When ctx ends while the write waits for its turn it is not begun. Once it has begun, Write waits for the end.
func (s *Store) Write(ctx context.Context, fn func(*Tx) error) error {
	return s.write(ctx, wanted{}, fn)
}

// WriteIntent is Write for a change of one intent, which fn is given as Tx.IntentForUpdate reads it.
func (s *Store) WriteIntent(ctx context.Context, id string, fn func(*Tx, *intent.Intent) error) error {
	return s.write(ctx, wanted{intents: []string{id}}, func(tx *Tx) error {
		current, err := tx.IntentForUpdate(ctx, id)
		if err != nil {
			return err
		}
		return fn(tx, current)
	})
}

// ApplyEvents is Write for an fn that applies events of a provider. It reads each with Tx.IntentForEvent; it may leave some
// out, and read others.
func (s *Store) ApplyEvents(ctx context.Context, events []ProviderEvent, fn func(*Tx) error) error {
	var all wanted
	for _, event := range events {
		all.intents = append(all.intents, event.IntentID)
		all.events = append(all.events, event.key())
	}
	return s.write(ctx, all, fn)
}

func (s *Store) write(ctx context.Context, rows wanted, fn func(*Tx) error) error {
	j := &job{ctx: ctx, wanted: rows, fn: fn, done: make(chan error, 1)}
	select {
	case s.queue <- j:
	case <-s.closed:
		return unwritten{ErrClosed}
	case <-ctx.Done():
		return unwritten{ctx.Err()}
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
			return unwritten{ErrClosed}
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
	jobs := []*job{first}
	for len(jobs) < maxBatch {
		select {
		case j := <-s.queue:
			jobs = append(jobs, j)
		default:
			return jobs
		}
	}
	return jobs
}

// commit runs jobs in one transaction and answers every one of them. One that failed is answered after the commit as
// well: what was in its way, such as a key that is taken, may have been written by another job of this batch, and must be
// there for whoever looks next.
func (s *Store) commit(jobs []*job) {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	failed, err := s.runAll(ctx, jobs)
	for _, j := range jobs {
		switch {
		case err != nil: // also for one that failed: what was in its way was never there
			j.done <- err
		case failed[j] != nil:
			j.done <- unwritten{failed[j]}
		default:
			j.done <- nil
		}
	}
}

// errBroken is for a transaction of which nothing can be vouched for, such as one that the database has ended by itself,
// as SQLite does on a full disk: what is run in it afterwards would be committed by itself, and be told that it failed.
var errBroken = errors.New("the transaction is broken")

// runAll gives the error of each job that failed. The error is for all of them: then nothing was written.
func (s *Store) runAll(ctx context.Context, jobs []*job) (failed map[*job]error, err error) {
	tx, read, err := s.begin(ctx, jobs)
	if err != nil {
		return nil, unwritten{fmt.Errorf("%s: begin to write: %w", s.db.traits().name, err)}
	}
	failed = map[*job]error{}
	for _, j := range jobs {
		if err := j.ctx.Err(); err != nil { // its caller has gone: it is not begun
			failed[j] = err
			continue
		}
		err := s.runJob(tx, j, read, len(jobs) == 1)
		if errors.Is(err, errBroken) {
			tx.rollback()
			return nil, err
		}
		if err != nil {
			failed[j] = err
		}
	}
	if len(failed) == len(jobs) {
		tx.rollback()
		return failed, nil
	}
	late, err := tx.commit()
	if err != nil {
		tx.rollback() // a commit that failed half-way, such as on a full disk, leaves the transaction open
		return nil, s.db.traits().mapped(err)
	}
	for j, err := range late {
		if failed[j] == nil { // else it has heard its error already
			failed[j] = s.db.traits().mapped(err)
		}
	}
	return failed, nil
}

// begin starts the transaction of jobs and reads for all of them what they expect. A reading that fails costs only the
// round trips that it would have saved: one job's odd expectation must not fail the others.
func (s *Store) begin(ctx context.Context, jobs []*job) (batch, readings, error) {
	tx, err := s.db.begin(ctx)
	if err != nil {
		return nil, readings{}, err
	}
	s.clock.follow(tx)
	if !s.db.traits().trips || len(jobs) == 1 { // one alone waits for its answer in any case
		return tx, readings{}, nil
	}

	read, err := readFor(ctx, tx, jobs)
	if err == nil {
		return tx, read, nil
	}
	s.log.Warn("what a commit needs could not be read ahead; each part reads for itself", "error", err)
	tx.rollback()
	tx, err = s.db.begin(ctx)
	return tx, readings{}, err
}

// runJob runs one job's part and takes its work back when it fails.
func (s *Store) runJob(tx batch, j *job, read readings, alone bool) (err error) {
	if err := tx.open(j, alone); err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a store transaction: %v", p)
		}
		if unnoticed := tx.shut(err); unnoticed != nil {
			err = s.db.traits().mapped(unnoticed)
		}
	}()
	t := s.tx(tx)
	t.expect(j.wanted, read)
	return j.fn(t)
}
