package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/telemetry"
	"github.com/payhost/payhost/host/payment"
)

// maxBatch is how many waiting writes share one commit. With one caller a batch
// is one write; under load the writes share the flush of the disk, and the cost
// of beginning and ending a transaction.
const maxBatch = 128

// behindOthers is how many writes that let others go first (Behind) share a
// commit with those.
const behindOthers = 8

// behindShare says how much of the writer's time the commits of such writes
// alone may take while there are others: one part of so many.
const behindShare = 5

// presence is for how long after a caller's last write others are expected.
const presence = 50 * time.Millisecond

// writeTimeout bounds a transaction, so that a server that has gone silent does
// not hold up every caller for ever.
const writeTimeout = 30 * time.Second

// ErrUnwritten is in every error of a write of which certainly nothing was
// written. Any other error leaves that open: the commit may have arrived
// although its acknowledgement did not.
var ErrUnwritten = errors.New("nothing was written")

// unwritten is an error that proves that nothing was written. Its text is the
// cause's.
type unwritten struct{ cause error }

func (u unwritten) Error() string   { return u.cause.Error() }
func (u unwritten) Unwrap() []error { return []error{u.cause, ErrUnwritten} }

// errBroken is for a transaction that cannot be relied on any more, such as one
// that the database has ended by itself, as SQLite does on a full disk. A later
// statement would be committed by itself, and its caller told that it failed.
var errBroken = errors.New("the transaction is broken")

// errSpoiled is for a transaction without savepoints in which a job has failed
// that had written something: only the whole can be rolled back.
var errSpoiled = errors.New("a write without a savepoint has failed")

// job is a write that waits for its commit.
type job struct {
	ctx      context.Context
	prefetch prefetch
	fn       func(*Tx) error
	done     chan error
	audits   []payment.AuditEntry // that the last run has added
}

type behindKey struct{}

// Behind returns a context whose writes let all others go first: few of them
// share a commit with others, and commits of their own take a bounded share of
// the writer's time while there are others. None waits for ever.
func Behind(ctx context.Context) context.Context {
	return context.WithValue(ctx, behindKey{}, true)
}

// Write runs fn in a transaction and returns when its changes are on disk. fn
// may run while other callers' writes are in the same commit, so it must do
// nothing but read and write through tx. It is called again when the first
// commit was rolled back because of another caller's write: what it leaves
// outside of tx must be set anew by each call, and the last one counts.
//
// An error with ErrUnwritten in it says that nothing was written; an error that
// fn itself returned is one. After any other error it is not known whether the
// changes were written: the caller has to read them in another Write, which
// comes after the one in doubt.
//
// When ctx ends while the write waits for its turn, fn is not called. Once fn
// has been called, Write waits for the end of the commit.
func (s *Store) Write(ctx context.Context, fn func(*Tx) error) error {
	return s.write(ctx, prefetch{}, fn)
}

// WriteIntent is Write for a change of one intent. It calls fn with the intent
// as Tx.IntentForUpdate reads it, or returns the error of reading it.
func (s *Store) WriteIntent(
	ctx context.Context,
	id string,
	fn func(*Tx, *intent.Intent) error,
) error {
	return s.write(ctx, prefetch{intents: []string{id}}, func(tx *Tx) error {
		current, err := tx.IntentForUpdate(ctx, id)
		if err != nil {
			return err
		}
		return fn(tx, current)
	})
}

// Known is an intent as its caller has just written it.
type Known struct {
	Intent   *intent.Intent
	Attempts []payment.Attempt
}

// WriteKnown is WriteIntent for the next change of an intent that the caller
// has just written: where that costs less, the intent is not read again, and
// SaveIntent finds out whether another write has changed it meanwhile. fn must
// save the intent. With ErrConflict the caller repeats it by WriteIntent.
func (s *Store) WriteKnown(
	ctx context.Context,
	known Known,
	fn func(*Tx, *intent.Intent) error,
) error {
	id := known.Intent.ID
	if s.db.traits().roundTrips { // it is read for all writes of a commit at once
		return s.WriteIntent(ctx, id, fn)
	}

	return s.write(ctx, prefetch{}, func(tx *Tx) error {
		current := *known.Intent
		current.References = slices.Clone(current.References)
		tx.ahead.attempts[id] = &attemptList{list: slices.Clone(known.Attempts)}
		return fn(tx, &current)
	})
}

