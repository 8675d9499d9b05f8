package provider

import (
	"context"
	"sync"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// seat is one account as one process serves it, with one configuration. A new configuration or a new process means a new
// seat; leases stay on the seat that they were given.
type seat struct {
	cfg   config.Provider
	info  sdk.AccountInfo
	run   *running
	verbs *sdk.AccountClient
	tally tally // leases

	mu     sync.Mutex
	frozen chan struct{} // not nil while the process is being given another configuration; closed when that is decided
	stale  bool          // the account has another identity at the provider now
}

// gone reports whether the process behind the seat has ended.
func (s *seat) gone() bool {
	select {
	case <-s.run.proc.Done():
		return true
	default:
		return false
	}
}

// enter counts a lease, on the seat and on its process.
func (s *seat) enter() {
	s.tally.add()
	s.run.tally.add()
}

func (s *seat) leave() {
	s.tally.done()
	s.run.tally.done()
}

// freeze holds back calls that have not begun while the process is being given another configuration. thaw ends that:
// stale turns them away, because the process now acts as somebody else.
func (s *seat) freeze() (thaw func(stale bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	frozen := make(chan struct{})
	s.frozen = frozen
	return func(stale bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.frozen, s.stale = nil, s.stale || stale
		close(frozen)
	}
}

// settled waits until no configuration is being applied. The error is unavailable, not sent.
func (s *seat) settled(ctx context.Context) error {
	for {
		s.mu.Lock()
		frozen, stale := s.frozen, s.stale
		s.mu.Unlock()
		if stale {
			return turnedAway(0, "the provider got another identity after this call was prepared; prepare it again")
		}
		if frozen == nil {
			return nil
		}
		select {
		case <-frozen:
		case <-ctx.Done():
			return turnedAway(0, "the call's time ran out while the provider was being reconfigured")
		}
	}
}

// tally counts what is under way and tells when nothing is.
type tally struct {
	mu   sync.Mutex
	n    int
	zero chan struct{} // closed when n reaches 0; nil when nobody waits
}

func (t *tally) add() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
}

func (t *tally) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n--
	if t.n == 0 && t.zero != nil {
		close(t.zero)
		t.zero = nil
	}
}

// idle gives a channel that is closed once nothing is under way.
func (t *tally) idle() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == 0 {
		c := make(chan struct{})
		close(c)
		return c
	}
	if t.zero == nil {
		t.zero = make(chan struct{})
	}
	return t.zero
}
