package core

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// awayStore refuses every write until a moment, as a database does that is not
// there.
type awayStore struct {
	store.Transactor

	mu     sync.Mutex
	until  time.Time
	behind time.Duration // how far this machine's clock is ahead of the database's
	writes int
}

func (s *awayStore) set(until time.Time, behind time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until, s.behind = until, behind
}

func (s *awayStore) written() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

var errAway = errors.New("no space left on device")

func (s *awayStore) Write(context.Context, func(*store.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	if time.Now().Before(s.until) {
		return errAway
	}
	return nil
}

func (s *awayStore) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(-s.behind)
}

// logged is what a core has logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}

func coreOn(s store.Transactor) (c *Core, log *logged) {
	log = &logged{}
	return open(
		Options{Store: s, Logger: slog.New(slog.NewTextHandler(log, nil)), Steady: true},
	), log
}

func payoutAnswer() answered {
	return answered{
		id:        "po_1",
		provider:  "acme",
		reference: "theirs-9",
		stuck:     make(chan struct{}, 1),
		attempt:   payment.Attempt{Number: 1, Verb: "create_payout", Outcome: "ok"},
	}
}

func recordsNothing(c *Core) func(context.Context) error {
	return func(ctx context.Context) error {
		return c.store.Write(ctx, func(*store.Tx) error { return nil })
	}
}

// An answer is often the only one there will be: however long the database is
// away, the host keeps it, tries again at short intervals, and has logged what
// a person needs who must record it by hand.
func TestAnAnswerIsKeptUntilTheDatabaseIsBack(t *testing.T) {
	for _, away := range []time.Duration{0, time.Second, time.Minute, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			back := time.Now().Add(away)
			s := &awayStore{until: back}
			c, log := coreOn(s)
			if !c.persist(t.Context(), payoutAnswer(), recordsNothing(c)) {
				t.Errorf("away for %s: it was given up", away)
			}

			if late := time.Since(back); late > 2*time.Second {
				t.Errorf("away for %s: it was recorded %s later", away, late)
			}
			if away > 0 {
				wantAnswerLogged(t, log.String())
			}
		})
	}
}

func wantAnswerLogged(t *testing.T, log string) {
	t.Helper()
	for _, part := range []string{"po_1", "acme", "create_payout", "outcome=ok", "theirs-9",
		"no space left"} {
		if !strings.Contains(log, part) {
			t.Errorf("the log does not say %q: %s", part, log)
		}
	}
}

// The host closes while the database is away: what the answer says is in the
// log.
func TestAnAnswerThatIsGivenUpIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, log := coreOn(&awayStore{until: time.Now().Add(time.Hour)})
		recorded := make(chan bool, 1)
		go func() { recorded <- c.persist(t.Context(), payoutAnswer(), recordsNothing(c)) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		log.Reset()
		c.GiveUp()
		if <-recorded {
			t.Error("it is recorded")
		}

		wantAnswerLogged(t, log.String())
	})
}

// Whoever waits for an answer that is there, and that the database does not
// take, is told so after a while.
func TestACallerDoesNotWaitForeverForADatabaseThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := coreOn(&awayStore{until: time.Now().Add(time.Hour)})
		what, begun := payoutAnswer(), time.Now()
		go c.persist(t.Context(), what, recordsNothing(c))
		<-what.stuck
		if waited := time.Since(begun); waited < stuckAfter ||
			waited > stuckAfter+2*time.Second {
			t.Errorf("told after %s", waited)
		}

		c.GiveUp()
		synctest.Wait()
	})
}

// An error that no time mends does not keep the host trying.
func TestAnAnswerToWhatCannotBeReadIsGivenUpAndLogged(t *testing.T) {
	for _, lasting := range []error{&store.DamagedError{ID: "po_1", Cause: errAway},
		store.ErrNotFound, store.ErrClosed} {
		c, log := coreOn(lastingStore{err: lasting})
		if c.persist(t.Context(), payoutAnswer(), recordsNothing(c)) ||
			!strings.Contains(log.String(), "theirs-9") {
			t.Errorf("%v: %s", lasting, log)
		}
	}
}

type lastingStore struct {
	store.Transactor
	err error
}

func (s lastingStore) Write(context.Context, func(*store.Tx) error) error {
	return s.err
}

// A host says once that its clock is off, and once that it is right again; and
// once that its signs of life do not arrive.
func TestAHostWhoseClockIsOffSaysSoOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &awayStore{}
		c, log := coreOn(s)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			c.Beat(ctx)
		}()

		pass := func(what string, want int) {
			t.Helper()
			time.Sleep(time.Minute)
			synctest.Wait()
			if got := strings.Count(log.String(), what); got != want {
				t.Errorf("%q is said %d times, want %d: %s", what, got, want, log)
			}
		}

		pass("clock is off", 0)
		for _, behind := range []time.Duration{2 * time.Second, -2 * time.Second} {
			log.Reset()
			s.set(time.Time{}, behind)
			pass("clock is off", 1)
			s.set(time.Time{}, 0)
			pass("agrees", 1)
		}

		if beats := s.written(); beats < 80 || beats > 110 {
			t.Errorf("%d signs of life in five minutes", beats)
		}
		s.set(time.Now().Add(time.Hour), 0)
		log.Reset()
		pass("sign of life", 1)
		stop()
		<-ended
	})
}
