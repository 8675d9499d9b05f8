package supervisor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/payhost/payhost/host/internal/plugin"
)

// supervise is the goroutine of an instance: it starts the process, watches it,
// and replaces it, until no account uses the instance any more.
func (i *instance) supervise() {
	defer close(i.done)
	defer i.reaper.Wait()

	proc, err := i.start()
	if err != nil {
		i.startErr = err
		i.sup.mu.Lock()
		i.sup.unlist(i) // the next try gets another instance
		i.sup.mu.Unlock()
		close(i.started)
		return
	}

	i.serve(proc)
	close(i.started)

	// A process that ends is replaced until no account needs one.
	for proc != nil {
		cause := i.watch(proc)
		i.serve(nil)
		if cause == nil {
			proc.Stop(i.sup.tune.stopBudget)
			return
		}

		// The next process starts while the answers of the old one are still
		// read.
		i.takeOut(proc, cause)
		i.reap(proc)
		proc = i.restart(cause)
	}
}

func (i *instance) start() (*process, error) {
	// The context is the instance's: other accounts may wait for this start
	// when the caller that caused it has given up.
	started, err := plugin.Start(i.ctx, plugin.Spec{
		Binary:       i.program,
		Workspace:    i.sup.workspace,
		Mask:         i.sup.mask,
		Logger:       i.sup.log,
		StartTimeout: i.sup.tune.startTimeout,
		MemoryLimit:  i.sup.tune.memory,
		Contracts:    i.sup.tune.contracts,
	})
	if err != nil {
		return nil, err
	}

	i.log.Info("plugin started", "pid", started.PID(), "version", started.Info().Version)
	return &process{Process: started}, nil
}

// serve makes proc the process that accounts are configured on; nil: there is
// none.
func (i *instance) serve(proc *process) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.proc = proc
	i.announce()
}

// watch returns why the process is of no more use; nil when no account uses the
// instance any more. A process is alive when it answers for itself: what its
// provider does is no reason to replace it.
func (i *instance) watch(proc *process) error {
	tick := time.NewTicker(i.sup.tune.liveEvery)
	defer tick.Stop()

	for misses := 0; ; {
		select {
		case <-i.ctx.Done():
			return nil
		case <-proc.Done():
			return proc.Err()
		case replaced := <-i.replaced:
			if replaced.proc == proc {
				return replaced.cause
			}
			continue

		case <-tick.C:
		}

		// An answer also is the time to try accounts again that could not be
		// configured.
		i.warnIfOutdated()
		err := i.checkLive(proc)
		if err == nil {
			misses = 0
			i.rebind(proc, (*account).tryRebind)
			continue
		}

		misses++
		i.log.Warn(
			"the plugin does not answer",
			"pid", proc.PID(),
			"times", misses,
			"error", err.Error(),
		)
		if misses >= i.sup.tune.liveMisses {
			return fmt.Errorf("it did not answer %d times in a row", misses)
		}
	}
}

// checkLive asks the process what it is. A process under a debugger is not
// asked: it does not answer while it is stopped at a breakpoint.
func (i *instance) checkLive(proc *process) error {
	if i.program.IsAttached() {
		return nil
	}
	ctx, cancel := context.WithTimeout(i.ctx, i.sup.tune.liveDeadline)
	defer cancel()
	_, err := proc.Client().Info(ctx)
	return err
}

// warnIfOutdated logs once that the process resolves names by files that have
// been replaced since it was started.
func (i *instance) warnIfOutdated() {
	if !i.outdated && i.sup.catalog.Outdated(i.program) {
		i.outdated = true
		i.log.Warn("the resolver's files have been replaced: the plugin still reads the old ones; " +
			"payhost reload gives it a new process")
	}
}

// replacement is a process that was found to be of no more use.
type replacement struct {
	proc  *process
	cause error
}

// askReplace has the process replaced.
func (i *instance) askReplace(proc *process, cause error) {
	select {
	case i.replaced <- replacement{proc, cause}:
	default:
	}
}

