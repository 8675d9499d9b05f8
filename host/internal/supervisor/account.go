package supervisor

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/sdk"
)

// account is one configured provider. It lives from the Apply that brings it to
// the end of its draining.
//
// Locks are taken in this order: configuring, Supervisor.mu, mu, instance.mu.
type account struct {
	name   string
	sup    *Supervisor
	log    *slog.Logger
	series *series

	// Each use of a lease has its breaker and its places, so that strangers,
	// who can cause queries and reading, stop no payment.
	breaker      *breaker // of what moves money, and of all else but queries
	queryBreaker *breaker
	bulkhead     bulkhead // of all leases but those for reading
	querying     bulkhead // of the part of them that queries may have
	reading      bulkhead
	pace         *rate.Limiter // of the calls to the provider

	bringUp job // reloads the account while it has no instance
	drainer job // waits until nothing is open, while the account is draining

	// configuring is held while the account is being configured on a process,
	// by an Apply, a retry, or the goroutine that binds it to a new process.
	configuring sync.Mutex

	mu sync.Mutex
	service
	phase    State         // everything but draining, which is a flag of its own
	shown    State         // what state returned at the last change
	since    time.Time     // when that changed
	draining bool          // disabled or removed: only what is open is carried on
	removed  bool          // no longer in the configuration
	retiring int           // bindings whose leases have not ended
	changed  chan struct{} // closed at the next change
	lastErr  error

	// The last that the plugin said, which is shown while nothing runs.
	seen     sdk.Info
	seenInfo sdk.AccountInfo
}

// service is what serves an account at one moment.
type service struct {
	cfg      config.Provider // in force, or wanted while nothing is
	instance *instance       // nil before the account has come up, and after it has ended
	binding  *binding        // nil while no process serves the account
}

// runs reports whether it is an instance of the program that serves.
func (s service) runs(program plugin.Binary) bool {
	return s.instance != nil && keyOf(s.instance.program) == keyOf(program)
}

func (s *Supervisor) newAccount(cfg config.Provider) *account {
	log := s.log.With("provider", cfg.Name)
	a := &account{
		name:         cfg.Name,
		sup:          s,
		log:          log,
		series:       s.metrics.seriesOf(cfg.Name),
		breaker:      newBreaker(log, "all but queries", s.tune.breakerFailures, s.tune.breakerOpen),
		queryBreaker: newBreaker(log, "queries", s.tune.breakerFailures, s.tune.breakerOpen),
		pace:         newPace(),
		service:      service{cfg: cfg},
		phase:        StateStarting,
		shown:        StateStarting,
		since:        s.opts.Now(),
		changed:      make(chan struct{}),
	}

	a.reading.queue = readingQueue
	a.resize(cfg)
	return a
}

// announce wakes the goroutines that wait for a change. The caller holds mu.
func (a *account) announce() {
	if now := a.state(); now != a.shown {
		a.shown = now
		a.since = a.sup.opts.Now()
	}
	close(a.changed)
	a.changed = make(chan struct{})
}

// set changes the account and announces it.
func (a *account) set(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
	a.announce()
}

// current returns what serves the account now.
func (a *account) current() service {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.service
}

// switchTo is the one step from which on new leases get another binding. It
// returns what served before.
func (a *account) switchTo(next *instance, bound *binding) (before service) {
	a.resize(bound.cfg)
	a.set(func() {
		before = a.service
		a.service = service{cfg: bound.cfg, instance: next, binding: bound}
		a.phase = StateReady
		a.lastErr = nil
		a.seen = bound.proc.Info()
		a.seenInfo = bound.info
	})

	return before
}

// lost takes the account's binding away: its instance has no process, or could
// not configure the account on it.
func (a *account) lost(inst *instance, phase State, cause error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.instance != inst {
		return
	}

	a.binding = nil
	a.phase = phase
	a.lastErr = cause
	a.announce()
}

// rebind configures the account on a new process, as it was configured on the
// one before.
func (a *account) rebind(inst *instance, proc *process) {
	a.configuring.Lock()
	defer a.configuring.Unlock()
	a.rebindLocked(inst, proc)
}

// tryRebind is rebind for an account that could not be configured before. It
// does nothing while the account is being configured, or is quarantined.
func (a *account) tryRebind(inst *instance, proc *process) {
	if !a.configuring.TryLock() {
		return
	}
	defer a.configuring.Unlock()

	a.mu.Lock()
	quarantined := a.phase == StateQuarantined
	a.mu.Unlock()
	if !quarantined {
		a.rebindLocked(inst, proc)
	}
}

func (a *account) rebindLocked(inst *instance, proc *process) {
	before := a.current()
	bound := before.binding != nil && before.binding.proc == proc
	if before.instance != inst || bound {
		return
	}

	// A failure of a process that has just ended is the goroutine's to report.
	next, err := inst.configure(inst.ctx, proc, before.cfg)
	if err == nil {
		a.switchTo(inst, next)
		a.log.Info("provider is served again", "pid", proc.PID())
		return
	}

	if proc.gone() {
		return
	}
	a.log.Error("provider could not be configured again", "error", err.Error())
	a.lost(inst, phaseAfter(err), err)
}

// job is a goroutine that can be told to end and waited for.
type job struct {
	mu     sync.Mutex
	cancel context.CancelFunc
	done   chan struct{}
}

// begin runs work in a goroutine, unless the job is running already.
func (j *job) begin(work func(context.Context)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.done != nil {
		select {
		case <-j.done:
		default:
			return
		}
	}

	// The job outlives the call that began it: it runs until its work is done
	// or end cancels it.
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	j.cancel = cancel
	j.done = done
	go func() {
		defer close(done)
		defer cancel()
		work(ctx)
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
