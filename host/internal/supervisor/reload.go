package supervisor

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/sdk"
)

// reload makes the account what its configuration says: it is bound to a
// process of the configured program, new leases go there, and what it leaves is
// drained. When it fails, what served before still serves.
func (a *account) reload(
	ctx context.Context,
	cfg config.Provider,
	force bool,
) (_ Action, err error) {
	ctx, cancel := context.WithTimeout(ctx, a.sup.tune.reloadTimeout)
	defer cancel()

	// The file in the plugins' folder decides: another content is another
	// program.
	program, err := a.sup.program(cfg)
	if err != nil {
		return "", err
	}
	before := a.current()
	if before.runs(program) && before.binding != nil && cfg.Same(before.cfg) {
		return ActionUnchanged, nil
	}

	// The program may be running already, for this account or for others.
	next, err := a.instanceOf(ctx, program)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			a.abandon(next)
		}
	}()
	proc, err := next.await(ctx)
	if err != nil {
		return "", err
	}

	// The account is configured there, while the old binding still serves. From
	// the switch on new leases get the new one, in one step.
	a.configuring.Lock()
	defer a.configuring.Unlock()
	bound, err := a.bind(ctx, next, proc, cfg, force)
	if err != nil {
		return "", err
	}
	before = a.switchTo(next, bound)

	// Calls in flight end on the binding that they began with.
	if before.instance != nil && before.instance != next {
		before.instance.part(a)
		a.retire(before)
	}
	return actionAfter(before, next, cfg), nil
}

func actionAfter(before service, next *instance, cfg config.Provider) Action {
	switch {
	case before.instance == nil:
		return ActionStarted
	case before.instance != next:
		return ActionSwapped
	case cfg.Same(before.cfg): // only its process was missing
		return ActionStarted
	}
	return ActionReconfigured
}

// program finds the program that is to serve an account.
func (s *Supervisor) program(cfg config.Provider) (plugin.Binary, error) {
	strict := cfg.Isolation == config.IsolationStrict
	if at, attached := s.opts.Attached[cfg.Plugin]; attached {
		program := plugin.Attached(cfg.Plugin, at)
		program.Strict = strict
		return program, mayAttach(cfg)
	}

	program, err := s.catalog.Find(cfg.Plugin, cfg.Version, cfg.SHA256)
	if err != nil {
		return program, err
	}
	program.Strict = strict

	return program, cfg.Allows(program.Path, program.Checksum)
}

// mayAttach keeps real money away from an attached plugin: its program is not
// checked, and a developer may stop it at any statement.
func mayAttach(cfg config.Provider) error {
	var own struct {
		Environment string `json:"environment"`
	}
	if err := json.Unmarshal(configText(cfg), &own); err != nil {
		return err
	}

	if own.Environment != string(sdk.Sandbox) {
		return fmt.Errorf("the plugin %s is attached for debugging, "+
			"which only an account with environment = %q may use", cfg.Plugin, sdk.Sandbox)
	}

	return nil
}

// instanceOf returns the account's own instance when it is one of the program,
// or makes the account one of those of the program's instance, which is started
// when there is none. The account is a member before it is configured: if the
// process is replaced just after the switch, the account is bound again.
func (a *account) instanceOf(ctx context.Context, program plugin.Binary) (*instance, error) {
	now := a.current()
	if now.runs(program) {
		now.instance.wake() // the operator who applies a configuration has looked at a quarantine
		return now.instance, nil
	}

	next, err := a.sup.acquireInstance(ctx, program)
	if err != nil {
		return nil, err
	}
	next.join(a)
	return next, nil
}

// abandon undoes instanceOf. The caller does not hold configuring: the end of an
// instance waits for those who do.
func (a *account) abandon(next *instance) {
	if a.current().instance == next {
		return // its own
	}
	next.part(a)
	next.deconfigure(a.name)
	a.sup.releaseInstance(next)
}

