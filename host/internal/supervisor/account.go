package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// account is one configured provider. It lives from the Apply that brings it to the end of its draining.
//
// Locks are taken in this order: op, Supervisor.mu, mu, unit.mu.
type account struct {
	name     string
	reg      *Supervisor
	log      *slog.Logger
	metrics  *metrics
	breaker  *breaker // of what moves money, and of all else but questions
	bulkhead bulkhead // of leases, but those for reading
	// Questions about what is under way have a breaker and a share of the places,
	// and reading has places of its own.
	askBreaker      *breaker
	asking, reading bulkhead
	retry           job // brings it up, while it has no unit
	wind            job // waits for the end of what is open, while it is winding

	// op is held while the account is being configured on a process, by whoever does it: an Apply, a retry, or the
	// supervisor after a restart.
	op sync.Mutex

	mu       sync.Mutex
	cfg      config.Provider // in force, or wanted while nothing is
	phase    State           // draining is told by winding instead
	winding  bool            // disabled or removed: only what is open is carried on
	removed  bool
	retiring int   // seats that are still being drained
	left     bool  // the registry no longer has the account
	unit     *unit // nil before it has come up, and after it has ended
	seat     *seat // nil while no process serves the account
	changed  chan struct{}
	lastErr  error

	// What was last known, so that it can be shown while nothing runs.
	seen     sdk.Info
	seenInfo sdk.AccountInfo
}

func (r *Supervisor) newAccount(cfg config.Provider) *account {
	a := &account{
		name: cfg.Name, reg: r, log: r.log.With("provider", cfg.Name), metrics: r.metrics,
		breaker:    newBreaker(cfg.Name, r.tune.breakerFailures, r.tune.breakerOpen),
		askBreaker: newBreaker(cfg.Name, r.tune.breakerFailures, r.tune.breakerOpen),
		cfg:        cfg, phase: StateStarting, changed: make(chan struct{}),
	}
	a.reading.queue = readingQueue
	a.resize(cfg.MaxInFlight)
	return a
}

// announce wakes those who wait for a change. The caller holds the lock.
func (a *account) announce() {
	close(a.changed)
	a.changed = make(chan struct{})
}

// set changes the account and wakes those who wait.
func (a *account) set(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
	a.announce()
}

// now gives what is in force.
func (a *account) now() (cfg config.Provider, u *unit, s *seat) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cfg, a.unit, a.seat
}

// switchTo is the one step in which new leases begin to go to another seat. It gives what served before.
func (a *account) switchTo(u *unit, s *seat) (before *unit, left *seat) {
	a.resize(s.cfg.MaxInFlight)
	a.set(func() {
		before, left = a.unit, a.seat
		a.unit, a.seat, a.cfg = u, s, s.cfg
		a.phase, a.lastErr = StateReady, nil
		a.seen, a.seenInfo = s.run.proc.Info(), s.info
	})
	return before, left
}

// lost is told by the supervisor of u that the account's process is gone.
func (a *account) lost(u *unit, phase State, cause error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.unit != u {
		return
	}
	a.seat, a.phase, a.lastErr = nil, phase, cause
	a.announce()
}

// reseat configures the account on a new process, as it was configured on the one before.
func (a *account) reseat(u *unit, run *running) {
	a.op.Lock()
	defer a.op.Unlock()
	a.reseatLocked(u, run)
}

// tryReseat is reseat for an account that could not be configured before; it does not wait for whoever is at it.
func (a *account) tryReseat(u *unit, run *running) {
	if !a.op.TryLock() {
		return
	}
	defer a.op.Unlock()
	a.mu.Lock()
	quarantined := a.phase == StateQuarantined
	a.mu.Unlock()
	if !quarantined {
		a.reseatLocked(u, run)
	}
}

func (a *account) reseatLocked(u *unit, run *running) {
	cfg, mine, s := a.now()
	if mine != u || s != nil && s.run == run {
		return
	}
	s, err := u.configure(u.ctx, run, cfg)
	if err == nil {
		a.switchTo(u, s)
		a.log.Info("provider is served again", "pid", run.proc.PID())
		return
	}
	if gone(run) {
		return // the supervisor is about to say so
	}
	a.log.Error("provider could not be configured again", "error", err.Error())
	a.lost(u, phaseAfter(err), err)
}

// phaseAfter says whether a failure may mend by itself: a configuration that its plugin does not accept does not.
func phaseAfter(err error) State {
	var e *sdk.Error
	if errors.As(err, &e) && e.Code == sdk.CodeInvalidRequest {
		return StateQuarantined
	}
	return StateRestarting
}

// job is a goroutine that can be told to end and waited for.
type job struct {
	mu     sync.Mutex
	cancel context.CancelFunc
	done   chan struct{}
}

// begin runs f, unless it is running already.
func (j *job) begin(f func(context.Context)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.done != nil {
		select {
		case <-j.done:
		default:
			return
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	j.cancel, j.done = cancel, done
	go func() {
		defer close(done)
		defer cancel()
		f(ctx)
	}()
}

// end tells the job to end and waits until it has.
func (j *job) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.done != nil {
		j.cancel()
		<-j.done
		j.done = nil
	}
}
