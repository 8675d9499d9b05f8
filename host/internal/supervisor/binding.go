package supervisor

import (
	"context"
	"sync"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
)

// binding is one account as one process serves it, with one configuration. A
// new configuration or a new process means a new binding; a lease keeps the
// binding that it was given.
type binding struct {
	cfg   config.Provider
	info  sdk.AccountInfo
	proc  *process
	slot  *slot
	verbs *client.Account
}

func newBinding(cfg config.Provider, info sdk.AccountInfo, proc *process) *binding {
	return &binding{
		cfg:   cfg,
		info:  info,
		proc:  proc,
		slot:  proc.slot(cfg.Name),
		verbs: proc.Client().Account(cfg.Name),
	}
}

// endSeenWithin is how long after its connection broke the end of a process may
// be seen.
const endSeenWithin = 250 * time.Millisecond

// endsSoon reports whether the process has ended, for a call that has just
// failed on its way: the broken connection is seen a moment before the end of
// the process. It waits for that moment, so that a caller who tries again at
// once gets the next process.
func (b *binding) endsSoon() bool {
	select {
	case <-b.proc.Done():
		return true
	case <-b.proc.Stopping():
		return true
	case <-time.After(endSeenWithin):
		return false
	}
}

// enter counts a lease, for the account and for the process.
func (b *binding) enter() {
	b.slot.leases.add()
	b.proc.leases.add()
}

func (b *binding) leave() {
	b.slot.leases.done()
	b.proc.leases.done()
}

// awaitConfigured waits while the account is being configured, and makes sure
// that it still has the identity at the provider that it had when the lease was
// given. The error is unavailable, not sent.
func (b *binding) awaitConfigured(ctx context.Context) error {
	for {
		b.slot.mu.Lock()
		frozen := b.slot.frozen
		same := b.slot.identity == b.info.IdentityFingerprint
		b.slot.mu.Unlock()

		// An identity that changed once does not change back by waiting.
		if frozen == nil {
			if same {
				return nil
			}
			return turnedAway(
				0,
				"the provider got another identity after this call was prepared; prepare it again",
			)
		}

		select {
		case <-frozen:
		case <-ctx.Done():
			return turnedAway(
				0,
				"the call's time ran out while the provider was being configured",
			)
		}
	}
}

// process is one running plugin and the leases on it.
type process struct {
	*plugin.Process
	leases tally

	mu    sync.Mutex
	slots map[string]*slot // by account
}

// gone reports whether the process has ended.
func (p *process) gone() bool {
	select {
	case <-p.Done():
		return true
	default:
		return false
	}
}

// slot returns the account's slot, and makes it when there is none.
func (p *process) slot(account string) *slot {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.slots == nil {
		p.slots = map[string]*slot{}
	}
	if p.slots[account] == nil {
		p.slots[account] = &slot{}
	}

	return p.slots[account]
}

// forget removes the slot of an account that was never leased.
func (p *process) forget(account string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.slots, account)
}

// slot is the place of one account on one process, whatever configurations the
// account has had there.
type slot struct {
	leases tally

	mu       sync.Mutex
	frozen   chan struct{} // not nil while the account is being configured; closed after that
	identity string        // the fingerprint that the account has on the process now
}

// inDoubt is an identity that no binding has.
const inDoubt = "\x00"

// freeze holds back the calls that have not begun while the account is being
// configured. The caller passes the identity that resulted to thaw; an empty
// one leaves the identity as it was.
func (s *slot) freeze() (thaw func(identity string)) {
	s.mu.Lock()
	defer s.mu.Unlock()

	frozen := make(chan struct{})
	s.frozen = frozen
	return func(identity string) {
		s.mu.Lock()
		defer s.mu.Unlock()

		// The identity is set before the calls that wait go on: each compares
		// it with the one that it was prepared for.
		s.frozen = nil
		if identity != "" {
			s.identity = identity
		}
		close(frozen)
	}
}

// tally counts what is under way and tells when nothing is.
type tally struct {
	mu    sync.Mutex
	count int
	zero  chan struct{} // closed when count reaches 0; nil when nothing waits for it
}

func (t *tally) add() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count++
}

func (t *tally) done() {
	t.mu.Lock()
	defer t.mu.Unlock()

	t.count--
	if t.count == 0 && t.zero != nil {
		close(t.zero)
		t.zero = nil
	}
}

// idle returns a channel that is closed once nothing is under way.
func (t *tally) idle() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()

	if t.count == 0 {
		closed := make(chan struct{})
		close(closed)
		return closed
	}

	if t.zero == nil {
		t.zero = make(chan struct{})
	}

	return t.zero
}
