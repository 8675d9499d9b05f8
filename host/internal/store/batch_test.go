package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"pgregory.net/rapid"
)

// waiting is an update that waits for the writer.
type waiting struct {
	events []store.ProviderEvent
	fn     func(*store.Tx) error
}

// together runs updates in one commit: the writer is kept busy until all of
// them wait. It gives the error of each.
func together(t failer, s *store.Store, jobs []waiting) []error {
	ctx := context.Background()
	busy, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.Write(ctx, func(*store.Tx) error {
			close(busy)
			<-release
			return nil
		})
		if err != nil {
			t.Errorf("the write that keeps the writer busy: %v", err)
		}
	})

	<-busy
	errs := make([]error, len(jobs))
	for k, j := range jobs {
		wg.Go(func() { errs[k] = s.ApplyEvents(ctx, j.events, j.fn) })
	}

	s.AwaitQueue(len(jobs))
	close(release)
	wg.Wait()

	return errs
}

// failer is what a test and a property have in common.
type failer interface {
	Errorf(format string, args ...any)
}

var errOwn = errors.New("the job's own")

// Whatever jobs share a commit, and whatever goes wrong in some of them: each
// job is there whole or not at all, as it was told, and in the order in which
// they were taken each sees what those before it have left.
func TestJobsThatShareACommitAreEachWholeOrNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, round := open(t, url), 0
		rapid.Check(t, func(t *rapid.T) {
			round++
			var jobs []waiting
			var plans []plan

			for range rapid.IntRange(1, 6).Draw(t, "jobs") {
				p := drawPlan(t, round)
				plans, jobs = append(plans, p), append(jobs, waiting{fn: p.run})
			}

			for k, err := range together(t, s, jobs) {
				plans[k].check(t, s, err)
			}
		})
	})
}

// step is one thing that a job does.
type step struct {
	// what is "take" (a key), "read" (a key), "count" or "fail".
	what string
	key  string
}

type plan struct {
	id    string
	steps []step
}

var jobs struct {
	sync.Mutex
	n int
}

func drawPlan(t *rapid.T, round int) plan {
	jobs.Lock()
	jobs.n++
	p := plan{id: fmt.Sprintf("job-%d", jobs.n)}
	jobs.Unlock()

	for range rapid.IntRange(1, 4).Draw(t, "steps") {
		p.steps = append(p.steps, step{
			what: rapid.SampledFrom([]string{"take", "take", "read", "count", "fail"}).
				Draw(t, "what"),
			key: fmt.Sprintf("key-%d-%d", round, rapid.IntRange(0, 3).Draw(t, "key")),
		})
	}

	return p
}

func (p plan) run(tx *store.Tx) error {
	ctx := context.Background()
	for _, s := range p.steps {
		var err error
		switch s.what {
		case "take":
			err = tx.InsertKey(ctx, store.Key{Key: s.key, IntentID: p.id})
		case "read":
			if _, err = tx.Key(ctx, s.key); errors.Is(err, store.ErrNotFound) {
				err = nil
			}
		case "count":
			_, err = tx.NextNumber(ctx, "batch", 1)

		case "fail":
			err = errOwn
		}

		if err != nil {
			return err
		}
	}

	return nil
}

// check compares what a job left with what it was told.
func (p plan) check(t *rapid.T, s *store.Store, err error) {
	fails := false
	for _, step := range p.steps {
		fails = fails || step.what == "fail"
	}

	switch {
	case err == nil && fails:
		t.Fatalf("%s failed, and was told that it is written: %v", p.id, p.steps)
	case err != nil && !errors.Is(err, errOwn) && !errors.Is(err, store.ErrExists):
		t.Fatalf("%s: %v", p.id, err)
	}

	viewErr := s.Read(context.Background(), func(tx *store.Tx) error {
		for _, step := range p.steps {
			if step.what != "take" {
				continue
			}
			k, found := tx.Key(context.Background(), step.key)
			mine := found == nil && k.IntentID == p.id
			if found != nil && !errors.Is(found, store.ErrNotFound) {
				return found
			}

			if mine != (err == nil) {
				t.Fatalf(
					"%s was told %v, and that %s is its own is %v: %v",
					p.id,
					err,
					step.key,
					mine,
					p.steps,
				)
			}
		}

		return nil
	})
	if viewErr != nil {
		t.Fatal(viewErr)
	}
}

// A commit that fails says nothing of what was written; everything else that
// goes wrong says that nothing was.
func TestOnlyAFailedCommitIsInDoubt(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		if !strings.HasPrefix(url, "sqlite:") {
			s.OnWriter(
				t,
				"ALTER TABLE attempts ALTER CONSTRAINT new_attempts_intent_id_fkey DEFERRABLE",
			)
		}

		err := s.Write(
			ctx,
			func(tx *store.Tx) error { // the commit finds out that this cannot be
				deferred := "SET CONSTRAINTS ALL DEFERRED"
				if strings.HasPrefix(url, "sqlite:") {
					deferred = "PRAGMA defer_foreign_keys = ON"
				}
				return errors.Join(tx.Exec(ctx, deferred),
					tx.InsertAttempt(ctx, "pay_nothing", payment.Attempt{Number: 1}))
			},
		)
		if err == nil || errors.Is(err, store.ErrUnwritten) {
			t.Errorf("a commit that failed: %v", err)
		}

		for _, own := range []func(*store.Tx) error{
			func(*store.Tx) error { return errOwn },
			func(*store.Tx) error { panic("a bug") },
			func(tx *store.Tx) error {
				return tx.InsertAttempt(ctx, "pay_nothing", payment.Attempt{Number: 1})
			},
		} {
			if err := s.Write(ctx, own); !errors.Is(err, store.ErrUnwritten) {
				t.Errorf("a write that failed: %v", err)
			}
		}

		update(t, s, func(tx *store.Tx) error { return tx.SetSetting(ctx, "x", "y") })
	})
}

// A write whose caller goes away before its turn is not begun, and says so.
func TestAWriteIsNotBegunForACallerWhoHasGone(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url)
		busy, release := make(chan struct{}), make(chan struct{})
		first, second := make(chan error, 1), make(chan error, 1)
		go func() {
			first <- s.Write(context.WithoutCancel(t.Context()), func(*store.Tx) error {
				close(busy)
				<-release
				return nil
			})
		}()

		<-busy
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			second <- s.Write(ctx, func(*store.Tx) error {
				t.Error("it was begun")
				return nil
			})
		}()

		s.AwaitQueue(1)
		leave()
		close(release)
		if err := <-first; err != nil {
			t.Error(err)
		}

		if err := <-second; !errors.Is(err, context.Canceled) ||
			!errors.Is(err, store.ErrUnwritten) {
			t.Errorf("whoever has gone is told %v", err)
		}
	})
}