// ApplyEvents is Write for an fn that applies events of a provider, each to the
// intent that Tx.IntentForEvent reads. fn may leave out some of the events, and
// apply others.
func (s *Store) ApplyEvents(
	ctx context.Context,
	events []ProviderEvent,
	fn func(*Tx) error,
) error {
	var rows prefetch
	for _, event := range events {
		rows.intents = append(rows.intents, event.IntentID)
		rows.events = append(rows.events, newEventKey(event.Provider, event.ID))
	}
	return s.write(ctx, rows, fn)
}

func (s *Store) write(ctx context.Context, rows prefetch, fn func(*Tx) error) (err error) {
	ctx, traced := telemetry.Start(ctx, "commit")
	defer func() { traced(err) }()

	// The writer may be busy with other callers.
	waiting := &job{ctx: ctx, prefetch: rows, fn: fn, done: make(chan error, 1)}

	queue := s.queue
	if ctx.Value(behindKey{}) != nil {
		queue = s.behind
	}

	select {
	case queue <- waiting:
	case <-s.closed:
		return unwritten{ErrClosed}
	case <-ctx.Done():
		return unwritten{ctx.Err()}
	}

	// From here on ctx does not count: the write may have begun.
	select {
	case err := <-waiting.done:
		return err
	case <-s.done:
	}

	// The writer has ended: either it still answered, or it never took the job.
	select {
	case err := <-waiting.done:
		return err
	default:
		return unwritten{ErrClosed}
	}
}

// commitLoop is the only writer: it takes the jobs that wait and commits them
// together.
func (s *Store) commitLoop() {
	defer close(s.done)
	var turns turns

	for {
		behind, resume := turns.next(s.behind)

		select {
		case first := <-s.queue:
			s.commit(s.gather(first))
			turns.served(time.Now())
		case first := <-behind:
			begun := time.Now()
			s.commit(s.gather(first))
			turns.yield(begun, time.Now())
		case <-resume:

		case <-s.closed:
			s.drain()
			return
		}
	}
}

// turns decides when the jobs behind the others may have a commit of their own.
type turns struct {
	caller time.Time // the last commit of another job
	rest   time.Time // when they may have the next one
}

// next returns the queue to take such jobs from now, nil and when to look again
// when they have had their share.
func (t *turns) next(behind chan *job) (now <-chan *job, resume <-chan time.Time) {
	if pause := time.Until(t.rest); pause > 0 {
		return nil, time.After(pause)
	}
	return behind, nil
}

func (t *turns) served(now time.Time) { t.caller = now }

// yield is for a commit of jobs behind the others. It is followed by a rest
// while there are others.
func (t *turns) yield(begun, ended time.Time) {
	if ended.Sub(t.caller) < presence {
		t.rest = ended.Add((behindShare - 1) * ended.Sub(begun))
	}
}

// drain commits the jobs that were taken on before Close.
func (s *Store) drain() {
	for {
		select {
		case first := <-s.queue:
			s.commit(s.gather(first))
		case first := <-s.behind:
			s.commit(s.gather(first))
		default:
			return
		}
	}
}

// gather returns first and the other jobs that wait now. It does not wait for
// more, so that the only caller is served at once. Jobs behind the others have
// a few places besides them, and all when there are no others.
func (s *Store) gather(first *job) []*job {
	jobs := waiting([]*job{first}, s.queue, maxBatch)
	others := slices.ContainsFunc(
		jobs,
		func(j *job) bool { return j.ctx.Value(behindKey{}) == nil },
	)

	most := maxBatch
	if others {
		most = len(jobs) + behindOthers
	}

	return waiting(jobs, s.behind, most)
}

// waiting adds jobs that wait in a queue, up to a number in all.
func waiting(jobs []*job, queue <-chan *job, most int) []*job {
	for len(jobs) < most {
		select {
		case next := <-queue:
			jobs = append(jobs, next)
		default:
			return jobs
		}
	}

	return jobs
}

// commit runs jobs in one transaction and answers every one of them. A job that
// failed is answered after the commit as well. The row that was in its way,
// such as a key that is taken, may have been written by another job of this
// batch, and must be visible to the next reader.
func (s *Store) commit(jobs []*job) {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()

	begun := time.Now()
	failed, err := s.runAll(ctx, jobs)
	s.timed(time.Since(begun))

	for _, j := range jobs {
		switch {
		case err != nil: // also for a failed job: the row in its way does not exist
			j.done <- err
		case failed[j] != nil:
			j.done <- unwritten{failed[j]}
		default:
			j.done <- nil
		}
	}
}

