package supervisor

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// reconfigure gives the account another configuration on the process that serves it. Calls in flight keep the one that
// they began with.
func (a *account) reconfigure(ctx context.Context, u *unit, cfg config.Provider, force bool) (Action, error) {
	old, _, s := a.now()
	if cfg.Same(old) && s != nil {
		return ActionUnchanged, nil
	}
	u.free() // also from a quarantine: whoever applies a configuration has looked at it
	run, err := u.await(ctx)
	if err != nil {
		return "", err
	}
	a.op.Lock()
	defer a.op.Unlock()
	action := ActionReconfigured
	if cfg.Same(old) {
		action = ActionStarted
	}
	_, _, s = a.now()
	if s != nil && s.run == run && bytes.Equal(configText(cfg), configText(s.cfg)) {
		a.switchTo(u, newSeat(cfg, s.info, run)) // only the host's own settings
		return action, nil
	}
	if err := a.probe(ctx, u, run, cfg, force); err != nil {
		return "", err
	}
	return action, a.replace(ctx, u, run, cfg, s)
}

// probe learns what identity a configuration has before it takes effect, when that matters, by configuring an account
// that nobody calls.
func (a *account) probe(ctx context.Context, u *unit, run *running, cfg config.Provider, force bool) error {
	if _, _, s := a.now(); force || s == nil || !a.reg.openIntents(a.name) {
		return nil
	}
	cfg.Name = "probe-" + rand.Text()[:12]
	s, err := u.configure(ctx, run, cfg)
	u.deconfigure(cfg.Name)
	run.forget(cfg.Name)
	if err != nil {
		return err
	}
	return a.mayBecome(s.info.IdentityFingerprint, force)
}

// replace configures the account anew. When it is in doubt which configuration the process has now, it gets the old one
// back, or has to go.
func (a *account) replace(ctx context.Context, u *unit, run *running, cfg config.Provider, old *seat) error {
	s, err := u.configure(ctx, run, cfg)
	if err == nil {
		a.switchTo(u, s)
		return nil
	}
	if old == nil || gone(run) || sdk.OutcomeOf(err) == sdk.OutcomeNotSent {
		return err
	}
	if _, again := u.configure(u.ctx, run, old.cfg); again != nil {
		u.giveUp(run, fmt.Errorf("it could be configured neither anew nor as before: %w", again))
	}
	return err
}

// giveUp has the supervisor replace the process.
func (u *unit) giveUp(run *running, cause error) {
	select {
	case u.condemn <- condemned{run, cause}:
	default:
	}
}

// configText is the plugin's own table; an account without one has an empty one.
func configText(cfg config.Provider) json.RawMessage {
	if len(cfg.Config) == 0 {
		return json.RawMessage("{}")
	}
	return cfg.Config
}
