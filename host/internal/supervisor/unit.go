package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/payhost/payhost/host/internal/plugin"
)

// unitKey says which processes are the same.
type unitKey struct {
	plugin, version, checksum, surroundings string
	strict                                  bool
}

func keyOf(b plugin.Binary) unitKey {
	return unitKey{b.Plugin, b.Version, b.Checksum, b.Surroundings, b.Strict}
}

// unit is one program in one process that serves all the accounts of it. Its supervisor, a goroutine, starts the process
// and replaces it when it dies or stops answering.
type unit struct {
	reg    *Supervisor
	binary plugin.Binary
	log    *slog.Logger
	refs   int // accounts that use it, or still drain from it; guarded by Supervisor.mu

	ctx      context.Context // ends when nobody uses the unit any more
	cancel   context.CancelFunc
	started  chan struct{} // closed when the first start has come out
	startErr error         // how, once started is closed
	done     chan struct{} // closed when nothing of the unit is left
	kick     chan struct{} // somebody wants a try at once
	condemn  chan condemned
	outdated bool // that the resolver's files were replaced has been said; the supervisor's own
	burials  sync.WaitGroup

	mu          sync.Mutex
	run         *running // nil while none serves
	members     map[*account]struct{}
	quarantined bool
	restarts    int
	crashes     []time.Time // those of late
	changed     chan struct{}
}

// condemned is a process that somebody has found to be of no more use.
type condemned struct {
	run   *running
	cause error
}

// unit gives the running unit of a program, held once more; it starts it when there is none. Whoever gets one must
// release it.
func (r *Supervisor) unit(ctx context.Context, b plugin.Binary) (*unit, error) {
	r.mu.Lock()
	u := r.units[keyOf(b)]
	if u == nil {
		u = r.newUnit(b)
		r.units[keyOf(b)] = u
		go u.supervise()
	}
	u.refs++
	r.mu.Unlock()
	select {
	case <-u.started:
	case <-ctx.Done():
		r.release(u)
		return nil, ctx.Err()
	}
	if u.startErr != nil {
		r.release(u)
		return nil, u.startErr
	}
	return u, nil
}

func (r *Supervisor) newUnit(b plugin.Binary) *unit {
	ctx, cancel := context.WithCancel(context.Background())
	return &unit{
		reg: r, binary: b, ctx: ctx, cancel: cancel,
		log:     r.log.With("plugin", b.Plugin, "checksum", b.Checksum[:min(12, len(b.Checksum))]),
		started: make(chan struct{}), done: make(chan struct{}), kick: make(chan struct{}, 1),
		condemn: make(chan condemned, 1), members: map[*account]struct{}{}, changed: make(chan struct{}),
	}
}

// release ends the unit when it was the last to hold it.
func (r *Supervisor) release(u *unit) {
	r.mu.Lock()
	u.refs--
	last := u.refs == 0
	if last && r.units[keyOf(u.binary)] == u {
		delete(r.units, keyOf(u.binary))
	}
	r.mu.Unlock()
	if last {
		u.cancel()
		<-u.done
	}
}

// supervise is the unit's life.
func (u *unit) supervise() {
	defer close(u.done)
	defer u.burials.Wait()
	run, err := u.start()
	if err != nil {
		u.startErr = err
		u.reg.forget(u)
		close(u.started)
		return
	}
	u.serve(run)
	close(u.started)
	for run != nil {
		cause := u.watch(run)
		u.serve(nil)
		if cause == nil {
			run.proc.Stop(u.reg.tune.stopBudget)
			return
		}
		u.crashed(run, cause)
		run = u.restart(cause)
	}
}

// forget makes room for another try at a unit that did not come up.
func (r *Supervisor) forget(u *unit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.units[keyOf(u.binary)] == u {
		delete(r.units, keyOf(u.binary))
	}
}

func (u *unit) start() (*running, error) {
	proc, err := plugin.Start(u.ctx, plugin.Spec{
		Binary: u.binary, Workspace: u.reg.workspace, Mask: u.reg.mask,
		Logger:       u.reg.log,
		StartTimeout: u.reg.tune.startTimeout, MemoryLimit: u.reg.tune.memory,
		Contracts: u.reg.tune.contracts,
	})
	if err != nil {
		return nil, err
	}
	u.log.Info("plugin started", "pid", proc.PID(), "version", proc.Info().Version)
	return &running{proc: proc}, nil
}

// serve makes run the process that accounts are configured on; nil: there is none.
func (u *unit) serve(run *running) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.run = run
	u.announce()
}

// announce wakes those who wait for a change. The caller holds the lock.
func (u *unit) announce() {
	close(u.changed)
	u.changed = make(chan struct{})
}

