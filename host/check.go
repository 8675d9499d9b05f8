package host

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk"
)

// CheckResult is what Check found about one provider.
type CheckResult struct {
	Name    string
	Enabled bool // the others are not started
	Plugin  string
	// Version and Checksum are of the program that was found; empty when none
	// was.
	Version, Checksum string
	// Health is what the account says of its credentials and its provider;
	// empty when it cannot tell.
	Health string
	// Isolation is what kept its plugin from the rest of the machine, and
	// IsolationMissing what this system cannot do of that, with the reasons.
	// Both are empty when the plugin could not be started.
	Isolation, IsolationMissing []string
	// Problems keep the provider from working, Warnings do not. Both name file,
	// line and key.
	Problems, Warnings []config.Problem

	// identity is who the account is at its provider; empty when it could not
	// be configured.
	identity string
}

// checkAtOnce bounds how many plugins Check runs at a time.
const checkAtOnce = 4

// Check starts every enabled provider's plugin, gives it its configuration and
// asks for its health, as a host would, and tells everything that is wrong. It
// works in a temporary folder of its own: a host that runs on cfg is not
// disturbed, and nothing stays. A provider that answers but not as it should,
// above all one that does not accept the credentials, is a problem; one that
// cannot be reached is only a warning. Of the options only WithLogger counts,
// for what plugins log. Results are in the order of cfg.Providers.
func Check(ctx context.Context, cfg *Config, opts ...Option) []CheckResult {
	o := ofOpen(opts)
	if cfg == nil {
		return nil
	}
	results := make([]CheckResult, len(cfg.Providers))

	for i := range cfg.Providers {
		p := &cfg.Providers[i]
		results[i] = CheckResult{Name: p.Name, Enabled: p.Enabled, Plugin: p.Plugin}
	}

	k, err := newChecker(cfg, o.logger)
	if err != nil {
		for i := range results {
			if results[i].Enabled {
				k.report(
					&results[i].Problems,
					&cfg.Providers[i],
					"",
					"cannot be checked: %v",
					err,
				)
			}
		}

		return results
	}
	defer k.close()

	var running sync.WaitGroup
	places := make(chan struct{}, checkAtOnce)

	for i := range results {
		if !results[i].Enabled {
			continue
		}
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			k.check(ctx, &cfg.Providers[i], &results[i])
		})
	}

	running.Wait()
	k.warnOfProxies(results)
	k.warnOfTwins(results)

	return results
}

// warnOfTwins names accounts that are one and the same at their provider. They
// share their numbers and keys, as they must, but each takes the other's
// webhooks for strange ones.
func (k *checker) warnOfTwins(results []CheckResult) {
	first := map[string]string{}
	for i := range results {
		r := &results[i]
		if r.identity == "" {
			continue
		}
		who := r.Plugin + " " + r.identity
		if twin, ok := first[who]; ok {
			k.report(
				&r.Warnings,
				&k.cfg.Providers[i],
				"config",
				"it is the same account at the provider as %s: they have one identity",
				twin,
			)
			continue
		}

		first[who] = r.Name
	}
}

// warnOfProxies reports once how strangers come nearer than they need, where no
// account makes trusted proxies a problem.
func (k *checker) warnOfProxies(results []CheckResult) {
	for _, r := range results {
		said := func(p config.Problem) bool { return strings.HasPrefix(p.Key, "http.trusted_proxies") }
		if slices.ContainsFunc(r.Problems, said) {
			return
		}
	}

	for i := range results {
		if results[i].Enabled {
			results[i].Warnings = append(results[i].Warnings, k.cfg.Exposures()...)
			return
		}
	}
}

// checker is one Check.
type checker struct {
	cfg       *Config
	log       *slog.Logger
	folder    string
	workspace *plugin.Workspace
	catalog   *plugin.Catalog
}

// newChecker makes the temporary folder. The checker it gives can report also
// when there is an error.
func newChecker(cfg *Config, log *slog.Logger) (*checker, error) {
	k := &checker{cfg: cfg, log: log}
	folder, err := os.MkdirTemp("", "payhost-check-")
	if err != nil {
		return k, err
	}

	k.folder = folder
	if k.workspace, err = plugin.OpenWorkspace(folder); err != nil {
		k.close()
		return k, err
	}

	k.catalog = plugin.NewCatalog(cfg.Host.PluginDir, k.workspace)
	return k, nil
}

func (k *checker) close() {
	if k.workspace != nil {
		_ = k.workspace.Close() // what it leaves goes with the folder
	}
	_ = os.RemoveAll(k.folder)
}

// report adds a finding at a key of a provider; "" is the provider itself.
func (k *checker) report(
	to *[]config.Problem,
	p *config.Provider,
	key, format string,
	args ...any,
) {
	path := "providers." + p.Name
	if key != "" {
		path += "." + key
	}
	*to = append(
		*to,
		config.Problem{
			File:    k.cfg.File,
			Line:    k.cfg.Position(path),
			Key:     path,
			Message: fmt.Sprintf(format, args...),
		},
	)
}

