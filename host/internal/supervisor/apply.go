package supervisor

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// Action is what Apply did with one provider.
type Action string

// The actions.
const (
	ActionStarted      Action = "started"
	ActionUnchanged    Action = "unchanged"
	ActionReconfigured Action = "reconfigured" // the same process, another configuration
	ActionSwapped      Action = "swapped"      // another process: new version, checksum or plugin
	ActionDisabled     Action = "disabled"
	ActionRemoved      Action = "removed"
	ActionFailed       Action = "failed" // what served before still serves
)

// Result is what became of one provider in an Apply.
type Result struct {
	Name   string
	Action Action

	// Error is why the provider failed: an *sdk.Error with Violations when the
	// plugin did not accept the configuration. It is nil unless Action is
	// ActionFailed.
	Error error
}

// Apply makes the providers what runs: it starts, reconfigures, swaps, disables
// and removes accounts, all in parallel, and returns when every account has
// come through or failed once. Results are sorted by name.
//
// A provider that fails leaves what served before in place. When nothing
// served, it is tried again in the background, unless its plugin does not
// accept the configuration: then it is quarantined. A change that would give a
// provider another identity while it has open intents fails.
//
// Applies run one after the other.
func (s *Supervisor) Apply(ctx context.Context, providers []config.Provider) []Result {
	return s.apply(ctx, providers, false)
}

// ApplyForced is Apply, but changes identities, and ends what drains, whatever
// is open.
func (s *Supervisor) ApplyForced(
	ctx context.Context,
	providers []config.Provider,
) []Result {
	return s.apply(ctx, providers, true)
}

func (s *Supervisor) apply(
	ctx context.Context,
	providers []config.Provider,
	force bool,
) []Result {
	s.applying.Lock()
	defer s.applying.Unlock()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)() // Close does not wait for slow plugins
	if err := s.open(); err != nil {
		return allFailed(providers, err)
	}

	// There is one change for every account that is configured, and for every
	// account that no longer is.
	var changes []func() Result
	wanted := map[string]bool{}

	for _, cfg := range providers {
		wanted[cfg.Name] = true
		a := s.account(cfg)
		changes = append(changes, func() Result { return a.apply(ctx, cfg, force) })
	}

	for _, a := range s.all() {
		if !wanted[a.name] {
			changes = append(changes, func() Result { return a.remove(force) })
		}
	}

	results := make([]Result, len(changes))
	var running sync.WaitGroup
	for n, change := range changes {
		running.Go(func() { results[n] = change() })
	}

	running.Wait()

	byName := func(a, b Result) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(results, byName)
	return results
}

func allFailed(providers []config.Provider, err error) []Result {
	var results []Result
	for _, cfg := range providers {
		results = append(results, Result{cfg.Name, ActionFailed, err})
	}
	return results
}

// apply brings the account to its configuration.
func (a *account) apply(ctx context.Context, cfg config.Provider, force bool) Result {
	a.bringUp.end()
	if !cfg.Enabled {
		return a.disable(ctx, cfg, force)
	}

	// A drain that is still under way would end the service that begins here.
	a.drainer.end()
	var drained bool
	a.set(func() {
		drained = a.draining
		a.draining = false
	})

	action, err := a.reload(ctx, cfg, force)
	if err != nil {
		a.reloadFailed(cfg, err)
		return Result{a.name, ActionFailed, err}
	}

	if drained && action != ActionSwapped { // it takes new payments again
		action = ActionStarted
	}
	if action != ActionUnchanged {
		a.log.Info("provider applied", "action", action)
	}

	return Result{a.name, action, nil}
}

// reloadFailed has an account that nothing serves tried again in the
// background. An account that is served stays as it was.
func (a *account) reloadFailed(cfg config.Provider, err error) {
	a.log.Error("provider could not be applied", "error", err.Error())

	var retry bool
	a.set(func() {
		a.lastErr = err
		if a.instance != nil { // its supervision goes on
			return
		}
		a.cfg = cfg
		a.phase = phaseAfter(err)
		retry = a.phase != StateQuarantined
	})

	if retry {
		a.retryReload(cfg, 1)
	}
}

// retryReload reloads an account that nothing serves, in the background, until
// that succeeds, it is told to end, or the plugin does not accept the
// configuration. tries is how many tries there have been.
func (a *account) retryReload(cfg config.Provider, tries int) {
	a.bringUp.begin(func(ctx context.Context) {
		for ; ; tries++ {
			if !sleep(ctx, a.sup.backoffFor(cfg.Plugin, tries)) {
				return
			}

			_, err := a.reload(ctx, cfg, false)
			if err == nil {
				a.log.Info("provider came up")
				// An account that drains came up only for what is open, which
				// may have ended meanwhile.
				a.drain()
				return
			}

			// The failure may come from the end of the job alone, so the
			// account keeps its state.
			if ctx.Err() != nil {
				return
			}

			a.log.Error("provider still does not come up", "error", err.Error())
			phase := phaseAfter(err)
			a.set(func() {
				a.lastErr = err
				a.phase = phase
			})

			// The plugin would refuse the same configuration each time.
			if phase == StateQuarantined {
				return
			}
		}
	})
}

// phaseAfter returns the state of an account whose reload failed. A failure may
// pass by itself, unless the plugin does not accept the configuration.
func phaseAfter(err error) State {
	var refusal *sdk.Error
	if errors.As(err, &refusal) && refusal.Code == sdk.CodeInvalidRequest {
		return StateQuarantined
	}
	return StateRestarting
}