// bind configures the account on a process. On its own instance the account
// keeps its old configuration when that fails.
func (a *account) bind(
	ctx context.Context,
	next *instance,
	proc *process,
	cfg config.Provider,
	force bool,
) (*binding, error) {
	if a.current().instance == next {
		return a.reconfigure(ctx, proc, cfg, force)
	}

	bound, err := next.configure(ctx, proc, cfg)
	if err != nil {
		return nil, err
	}
	if !force {
		err = a.mayBecome(bound.info.IdentityFingerprint)
	}
	return bound, err
}

// reconfigure binds the account to a process of its own instance again. Calls
// in flight keep the configuration that they began with.
func (a *account) reconfigure(
	ctx context.Context,
	proc *process,
	cfg config.Provider,
	force bool,
) (*binding, error) {
	before := a.current()
	old := before.binding

	// The plugin need not know of settings that are the host's own.
	if old != nil && old.proc == proc && bytes.Equal(configText(cfg), configText(old.cfg)) {
		return newBinding(cfg, old.info, proc), nil
	}

	if !force {
		if err := a.probe(ctx, proc, cfg); err != nil {
			return nil, err
		}
	}

	bound, err := before.instance.configure(ctx, proc, cfg)
	if err != nil {
		a.putBack(before, proc, err)
	}

	return bound, err
}

// probe refuses a configuration that gives the account another identity while
// something is open under the old one, before it takes effect. It learns the
// identity by configuring an account that is never called.
func (a *account) probe(ctx context.Context, proc *process, cfg config.Provider) error {
	before := a.current()
	if !a.hasOpen(before) {
		return nil
	}

	cfg.Name = "probe-" + rand.Text()[:12]
	probed, err := before.instance.configure(ctx, proc, cfg)
	before.instance.deconfigure(cfg.Name)
	proc.forget(cfg.Name)
	if err != nil {
		return err
	}

	return a.mayBecome(probed.info.IdentityFingerprint)
}

// putBack configures the account as before, when it is in doubt which
// configuration the process has now. If that fails, the process is replaced.
func (a *account) putBack(before service, proc *process, cause error) {
	if before.binding == nil || proc.gone() || sdk.OutcomeOf(cause) == sdk.OutcomeNotSent {
		return
	}

	inst := before.instance
	if _, err := inst.configure(inst.ctx, proc, before.binding.cfg); err != nil {
		inst.askReplace(
			proc,
			fmt.Errorf("it could be configured neither as wanted nor as before: %w", err),
		)
	}
}

var errIdentity = errors.New(
	"the configuration makes the provider another account (an identity key has changed) " +
		"while payments or payouts are open under the old one; put the old configuration back, " +
		"resolve what is open, or force the change (payhost reload --force)",
)

// hasOpen reports whether anything is open at the provider. While no process
// serves the account, the identities of what is open tell so.
func (a *account) hasOpen(now service) bool {
	if now.binding == nil {
		return len(a.sup.openIdentities(a.name)) > 0
	}
	return a.sup.openIntents(a.name)
}

// mayBecome refuses another identity at the provider while something is open
// under the old one: queries about it, and what is sent again, would reach
// another account.
func (a *account) mayBecome(fingerprint string) error {
	old := a.current().binding

	if old == nil { // after a restart only what is open tells which identity it was
		others := slices.DeleteFunc(a.sup.openIdentities(a.name), func(open string) bool {
			return open == fingerprint
		})
		if len(others) > 0 {
			return errIdentity
		}

		return nil
	}

	if old.info.IdentityFingerprint != fingerprint && a.sup.openIntents(a.name) {
		return errIdentity
	}

	return nil
}

// configText returns the plugin's own table, {} for an account without one.
func configText(cfg config.Provider) json.RawMessage {
	if len(cfg.Config) == 0 {
		return json.RawMessage("{}")
	}
	return cfg.Config
}