// runAll runs jobs in one transaction and returns the error of each that
// failed. err is for all of them: then nothing was written, unless it is the
// commit that failed.
//
// Nearly always every job of a commit succeeds, so they run without savepoints
// at first. When one fails that has written something, all is rolled back, and
// the jobs run again, each with a savepoint of its own.
func (s *Store) runAll(
	ctx context.Context,
	jobs []*job,
) (failed map[*job]error, err error) {
	failed, err = s.runOnce(ctx, jobs, false)
	if len(jobs) > 1 && errors.Is(err, errSpoiled) {
		return s.runOnce(ctx, jobs, true)
	}
	return failed, err
}

// runOnce is one try at runAll, with savepoints or without. Without, the error
// is errSpoiled when a job of several would have needed one.
func (s *Store) runOnce(
	ctx context.Context,
	jobs []*job,
	savepoints bool,
) (failed map[*job]error, err error) {
	tx, rows, err := s.begin(ctx, jobs)
	if err != nil {
		return nil, unwritten{fmt.Errorf("%s: begin to write: %w", s.db.traits().name, err)}
	}

	// Each job has a part of the transaction.
	rows.pauses = &pausesRead{}
	rows.sums = &sumsRead{}
	failed = map[*job]error{}

	for _, j := range jobs {
		if err := j.ctx.Err(); err != nil { // its caller has gone: it is not begun
			failed[j] = err
			continue
		}

		err := s.runJob(tx, j, rows, savepoints)

		switch {
		case len(jobs) > 1 && tx.spoiled():
			tx.rollback()
			return nil, errSpoiled
		case errors.Is(err, errBroken):
			tx.rollback()
			return nil, err
		case err != nil:
			failed[j] = err
			*rows.pauses = pausesRead{} // it may have read what it had changed
			rows.sums.forget()          // they may have what was rolled back
		}
	}

	if len(failed) == len(jobs) {
		tx.rollback()
		return failed, nil
	}

	// A job may turn out to have failed before the commit itself.
	head, late, err := s.chainAudits(ctx, tx, jobs, failed)
	if err != nil {
		tx.rollback()
		return nil, unwritten{s.db.traits().mapped(err)}
	}

	if tx.spoiled() {
		tx.rollback()
		if len(jobs) > 1 {
			return nil, errSpoiled
		}
		failed[jobs[0]] = s.db.traits().mapped(late[jobs[0]])
		return failed, nil
	}

	// Some statements are sent with the commit only.
	late, err = tx.commit()
	if err != nil {
		// A commit that fails half-way, such as on a full disk, leaves the
		// transaction open.
		tx.rollback()
		if !errors.Is(err, errSpoiled) {
			return nil, s.db.traits().mapped(err)
		}

		if len(jobs) > 1 {
			return nil, errSpoiled
		}
	} else {
		s.markReached(head)
	}

	for j, err := range late {
		if failed[j] == nil { // else it keeps its own error
			failed[j] = s.db.traits().mapped(err)
		}
	}

	return failed, nil
}

// begin starts the transaction of jobs and prefetches the rows that they name.
// A prefetch that fails costs only the round trips that it would have saved:
// the odd names of one job must not fail the others.
func (s *Store) begin(ctx context.Context, jobs []*job) (batch, prefetched, error) {
	tx, err := s.db.begin(ctx)
	if err != nil {
		return nil, prefetched{}, err
	}
	s.clock.follow(tx)

	// The only job of a batch waits for the answer to its first query anyway.
	if !s.db.traits().roundTrips || len(jobs) == 1 {
		return tx, prefetched{}, nil
	}

	rows, err := prefetchFor(ctx, tx, jobs)
	if err == nil {
		return tx, rows, nil
	}

	s.log.Warn(
		"the rows of a commit could not be read in advance; each write reads its own",
		"error", err,
	)
	tx.rollback()
	tx, err = s.db.begin(ctx)

	return tx, prefetched{}, err
}

// runJob runs one job's part and rolls it back when it fails.
func (s *Store) runJob(
	tx batch,
	j *job,
	rows prefetched,
	savepoint bool,
) (err error) {
	if err := tx.beginPart(j, savepoint); err != nil {
		return err
	}

	// A panic must not end the writer, which serves all other callers too. It
	// fails the caller's own part alone.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a store transaction: %v", p)
		}
		if unseen := tx.endPart(err); unseen != nil {
			err = s.db.traits().mapped(unseen)
		}
	}()

	j.audits = nil
	t := s.newTx(tx)
	t.usePrefetched(j.prefetch, rows)
	err = j.fn(t)
	j.audits = t.audits

	return err
}
