package supervisor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin"
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
	// Error is why it failed; an *sdk.Error with Violations when the plugin did not accept the configuration.
	Error error
}

// Apply makes the providers what runs: it starts, reconfigures, swaps, disables and removes, all in parallel, and
// returns when every one has come through or failed once; results are sorted by name. A provider that fails leaves what
// served before in place, or, when nothing did, is tried again in the background; one whose configuration its plugin does
// not accept is quarantined. Applies run one after the other.
//
// A change that would give a provider another identity while it has open intents fails.
func (r *Supervisor) Apply(ctx context.Context, providers []config.Provider) []Result {
	return r.apply(ctx, providers, false)
}

// ApplyForced is Apply, but changes identities, and ends what drains, whatever is open.
func (r *Supervisor) ApplyForced(ctx context.Context, providers []config.Provider) []Result {
	return r.apply(ctx, providers, true)
}

func (r *Supervisor) apply(ctx context.Context, providers []config.Provider, force bool) []Result {
	r.applying.Lock()
	defer r.applying.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.closing, cancel)()
	if err := r.open(); err != nil {
		return failed(providers, err)
	}
	var jobs []func() Result
	wanted := map[string]bool{}
	for _, cfg := range providers {
		wanted[cfg.Name] = true
		a := r.account(cfg)
		jobs = append(jobs, func() Result { return a.apply(ctx, cfg, force) })
	}
	for _, a := range r.all() {
		if !wanted[a.name] {
			jobs = append(jobs, func() Result { return a.remove(force) })
		}
	}
	results := make([]Result, len(jobs))
	var wg sync.WaitGroup
	for i, do := range jobs {
		wg.Go(func() { results[i] = do() })
	}
	wg.Wait()
	slices.SortFunc(results, func(a, b Result) int { return cmp.Compare(a.Name, b.Name) })
	return results
}

func failed(providers []config.Provider, err error) []Result {
	var results []Result
	for _, cfg := range providers {
		results = append(results, Result{cfg.Name, ActionFailed, err})
	}
	return results
}

// apply brings one account to what the configuration says.
func (a *account) apply(ctx context.Context, cfg config.Provider, force bool) Result {
	a.retry.end()
	if !cfg.Enabled {
		return a.disable(ctx, cfg, force)
	}
	a.wind.end()
	var wasWinding bool
	a.set(func() { wasWinding, a.winding = a.winding, false })
	action, err := a.place(ctx, cfg, force)
	if err != nil {
		a.failed(cfg, err)
		return Result{a.name, ActionFailed, err}
	}
	if wasWinding && action != ActionSwapped {
		action = ActionStarted
	}
	if action != ActionUnchanged {
		a.log.Info("provider applied", "action", action)
	}
	return Result{a.name, action, nil}
}

// failed keeps what served before as it was; what did not serve is tried again.
func (a *account) failed(cfg config.Provider, err error) {
	a.log.Error("provider could not be applied", "error", err.Error())
	var retry bool
	a.set(func() {
		a.lastErr = err
		if a.unit != nil {
			return
		}
		a.cfg, a.phase = cfg, phaseAfter(err)
		retry = a.phase != StateQuarantined
	})
	if retry {
		a.retry.begin(func(ctx context.Context) { a.bringUp(ctx, cfg, 1) })
	}
}

// bringUp tries to place an account that nothing serves until it succeeds, is told to end, or learns that its
// configuration is wrong. tries is how many there have been.
func (a *account) bringUp(ctx context.Context, cfg config.Provider, tries int) {
	for ; ; tries++ {
		if !a.reg.pause(ctx, a.reg.delayFor(cfg.Plugin, tries)) {
			return
		}
		_, err := a.place(ctx, cfg, false)
		if err == nil {
			a.log.Info("provider came up")
			a.windUp(false)
			return
		}
		if ctx.Err() != nil {
			return
		}
		a.log.Error("provider still does not come up", "error", err.Error())
		phase := phaseAfter(err)
		a.set(func() { a.lastErr, a.phase = err, phase })
		if phase == StateQuarantined {
			return
		}
	}
}

// place finds the program that the configuration wants and has it serve the account. On failure nothing has changed.
func (a *account) place(ctx context.Context, cfg config.Provider, force bool) (Action, error) {
	ctx, cancel := context.WithTimeout(ctx, a.reg.tune.placeTimeout)
	defer cancel()
	b, err := a.reg.program(cfg)
	if err != nil {
		return "", err
	}
	if _, u, _ := a.now(); u != nil && keyOf(u.binary) == keyOf(b) {
		return a.reconfigure(ctx, u, cfg, force)
	}
	u, err := a.reg.unit(ctx, b)
	if err != nil {
		return "", err
	}
	action, err := a.swap(ctx, u, cfg, force)
	if err != nil {
		a.reg.release(u)
	}
	return action, err
}

// program finds what is to serve the account.
func (r *Supervisor) program(cfg config.Provider) (plugin.Binary, error) {
	if at, attached := r.opts.Attached[cfg.Plugin]; attached {
		b := plugin.Attached(cfg.Plugin, at)
		b.Strict = cfg.Isolation == config.IsolationStrict
		return b, mayAttach(cfg)
	}
	b, err := r.catalog.Find(cfg.Plugin, cfg.Version, cfg.SHA256)
	if err != nil {
		return b, err
	}
	b.Strict = cfg.Isolation == config.IsolationStrict
	return b, cfg.Allows(b.Path, b.Checksum)
}

// mayAttach keeps real money away from a program that nobody has checked, in a process that a person may stop at any
// statement.
func mayAttach(cfg config.Provider) error {
	var own struct {
		Environment sdk.Environment `json:"environment"`
	}
	if err := json.Unmarshal(configText(cfg), &own); err != nil {
		return err
	}
	if own.Environment != sdk.Sandbox {
		return fmt.Errorf("the plugin %s is attached for debugging, which only an account with environment = %q may use", cfg.Plugin, sdk.Sandbox)
	}
	return nil
}

// swap moves the account to another unit: configured there first, then switched in one step, then the old one drained.
func (a *account) swap(ctx context.Context, u *unit, cfg config.Provider, force bool) (Action, error) {
	a.op.Lock()
	defer a.op.Unlock()
	run, err := u.await(ctx)
	if err != nil {
		return "", err
	}
	u.join(a)
	s, err := u.configure(ctx, run, cfg)
	if err == nil {
		err = a.mayBecome(s.info.IdentityFingerprint, force)
	}
	if err != nil {
		u.part(a)
		u.deconfigure(a.name)
		return "", err
	}
	before, left := a.switchTo(u, s)
	if before == nil {
		return ActionStarted, nil
	}
	before.part(a)
	a.retire(before, left)
	return ActionSwapped, nil
}

// mayBecome refuses another identity at the provider while something is open under the old one: what is asked about it,
// or sent again, would go to somebody else's account.
func (a *account) mayBecome(fingerprint string, force bool) error {
	if force {
		return nil
	}
	_, _, s := a.now()
	if s == nil { // after a restart only what is open tells who we were
		others := slices.DeleteFunc(a.reg.openIdentities(a.name), func(id string) bool { return id == fingerprint })
		if len(others) > 0 {
			return errIdentity
		}
		return nil
	}
	if s.info.IdentityFingerprint == fingerprint || !a.reg.openIntents(a.name) {
		return nil
	}
	return errIdentity
}

var errIdentity = errors.New("the configuration makes the provider another account (an identity key has changed) " +
	"while payments or payouts are open under the old one; put the old configuration back, resolve what is open, " +
	"or force the change (payhost reload --force)")
