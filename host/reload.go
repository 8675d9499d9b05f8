package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/httpapi"
	"github.com/payhost/payhost/host/internal/supervisor"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// ReloadAction is what a reload did.
type ReloadAction string

// The actions.
const (
	// ActionStarted is also for a provider that comes out of a quarantine.
	ActionStarted ReloadAction = "started"
	// ActionUnchanged is for a provider that stays as it is.
	ActionUnchanged ReloadAction = "unchanged"
	// ActionReconfigured is for the same process with another configuration.
	ActionReconfigured ReloadAction = "reconfigured"
	// ActionSwapped is for another process: a new version, checksum or plugin.
	ActionSwapped ReloadAction = "swapped"
	// ActionDisabled is for a provider that is not enabled any more.
	ActionDisabled ReloadAction = "disabled"
	// ActionRemoved is for a provider that is not configured any more.
	ActionRemoved ReloadAction = "removed"
	// ActionFailed is for a provider that serves as before.
	ActionFailed ReloadAction = "failed"
	// ActionRestart is for a setting that changed and takes effect only when
	// the host is started again.
	ActionRestart ReloadAction = "needs a restart"
)

// ReloadResult is what a reload did with one provider, or with a setting of
// another section.
type ReloadResult struct {
	// Name is the provider's, or the setting's key.
	Name   string
	Action ReloadAction
	// Error is why it failed; an *sdk.Error with Violations when the plugin did
	// not accept the configuration.
	Error error
}

// Reload makes cfg the configuration in force. The error says that cfg is not
// valid, and then nothing has changed. Otherwise every provider that differs is
// brought up, reconfigured, swapped or taken out by itself: one that fails
// keeps what served before, and one that is quarantined is started again. API
// tokens, [retention], the certificate and drain_notice count at once; other settings
// outside of [providers] that differ are reported with ActionRestart and wait
// for the next start.
//
// force also changes the identity of an account while payments are open at its
// provider, and ends the draining of what was disabled or removed. Reloads run
// one after the other.
func (h *Host) Reload(ctx context.Context, cfg *Config, force bool) ([]ReloadResult, error) {
	results, err := h.reload(ctx, cfg, force)
	h.auditReload(ctx, force, results, err)
	failed := func(r ReloadResult) bool { return r.Error != nil }
	h.reloadFailed.Store((err != nil) || slices.ContainsFunc(results, failed))
	return results, err
}

// ReloadFile reads the file again that the configuration came from, and reloads
// it. It returns what it has read. The error is also that the file cannot be
// read, or that there is none.
func (h *Host) ReloadFile(
	ctx context.Context, force bool,
) (cfg *Config, results []ReloadResult, err error) {
	file := h.config().File
	if file == "" {
		return nil, nil, errNoFile
	}

	cfg, err = config.Load(file)
	if err != nil {
		h.auditReload(ctx, force, nil, err)
		h.reloadFailed.Store(true)
		return nil, nil, err
	}
	results, err = h.Reload(ctx, cfg, force)
	return cfg, results, err
}

// auditReload adds a reload to the audit log, afterwards: a database that is down
// keeps no configuration from being corrected.
func (h *Host) auditReload(
	ctx context.Context, force bool, results []ReloadResult, failure error,
) {
	ctx = context.WithoutCancel(ctx)
	if _, known := caller.Of(ctx); !known {
		ctx = caller.With(ctx, caller.Caller{Name: caller.Host, Unlimited: true})
	}

	entry := payment.AuditEntry{Action: "reload", Outcome: payment.AuditDone}
	if failure != nil {
		entry.Outcome, entry.Note = payment.AuditRefused, "the configuration is not valid"
	}
	if force {
		entry.Note += "forced; "
	}
	for _, one := range results {
		if one.Action == ActionUnchanged {
			continue
		}
		entry.Note += fmt.Sprintf("%s %s; ", one.Name, one.Action)
	}
	entry.Note = strings.TrimSuffix(entry.Note, "; ")

	if err := h.core.Audit(ctx, entry); err != nil {
		h.log.Error("a reload could not be recorded in the audit log", "error", err)
	}
}

// errNoFile is for a host whose configuration has no file.
var errNoFile = errors.New(
	"the configuration was built in code, not read from a file: there is nothing to read again",
)