// watch returns why the process is of no more use; nil when nobody needs it any more. That a process is alive is asked of
// itself: what its provider does is no reason to replace it.
func (u *unit) watch(run *running) error {
	tick := time.NewTicker(u.reg.tune.liveEvery)
	defer tick.Stop()
	for misses := 0; ; {
		select {
		case <-u.ctx.Done():
			return nil
		case <-run.proc.Done():
			return run.proc.Err()
		case c := <-u.condemn:
			if c.run == run {
				return c.cause
			}
		case <-tick.C:
			u.warnIfOutdated()
			var err error
			if !u.binary.IsAttached() { // one that stands at a breakpoint does not answer
				err = u.ask(run)
			}
			if err == nil {
				misses = 0
				u.reseat(run, (*account).tryReseat)
				continue
			}
			misses++
			u.log.Warn("the plugin does not answer", "pid", run.proc.PID(), "times", misses, "error", err.Error())
			if misses >= u.reg.tune.liveMisses {
				return fmt.Errorf("it did not answer %d times in a row", misses)
			}
		}
	}
}

// warnIfOutdated says once that names are resolved as they were when the process was started.
func (u *unit) warnIfOutdated() {
	if !u.outdated && u.reg.catalog.Outdated(u.binary) {
		u.outdated = true
		u.log.Warn("the resolver's files have been replaced: the plugin still reads the old ones; payhost reload gives it a new process")
	}
}

func (u *unit) ask(run *running) error {
	ctx, cancel := context.WithTimeout(u.ctx, u.reg.tune.liveDeadline)
	defer cancel()
	_, err := run.proc.Client().Info(ctx)
	return err
}

// crashed takes the process out of service and buries it in the background: what it had already answered is still read.
func (u *unit) crashed(run *running, cause error) {
	u.log.Error("plugin ended unasked", "pid", run.proc.PID(), "error", cause.Error())
	u.reg.metrics.restarts.WithLabelValues(u.binary.Plugin).Inc()
	u.mu.Lock()
	u.restarts++
	u.crashes = append(u.crashes, u.reg.now())
	u.mu.Unlock()
	for _, a := range u.accounts() {
		a.lost(u, StateRestarting, cause)
	}
	u.burials.Go(func() {
		select {
		case <-run.tally.idle():
		case <-time.After(u.reg.tune.lastAnswers):
		}
		run.proc.Stop(u.reg.tune.stopBudget)
	})
}

// restart starts processes until one comes up: the first time at once, then with growing pauses, and after too many
// crashes in a short time not before somebody says so. It gives nil when nobody needs the unit any more.
func (u *unit) restart(cause error) *running {
	for failures := 0; ; failures++ {
		recent := u.recentCrashes()
		if recent >= u.reg.tune.crashLimit && !u.binary.IsAttached() {
			if !u.quarantine(cause) {
				return nil
			}
			recent = 1
		}
		if !u.pause(u.reg.delayFor(u.binary.Plugin, recent-1+failures)) {
			return nil
		}
		run, err := u.start()
		if err == nil {
			u.serve(run)
			u.reseat(run, (*account).reseat)
			return run
		}
		if u.ctx.Err() != nil {
			return nil
		}
		cause = err
		u.log.Error("plugin did not start again", "error", err.Error())
		for _, a := range u.accounts() {
			a.lost(u, StateRestarting, err)
		}
	}
}

// recentCrashes forgets what was long ago and counts the rest.
func (u *unit) recentCrashes() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	limit := u.reg.now().Add(-u.reg.tune.crashWindow)
	u.crashes = slices.DeleteFunc(u.crashes, func(t time.Time) bool { return t.Before(limit) })
	return len(u.crashes)
}

// quarantine waits until somebody frees the unit. It reports whether anybody still needs it.
func (u *unit) quarantine(cause error) bool {
	u.log.Error("plugin is quarantined: it crashed too often", "crashes", u.reg.tune.crashLimit, "within", u.reg.tune.crashWindow)
	u.setQuarantined(true)
	for _, a := range u.accounts() {
		a.lost(u, StateQuarantined, cause)
	}
	select {
	case <-u.kick:
	case <-u.ctx.Done():
		return false
	}
	u.setQuarantined(false)
	for _, a := range u.accounts() {
		a.lost(u, StateRestarting, cause)
	}
	return true
}

// setQuarantined forgets what led to it, and what was wanted before.
func (u *unit) setQuarantined(yes bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.quarantined, u.crashes = yes, nil
	if yes {
		select {
		case <-u.kick:
		default:
		}
	}
	u.announce()
}

// pause waits, unless somebody wants a try at once. It reports whether anybody still needs the unit.
func (u *unit) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-u.kick:
	case <-u.ctx.Done():
	}
	return u.ctx.Err() == nil
}

// free ends a quarantine or a pause.
func (u *unit) free() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.run != nil {
		return
	}
	u.quarantined = false
	u.announce()
	select {
	case u.kick <- struct{}{}:
	default:
	}
}

// await gives the running process, waiting for one that is on its way.
func (u *unit) await(ctx context.Context) (*running, error) {
	for {
		u.mu.Lock()
		run, quarantined, changed := u.run, u.quarantined, u.changed
		u.mu.Unlock()
		if run != nil {
			return run, nil
		}
		if quarantined {
			return nil, errQuarantined
		}
		select {
		case <-changed:
		case <-u.done:
			return nil, errors.New("the plugin has been stopped")
		case <-ctx.Done():
			return nil, fmt.Errorf("the plugin is not running: %w", ctx.Err())
		}
	}
}

var errQuarantined = errors.New("the plugin is quarantined")