// takeOut takes the process out of service and counts its end as a crash.
func (i *instance) takeOut(proc *process, cause error) {
	i.log.Error("plugin ended unasked", "pid", proc.PID(), "error", cause.Error())
	i.sup.metrics.restarts.WithLabelValues(i.program.Plugin).Inc()

	i.mu.Lock()
	i.restarts++
	i.crashes = append(i.crashes, i.sup.opts.Now())
	i.mu.Unlock()
	i.tellLost(StateRestarting, cause)
}

// tellLost takes the accounts of the instance out of service.
func (i *instance) tellLost(phase State, cause error) {
	for _, a := range i.members() {
		a.lost(i, phase, cause)
	}
}

// reap stops the process in the background. Answers that it has given are
// still read before.
func (i *instance) reap(proc *process) {
	i.reaper.Go(func() {
		select {
		case <-proc.leases.idle():
		case <-time.After(i.sup.tune.lastAnswers):
		}
		proc.Stop(i.sup.tune.stopBudget)
	})
}

// restart starts processes until one comes up: the first time at once, then
// with growing pauses. After too many crashes in a short time it waits for an
// operator or a new configuration. It returns nil when no account uses the
// instance any more.
func (i *instance) restart(cause error) *process {
	for failures := 0; ; failures++ {
		// An attached plugin is restarted by hand, so it is not quarantined.
		recent := i.recentCrashes()
		if recent >= i.sup.tune.crashLimit && !i.program.IsAttached() {
			if !i.quarantine(cause) {
				return nil
			}
			recent = 1
		}

		if !i.pause(i.sup.backoffFor(i.program.Plugin, recent-1+failures)) {
			return nil
		}

		proc, err := i.start()
		if err == nil {
			i.serve(proc)
			i.rebind(proc, (*account).rebind)
			return proc
		}

		if i.ctx.Err() != nil {
			return nil
		}
		cause = err
		i.log.Error("plugin did not start again", "error", err.Error())
		i.tellLost(StateRestarting, err)
	}
}

// rebind has every account configured on the process, each by itself: one that
// takes long must not delay the others.
func (i *instance) rebind(proc *process, how func(*account, *instance, *process)) {
	for _, a := range i.members() {
		i.reaper.Go(func() { how(a, i, proc) })
	}
}

// rebindOne configures the account once more, if a process runs.
func (i *instance) rebindOne(a *account) {
	if proc := i.process(); proc != nil {
		i.sup.background.Go(func() { a.rebind(i, proc) })
	}
}

// recentCrashes forgets the crashes of long ago and returns how many are left.
func (i *instance) recentCrashes() int {
	i.mu.Lock()
	defer i.mu.Unlock()

	limit := i.sup.opts.Now().Add(-i.sup.tune.crashWindow)
	old := func(crash time.Time) bool { return crash.Before(limit) }
	i.crashes = slices.DeleteFunc(i.crashes, old)
	return len(i.crashes)
}

// quarantine waits until the instance is woken. It reports whether an account
// still uses it.
func (i *instance) quarantine(cause error) bool {
	i.log.Error("plugin is quarantined: it crashed too often",
		"crashes", i.sup.tune.crashLimit, "within", i.sup.tune.crashWindow)
	i.setQuarantined(true)
	i.tellLost(StateQuarantined, cause)

	select {
	case <-i.woken:
	case <-i.ctx.Done():
		return false
	}

	i.setQuarantined(false)
	i.tellLost(StateRestarting, cause)
	return true
}

// setQuarantined forgets the crashes that led to a quarantine. A quarantine
// that begins also forgets a try that was wanted before it.
func (i *instance) setQuarantined(quarantined bool) {
	i.mu.Lock()
	defer i.mu.Unlock()

	i.quarantined = quarantined
	i.crashes = nil
	if quarantined {
		select {
		case <-i.woken:
		default:
		}
	}

	i.announce()
}

// pause waits, unless a try at once is wanted. It reports whether an account
// still uses the instance.
func (i *instance) pause(wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()

	select {
	case <-timer.C:
	case <-i.woken:
	case <-i.ctx.Done():
	}
	return i.ctx.Err() == nil
}

// wake ends a quarantine or a pause.
func (i *instance) wake() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.proc != nil {
		return
	}

	i.quarantined = false
	i.announce()

	select {
	case i.woken <- struct{}{}:
	default:
	}
}