func (h *Host) reload(ctx context.Context, cfg *Config, force bool) ([]ReloadResult, error) {
	if cfg == nil {
		return nil, errNoConfig
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}

	h.reloading.Lock()
	defer h.reloading.Unlock()
	before := h.config()
	apply := h.supervisor.Apply
	if force {
		apply = h.supervisor.ApplyForced
	}

	// The providers first: what did not come up is in the results, and does not
	// keep the rest from counting.
	results := apply(ctx, cfg.Providers)
	h.shadows.Apply(cfg.Providers)

	h.mu.Lock()
	h.cfg = inForce(before, cfg)
	h.mu.Unlock()

	done := each(results, func(r supervisor.Result) ReloadResult {
		return ReloadResult{Name: r.Name, Action: ReloadAction(r.Action), Error: r.Error}
	})

	return append(done, restarts(before, cfg)...), nil
}

// inForce returns what is in force after a reload. A setting that needs a
// restart stays as it runs, so that the next reload reports it again.
func inForce(before, cfg *Config) *Config {
	now := *cfg
	now.Host = before.Host
	now.Host.DrainNotice = cfg.Host.DrainNotice
	now.Host.RequireIsolation = cfg.Host.RequireIsolation // the providers have it
	now.Store = before.Store
	now.Log = before.Log
	now.Telemetry = before.Telemetry
	now.Events = before.Events

	now.HTTP.Listen = before.HTTP.Listen
	now.HTTP.PrivateListen = before.HTTP.PrivateListen
	now.HTTP.TrustedProxies = before.HTTP.TrustedProxies
	if switchesTLS(before, cfg) {
		now.HTTP.TLSCert, now.HTTP.TLSKey = before.HTTP.TLSCert, before.HTTP.TLSKey
	}

	return &now
}

// restarts names the settings that differ and are read only at the start.
func restarts(old, cfg *Config) []ReloadResult {
	var out []ReloadResult
	// inForce keeps the running value of each of these: the two lists must
	// agree.
	for _, setting := range []struct {
		key     string
		differs bool
	}{
		{"host.public_url", old.Host.PublicURL != cfg.Host.PublicURL},
		{"host.plugin_dir", old.Host.PluginDir != cfg.Host.PluginDir},
		{"host.data_dir", old.Host.DataDir != cfg.Host.DataDir},
		{"host.token_secret", !sameSecrets(old.Host.TokenSecrets, cfg.Host.TokenSecrets)},
		{"host.watch", old.Host.Watch != cfg.Host.Watch},
		{"http.listen", old.HTTP.Listen != cfg.HTTP.Listen},
		{"http.private_listen", old.HTTP.PrivateListen != cfg.HTTP.PrivateListen},
		{"http.trusted_proxies", !slices.Equal(old.HTTP.TrustedProxies, cfg.HTTP.TrustedProxies)},
		{"http.tls_cert", switchesTLS(old, cfg)},
		{"http.tls_key", switchesTLS(old, cfg)},
		{"store.url", old.Store.URL.Reveal() != cfg.Store.URL.Reveal()},
		{"telemetry.otlp", old.Telemetry.OTLP != cfg.Telemetry.OTLP},
		{"log.level", old.Log.Level != cfg.Log.Level},
		{"log.format", old.Log.Format != cfg.Log.Format},
		{"events.url", old.Events.URL != cfg.Events.URL},
		{"events.secret", !sameSecrets(old.Events.Secrets, cfg.Events.Secrets)},
	} {
		if setting.differs {
			out = append(out, ReloadResult{Name: setting.key, Action: ActionRestart})
		}
	}

	return out
}

// switchesTLS reports whether TLS is begun or given up. Other files, and the
// same ones with something new in them, are served from the next connection on.
func switchesTLS(old, cfg *Config) bool {
	return (old.HTTP.TLSCert == "") != (cfg.HTTP.TLSCert == "")
}

func sameSecrets(left, right []sdk.Secret) bool {
	same := func(a, b sdk.Secret) bool { return a.Reveal() == b.Reveal() }
	return slices.EqualFunc(left, right, same)
}

// reloadFile reloads the file that the configuration came from, for the admin
// socket.
func (h *Host) reloadFile(ctx context.Context, force bool) httpapi.Reloaded {
	out := httpapi.Reloaded{Results: []httpapi.ReloadResult{}, Problems: []string{}}

	// A reload is not left half done: it goes on when its caller has hung up.
	_, results, err := h.ReloadFile(context.WithoutCancel(ctx), force)
	for _, result := range results {
		one := httpapi.ReloadResult{Name: result.Name, Action: string(result.Action)}
		if result.Error != nil {
			one.Error = result.Error.Error()
		}
		out.Results = append(out.Results, one)
	}

	// The command shows problems one a line.
	var problems *config.Problems
	switch {
	case errors.As(err, &problems):
		for _, problem := range *problems {
			out.Problems = append(out.Problems, problem.String())
		}
	case err != nil:
		out.Problems = append(out.Problems, err.Error())
	}

	return out
}