// check goes as far as it gets with one provider.
func (k *checker) check(ctx context.Context, p *config.Provider, r *CheckResult) {
	binary, err := k.catalog.Find(p.Plugin, p.Version, "")
	if err != nil {
		key := "plugin"
		if p.Version != "" {
			key = "version"
		}
		k.report(&r.Problems, p, key, "%v", err)
		return
	}

	r.Checksum = binary.Checksum
	if p.SHA256 != "" && !strings.EqualFold(p.SHA256, binary.Checksum) {
		// The program is not run: the operator has said that it may not be.
		k.report(
			&r.Problems,
			p,
			"sha256",
			"%s has sha256 %s; if that is the program you mean, write this",
			binary.Path,
			binary.Checksum,
		)

		return
	}

	if err := p.Allows(binary.Path, binary.Checksum); err != nil {
		k.report(&r.Problems, p, "plugin", "%v", err)
		return
	}

	binary.Strict = p.Isolation == config.IsolationStrict
	mask := &redact.Set{}
	mask.Add(redact.Reveal(p.Secrets)...)
	process, err := plugin.Start(ctx, plugin.Spec{
		Binary:    binary,
		Workspace: k.workspace,
		Mask:      mask,
		Logger:    k.log.With("provider", p.Name),
	})
	if err != nil {
		k.report(&r.Problems, p, "plugin", "%v", err)
		return
	}
	defer process.Stop(checkStop)

	r.Version = process.Info().Version
	isolation := process.Isolation()
	r.Isolation, r.IsolationMissing = isolation.InForce, isolation.Missing
	r.Problems = append(r.Problems, tooWide(k.cfg, process.Info())...)
	k.configure(ctx, process, p, r, mask)
}

// tooWide returns the networks of trusted proxies in which strangers could pass
// for the plugin's provider: its webhooks are trusted by the address that they
// come from.
func tooWide(cfg *Config, info sdk.Info) []config.Problem {
	if !slices.Contains(info.WebhookTrust, sdk.TrustAddress) {
		return nil
	}
	wide := cfg.WideProxies()
	for i := range wide {
		wide[i].Message += fmt.Sprintf("; %s trusts a webhook by its address, "+
			"so that anybody could say that a payment is paid", info.Name)
	}
	return wide
}

// admit refuses accounts whose webhooks anybody could forge in this
// configuration.
func admit(cfg *Config) func(sdk.Info) error {
	return func(info sdk.Info) error {
		if wide := tooWide(cfg, info); len(wide) > 0 {
			return sdk.NotSent(sdk.CodeInvalidRequest, "%s", wide[0])
		}
		return nil
	}
}

// checkStop is how long a plugin may take to end after it has been checked.
const checkStop = 2 * time.Second

// configure returns the plugin its configuration, and reports all that it finds
// wrong.
func (k *checker) configure(
	ctx context.Context,
	process *plugin.Process,
	p *config.Provider,
	r *CheckResult,
	mask *redact.Set,
) {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	account, err := process.Client().Configure(ctx, p.Name, p.Config)
	if e := sdk.AsError(err); e != nil {
		for _, v := range e.Violations {
			k.report(
				&r.Problems,
				p,
				strings.TrimSuffix("config."+v.Field, "."),
				"%s",
				mask.Text(v.Message),
			)
		}

		if len(e.Violations) == 0 {
			k.report(
				&r.Problems,
				p,
				"config",
				"the plugin does not take it: %s",
				mask.Text(e.Message),
			)
		}

		return
	}

	r.identity = account.IdentityFingerprint
	for _, w := range account.Warnings {
		k.report(&r.Warnings, p, "config", "%s", mask.Text(w))
	}

	for _, c := range account.Capabilities {
		if c == sdk.CapabilityCheckHealth {
			k.health(ctx, process, p, r, mask)
		}
	}
}

// health asks for the account's health. A provider that is down is no mistake
// in the configuration; one that turns the account away very likely is.
func (k *checker) health(
	ctx context.Context,
	process *plugin.Process,
	p *config.Provider,
	r *CheckResult,
	mask *redact.Set,
) {
	health, err := process.Client().Account(p.Name).CheckHealth(ctx)
	e := sdk.AsError(err)

	switch {
	case e == nil:
		r.Health = string(health.State)
		switch health.State {
		case sdk.HealthHealthy:
		case sdk.HealthDegraded:
			k.report(
				&r.Problems,
				p,
				"config",
				"the provider answers, but not as it should: %s",
				mask.Text(health.Message),
			)

		default:
			k.report(
				&r.Warnings,
				p,
				"",
				"the provider is %s: %s",
				health.State,
				mask.Text(health.Message),
			)
		}

	case e.Code == sdk.CodeAuthentication || e.Code == sdk.CodePermission:
		r.Health = string(e.Code)
		k.report(
			&r.Problems,
			p,
			"config",
			"the provider does not accept the credentials: %s",
			mask.Text(said(e)),
		)

	default:
		r.Health = string(e.Code)
		k.report(&r.Warnings, p, "", "its health is not known: %s", mask.Text(said(e)))
	}
}

// said adds the provider's own words to an error's.
func said(e *sdk.Error) string {
	words := strings.TrimSpace(e.ProviderCode + " " + e.ProviderMessage)
	if words == "" {
		return e.Message
	}
	return e.Message + " (the provider said: " + words + ")"
}
