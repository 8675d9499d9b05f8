package supervisor

import (
	"context"
	"time"

	"github.com/payhost/payhost/host/config"
)

// disable has the account take nothing new. Open intents are carried on, also
// after a restart of the host: then the plugin is started for that alone.
func (a *account) disable(ctx context.Context, cfg config.Provider, force bool) Result {
	var was, idle bool
	a.set(func() {
		was = a.draining
		idle = a.instance == nil
		a.draining = true
		// An account that is served drains under the configuration in force;
		// only the host's own settings change.
		if idle {
			a.cfg = cfg
		} else {
			a.cfg.Enabled = false
			a.cfg.Required = cfg.Required
		}
	})

	action := ActionDisabled
	if was {
		action = ActionUnchanged
	}

	if force {
		a.endDraining()
		return Result{a.name, action, nil}
	}

	// After a restart of the host nothing serves what is still open.
	if idle && a.sup.openIntents(a.name) {
		if _, err := a.reload(ctx, cfg, false); err != nil {
			a.reloadFailed(cfg, err)
			return Result{a.name, ActionFailed, err}
		}
	}

	a.drain()
	return Result{a.name, action, nil}
}

// remove is disable for an account that is no longer in the configuration.
func (a *account) remove(force bool) Result {
	// A retry that is still under way would put the account back into service.
	a.bringUp.end()
	action := ActionRemoved
	a.set(func() {
		if a.removed {
			action = ActionUnchanged
		}
		a.draining = true
		a.removed = true
	})

	if force {
		a.endDraining()
	} else {
		a.drain()
	}

	return Result{a.name, action, nil}
}

// drain takes a draining account out of service when nothing is open any more:
// now, or in the background. It does nothing for other accounts.
func (a *account) drain() {
	a.mu.Lock()
	draining := a.draining
	a.mu.Unlock()

	switch {
	case !draining:
	case a.sup.openIntents(a.name):
		a.drainer.begin(a.awaitNothingOpen)
	default:
		a.endDraining()
	}
}

func (a *account) awaitNothingOpen(ctx context.Context) {
	for a.sup.openIntents(a.name) {
		if !sleep(ctx, a.sup.tune.openEvery) {
			return
		}
	}
	a.endService()
}

// endDraining takes a draining account out of service, whatever is open.
func (a *account) endDraining() {
	a.drainer.end()
	a.endService()
}

// endService takes the account out of service. Calls in flight end in the
// background.
func (a *account) endService() {
	// A rebinding that waits for this lock finds that the account has left its
	// instance, and does nothing.
	a.configuring.Lock()
	defer a.configuring.Unlock()

	var before service
	a.set(func() {
		before = a.service
		a.service = service{cfg: before.cfg}
		a.phase = StateDisabled
		a.lastErr = nil
	})

	if before.instance == nil {
		a.sup.forgetIfOver(a)
		return
	}

	// The instance's next process does not get the account. The calls in flight
	// keep this one, at most for the drain time.
	before.instance.part(a)
	a.retire(before)
}

// retire waits in the background for the leases on what served before, at most
// the drain time, and releases its instance. The process stops then, unless
// another account is served by it.
func (a *account) retire(before service) {
	a.set(func() { a.retiring++ })
	a.sup.background.Go(func() {
		if before.binding != nil {
			a.awaitLeases(before.binding)
		}

		a.configuring.Lock()
		if a.current().instance != before.instance { // it may be back already
			before.instance.deconfigure(a.name)
		}
		a.configuring.Unlock()

		a.sup.releaseInstance(before.instance)
		a.set(func() { a.retiring-- })
		a.sup.forgetIfOver(a)
	})
}

func (a *account) awaitLeases(left *binding) {
	limit := left.cfg.DrainTimeout
	timer := time.NewTimer(limit)
	defer timer.Stop()

	// A process that has ended answers no call, so its end is enough as well.
	select {
	case <-left.slot.leases.idle():
	case <-left.proc.Done():
	case <-timer.C:
		a.log.Warn(
			"calls of the old plugin have not ended within the drain time and are cut",
			"drain_timeout", limit,
		)
	case <-a.sup.hurrying.Done():
		a.log.Warn("calls have not ended before the host has to, and are cut")
	}
}

// Drop ends the draining of a disabled or removed provider, whatever is still
// open there. It reports whether the provider was draining.
func (s *Supervisor) Drop(name string) bool {
	// No Apply may take the provider back into service between the look and the
	// end of its draining.
	s.applying.Lock()
	defer s.applying.Unlock()
	a := s.find(name)
	if a == nil {
		return false
	}

	a.mu.Lock()
	draining := a.draining && a.phase != StateDisabled
	a.mu.Unlock()
	if draining {
		a.bringUp.end()
		a.endDraining()
	}

	return draining
}

// Release frees a quarantined provider, or one whose plugin waits for its next
// try: it is tried at once. It reports whether there is such a provider.
func (s *Supervisor) Release(name string) bool {
	s.applying.Lock()
	defer s.applying.Unlock()
	a := s.find(name)
	if a == nil {
		return false
	}

	a.mu.Lock()
	now := a.service
	phase := a.phase
	a.mu.Unlock()

	// A provider that is served, or that is not to be, is left alone.
	switch {
	case now.binding != nil, phase == StateDisabled:
	case now.instance == nil:
		a.bringUp.end()
		a.set(func() { a.phase = StateRestarting })
		a.retryReload(now.cfg, 0)

	default:
		a.set(func() { a.phase = StateRestarting })
		now.instance.wake()
		now.instance.rebindOne(a)
	}

	return true
}
