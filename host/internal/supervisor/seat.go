package supervisor

import (
	"context"
	"sync"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/sdk"
)

// running is one process and the leases on it.
type running struct {
	proc  *plugin.Process
	tally tally

	mu     sync.Mutex
	stands map[string]*stand // by account
}

// gone reports whether the process has ended.
func gone(run *running) bool {
	select {
	case <-run.proc.Done():
		return true
	default:
		return false
	}
}

// stand is where one account stands on one process, whatever configurations it has had there.
type stand struct {
	tally tally // leases

	mu       sync.Mutex
	frozen   chan struct{} // not nil while the account is being configured; closed when that is over
	identity string        // the fingerprint that the account has on the process now
}

// inDoubt is an identity that no seat has.
const inDoubt = "\x00"

// stand gives the account's.
func (r *running) stand(account string) *stand {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stands == nil {
		r.stands = map[string]*stand{}
	}
	if r.stands[account] == nil {
		r.stands[account] = &stand{}
	}
	return r.stands[account]
}

// forget is for an account that nobody has leased.
func (r *running) forget(account string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.stands, account)
}

// freeze holds back calls that have not begun while the account is being configured. thaw says what identity came of
// that; the empty one: the same as before.
func (st *stand) freeze() (thaw func(identity string)) {
	st.mu.Lock()
	defer st.mu.Unlock()
	frozen := make(chan struct{})
	st.frozen = frozen
	return func(identity string) {
		st.mu.Lock()
		defer st.mu.Unlock()
		st.frozen = nil
		if identity != "" {
			st.identity = identity
		}
		close(frozen)
	}
}

// seat is one account as one process serves it, with one configuration. A new configuration or a new process means a new
// seat; leases stay on the seat that they were given.
type seat struct {
	cfg   config.Provider
	info  sdk.AccountInfo
	run   *running
	stand *stand
	verbs *sdk.AccountClient
}

func newSeat(cfg config.Provider, info sdk.AccountInfo, run *running) *seat {
	return &seat{cfg: cfg, info: info, run: run, stand: run.stand(cfg.Name), verbs: run.proc.Client().Account(cfg.Name)}
}

func (s *seat) gone() bool { return gone(s.run) }

// noticing is how long the end of a process may take to be seen after its connection broke.
const noticing = 250 * time.Millisecond

// ended is gone for a call that has just failed on its way: the broken connection is seen a moment before the process's
// end. Waiting for that lets whoever tries again at once get the next process.
func (s *seat) ended() bool {
	select {
	case <-s.run.proc.Done():
		return true
	case <-s.run.proc.Stopping():
		return true
	case <-time.After(noticing):
		return false
	}
}

// enter counts a lease, for the account and for the process.
func (s *seat) enter() {
	s.stand.tally.add()
	s.run.tally.add()
}

func (s *seat) leave() {
	s.stand.tally.done()
	s.run.tally.done()
}

// settled waits until the account is not being configured, and makes sure that it still is to the provider who it was
// when the lease was given. The error is unavailable, not sent.
func (s *seat) settled(ctx context.Context) error {
	for {
		s.stand.mu.Lock()
		frozen, same := s.stand.frozen, s.stand.identity == s.info.IdentityFingerprint
		s.stand.mu.Unlock()
		switch {
		case frozen == nil && same:
			return nil
		case frozen == nil:
			return turnedAway(0, "the provider got another identity after this call was prepared; prepare it again")
		}
		select {
		case <-frozen:
		case <-ctx.Done():
			return turnedAway(0, "the call's time ran out while the provider was being configured")
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
