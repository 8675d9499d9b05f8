package supervisor

import (
	"context"
	"maps"
	"slices"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// What a unit does for the accounts that are its members.

// configure makes the account known to the process and gives its seat there. Meanwhile calls of the account that have not
// begun wait.
func (u *unit) configure(ctx context.Context, run *running, cfg config.Provider) (*seat, error) {
	ctx, cancel := context.WithTimeout(ctx, u.reg.tune.configureTimeout)
	defer cancel()
	if u.reg.opts.Admit != nil {
		if err := u.reg.opts.Admit(run.proc.Info()); err != nil {
			return nil, err
		}
	}

	u.reg.mask.Add(cfg.Secrets...)
	u.reg.mask.Add(secretsIn(run.proc.Info().ConfigSchema, cfg.Config)...)
	thaw := run.stand(cfg.Name).freeze()
	info, err := run.proc.Client().Configure(ctx, cfg.Name, configText(cfg))
	switch {
	case err == nil:
		thaw(info.IdentityFingerprint)
		return newSeat(cfg, info, run), nil
	case sdk.OutcomeOf(err) == sdk.OutcomeNotSent:
		thaw("")
	default:
		thaw(inDoubt)
	}
	return nil, u.reg.clean(err)
}

// deconfigure is a courtesy to a process that lives on with other accounts.
func (u *unit) deconfigure(name string) {
	u.mu.Lock()
	run := u.run
	u.mu.Unlock()
	if run == nil {
		return
	}
	ctx, cancel := context.WithTimeout(u.ctx, u.reg.tune.liveDeadline)
	defer cancel()
	if err := run.proc.Client().Deconfigure(ctx, name); err != nil && u.ctx.Err() == nil {
		u.log.Warn("the plugin did not forget an account", "account", name, "error", sdk.AsError(err).Message)
	}
}

func (u *unit) join(a *account) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.members[a] = struct{}{}
}

func (u *unit) part(a *account) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.members, a)
}

func (u *unit) accounts() []*account {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Collect(maps.Keys(u.members))
}

// reseat has every account configured on the process, each by itself: one that takes long must not keep the others.
func (u *unit) reseat(run *running, how func(*account, *unit, *running)) {
	for _, a := range u.accounts() {
		u.burials.Go(func() { how(a, u, run) })
	}
}

// retryAccount configures the account once more, if a process runs.
func (u *unit) retryAccount(a *account) {
	u.mu.Lock()
	run := u.run
	u.mu.Unlock()
	if run != nil {
		u.reg.drains.Go(func() { a.reseat(u, run) })
	}
}
