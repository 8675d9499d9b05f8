package supervisor

import (
	"context"
	"time"

	"github.com/payhost/payhost/host/config"
)

// disable has the account take nothing new. What is open is carried on, also after a restart of the host: then the plugin
// is started for that alone.
func (a *account) disable(ctx context.Context, cfg config.Provider, force bool) Result {
	var was, idle bool
	a.set(func() {
		was, idle = a.winding, a.unit == nil
		a.winding = true
		if idle {
			a.cfg = cfg
		} else {
			a.cfg.Enabled, a.cfg.Required = false, cfg.Required
		}
	})
	action := ActionDisabled
	if was {
		action = ActionUnchanged
	}
	if idle && !force && a.reg.openIntents(a.name) {
		if _, err := a.place(ctx, cfg, false); err != nil {
			a.failed(cfg, err)
			return Result{a.name, ActionFailed, err}
		}
	}
	a.windUp(force)
	return Result{a.name, action, nil}
}

// remove is disable for an account that is no longer in the configuration.
func (a *account) remove(force bool) Result {
	a.retry.end()
	action := ActionRemoved
	a.set(func() {
		if a.removed {
			action = ActionUnchanged
		}
		a.winding, a.removed = true, true
	})
	a.windUp(force)
	return Result{a.name, action, nil}
}

// windUp ends a winding account now, or when nothing is open any more.
func (a *account) windUp(force bool) {
	a.mu.Lock()
	winding := a.winding
	a.mu.Unlock()
	switch {
	case !winding:
	case force || !a.reg.openIntents(a.name):
		a.wind.end()
		a.finish()
	default:
		a.wind.begin(a.waitForEnd)
	}
}

func (a *account) waitForEnd(ctx context.Context) {
	for a.reg.openIntents(a.name) {
		if !a.reg.pause(ctx, a.reg.tune.openEvery) {
			return
		}
	}
	a.finish()
}

// finish takes the account out of service. What is leased is drained in the background.
func (a *account) finish() {
	a.op.Lock()
	defer a.op.Unlock()
	var u *unit
	var s *seat
	a.set(func() {
		u, s = a.unit, a.seat
		a.unit, a.seat, a.phase, a.lastErr = nil, nil, StateDisabled, nil
	})
	if u == nil {
		a.reg.leave(a)
		return
	}
	u.part(a)
	a.retire(u, s)
}

// retire waits in the background for the leases on a seat, at most its drain time, and lets go of its unit, which stops
// the process when no other account is served by it.
func (a *account) retire(u *unit, s *seat) {
	a.set(func() { a.retiring++ })
	a.reg.drains.Go(func() {
		if s != nil {
			a.drain(s)
		}
		a.op.Lock()
		if _, now, _ := a.now(); now != u { // it may be back already
			u.deconfigure(a.name)
		}
		a.op.Unlock()
		a.reg.release(u)
		a.set(func() { a.retiring-- })
		a.reg.leave(a)
	})
}

func (a *account) drain(s *seat) {
	timer := time.NewTimer(s.cfg.DrainTimeout)
	defer timer.Stop()
	select {
	case <-s.stand.tally.idle():
	case <-s.run.proc.Done():
	case <-timer.C:
		a.log.Warn("calls of the old plugin have not ended within the drain time and are cut", "drain_timeout", s.cfg.DrainTimeout)
	case <-a.reg.hurry.Done():
		a.log.Warn("calls have not ended before the host has to, and are cut")
	}
}

// Drop ends the draining of a disabled or removed provider, whatever is still open there. It reports whether there was
// one.
func (r *Supervisor) Drop(name string) bool {
	r.applying.Lock()
	defer r.applying.Unlock()
	a := r.find(name)
	if a == nil {
		return false
	}
	a.mu.Lock()
	winding := a.winding && a.phase != StateDisabled
	a.mu.Unlock()
	if winding {
		a.retry.end()
		a.windUp(true)
	}
	return winding
}

// Release frees a quarantined provider, or one whose plugin waits for its next try: it is tried at once. It reports
// whether there is such a provider.
func (r *Supervisor) Release(name string) bool {
	r.applying.Lock()
	defer r.applying.Unlock()
	a := r.find(name)
	if a == nil {
		return false
	}
	a.mu.Lock()
	cfg, u, phase, served := a.cfg, a.unit, a.phase, a.seat != nil
	a.mu.Unlock()
	switch {
	case served || phase == StateDisabled:
	case u == nil:
		a.retry.end()
		a.set(func() { a.phase = StateRestarting })
		a.retry.begin(func(ctx context.Context) { a.bringUp(ctx, cfg, 0) })
	default:
		a.set(func() { a.phase = StateRestarting })
		u.free()
		u.retryAccount(a)
	}
	return true
}
