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

	// identity is that of the account at its provider; empty when the plugin
	// did not accept the configuration.
	identity string
}

const (
	// checkAtOnce bounds how many plugins Check runs at a time.
	checkAtOnce = 4
	// checkStop is how long a plugin may take to end after it has been checked.
	checkStop = 2 * time.Second
)

// Check starts every enabled provider's plugin, gives it its configuration and
// asks for its health, as a host would, and returns everything that is wrong,
// in the order of cfg.Providers. It works in a temporary folder of its own: a
// host that runs on cfg is not disturbed, and nothing stays.
//
// A provider that answers but not as it should, above all one that does not
// accept the credentials, is a problem; one that cannot be reached is only a
// warning. Only the option WithLogger counts, for the logs of plugins.
func Check(ctx context.Context, cfg *Config, opts ...Option) []CheckResult {
	if cfg == nil {
		return nil
	}
	// Every provider has a result, those that are not started too.
	results := make([]CheckResult, len(cfg.Providers))

	for i := range cfg.Providers {
		p := &cfg.Providers[i]
		results[i] = CheckResult{Name: p.Name, Enabled: p.Enabled, Plugin: p.Plugin}
	}

	checking, err := newChecker(cfg, ofOpen(opts).logger)
	if err != nil {
		for i := range results {
			if results[i].Enabled {
				checking.of(&cfg.Providers[i], &results[i]).
					problem("", "cannot be checked: %v", err)
			}
		}

		return results
	}
	defer checking.close()

	// Plugins start side by side, but not all at once: each takes memory.
	var running sync.WaitGroup
	slots := make(chan struct{}, checkAtOnce)

	for i := range results {
		if !results[i].Enabled {
			continue
		}
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			checking.of(&cfg.Providers[i], &results[i]).run(ctx)
		})
	}

	running.Wait()

	// These compare providers with each other.
	checking.warnOfProxies(results)
	checking.warnOfTwins(results)
	return results
}

// checker is one Check.
type checker struct {
	cfg       *Config
	log       *slog.Logger
	folder    string
	workspace *plugin.Workspace
	catalog   *plugin.Catalog
}

// newChecker makes the temporary folder. The checker can report also when there
// is an error.
func newChecker(cfg *Config, log *slog.Logger) (*checker, error) {
	checking := &checker{cfg: cfg, log: log}
	folder, err := os.MkdirTemp("", "payhost-check-")
	if err != nil {
		return checking, err
	}

	// From here on close removes the folder, also when the rest fails.
	checking.folder = folder
	checking.workspace, err = plugin.OpenWorkspace(folder)
	if err != nil {
		checking.close()
		return checking, err
	}

	checking.catalog = plugin.NewCatalog(cfg.Host.PluginDir, checking.workspace)
	return checking, nil
}

func (k *checker) close() {
	if k.workspace != nil {
		_ = k.workspace.Close() // what it leaves goes with the folder
	}
	_ = os.RemoveAll(k.folder)
}

// warnOfTwins names accounts that are one and the same at their provider. They
// share their numbers and keys, as they must, but each takes the other's
// webhooks for strange ones.
func (k *checker) warnOfTwins(results []CheckResult) {
	// An identity is the plugin's own word: two plugins may use the same.
	first := map[string]string{} // the name of the first account by its identity
	for i := range results {
		result := &results[i]
		if result.identity == "" {
			continue
		}

		identity := result.Plugin + " " + result.identity
		if twin, ok := first[identity]; ok {
			k.of(&k.cfg.Providers[i], result).warning("config",
				"it is the same account at the provider as %s: they have one identity", twin)
			continue
		}

		first[identity] = result.Name
	}
}

// warnOfProxies reports once how strangers come nearer than they need, where no
// account makes trusted proxies a problem.
func (k *checker) warnOfProxies(results []CheckResult) {
	ofProxies := func(p config.Problem) bool { return strings.HasPrefix(p.Key, "http.trusted_proxies") }
	for i := range results {
		if slices.ContainsFunc(results[i].Problems, ofProxies) {
			return
		}
	}

	// The finding belongs to no provider: the first that is checked has it.
	for i := range results {
		if results[i].Enabled {
			results[i].Warnings = append(results[i].Warnings, k.cfg.Exposures()...)
			results[i].Warnings = append(results[i].Warnings, k.cfg.TokenWarnings(time.Now())...)
			return
		}
	}
}

// accountCheck is the check of one account.
type accountCheck struct {
	*checker
	account *config.Provider
	result  *CheckResult
	mask    *redact.Set
}

func (k *checker) of(account *config.Provider, result *CheckResult) *accountCheck {
	mask := &redact.Set{}
	mask.Add(redact.Reveal(account.Secrets)...)
	return &accountCheck{checker: k, account: account, result: result, mask: mask}
}

// problem adds a finding that keeps the account from working, at one of its
// keys; "" is the account itself.
func (c *accountCheck) problem(key, format string, args ...any) {
	c.result.Problems = append(c.result.Problems, c.finding(key, format, args...))
}

// warning adds any other finding.
func (c *accountCheck) warning(key, format string, args ...any) {
	c.result.Warnings = append(c.result.Warnings, c.finding(key, format, args...))
}

func (c *accountCheck) finding(key, format string, args ...any) config.Problem {
	path := "providers." + c.account.Name
	if key != "" {
		path += "." + key
	}
	return problemAt(c.cfg, path, fmt.Sprintf(format, args...))
}

// problemAt is a problem with a key of a configuration.
func problemAt(cfg *Config, key, message string) config.Problem {
	return config.Problem{
		File:    cfg.File,
		Line:    cfg.Position(key),
		Key:     key,
		Message: message,
	}
}

// run goes as far as it gets with the account.
func (c *accountCheck) run(ctx context.Context) {
	c.candidate()
	binary, ok := c.program()
	if !ok {
		return
	}

	process, err := plugin.Start(ctx, plugin.Spec{
		Binary:    binary,
		Workspace: c.workspace,
		Mask:      c.mask,
		Logger:    c.log.With("provider", c.account.Name),
	})
	if err != nil {
		c.problem("plugin", "%v", err)
		return
	}
	defer process.Stop(checkStop)

	// The result has these also when the plugin then refuses the configuration.
	info, isolation := process.Info(), process.Isolation()
	c.result.Version = info.Version
	c.result.Isolation = isolation.InForce
	c.result.IsolationMissing = isolation.Missing
	c.result.Problems = append(c.result.Problems, tooWide(c.cfg, info)...)
	c.configure(ctx, process)
}

// candidate looks for the new version that is to read along, and whether it may
// be run. The account works without it.
func (c *accountCheck) candidate() {
	candidate := *c.account
	candidate.Version = c.account.Canary.Version
	candidate.SHA256 = "" // that is the serving program's
	if candidate.Version == "" {
		return
	}

	path, sum, err := c.catalog.Sum(candidate.Plugin, candidate.Version)
	if err == nil {
		err = candidate.Allows(path, sum)
	}
	if err != nil {
		c.warning("canary.version", "the new version cannot read along: %v", err)
	}
}

// program finds the account's program, and reports whether it may be run: the
// operator has said which one it must be.
func (c *accountCheck) program() (binary plugin.Binary, ok bool) {
	account := c.account
	binary, err := c.catalog.Find(account.Plugin, account.Version, "")
	if err != nil {
		key := "plugin"
		if account.Version != "" {
			key = "version"
		}
		c.problem(key, "%v", err)
		return binary, false
	}

	// The result has it also when the program may not be run.
	c.result.Checksum = binary.Checksum
	if account.SHA256 != "" && !strings.EqualFold(account.SHA256, binary.Checksum) {
		c.problem("sha256", "%s has sha256 %s; if that is the program you mean, write this",
			binary.Path, binary.Checksum)
		return binary, false
	}

	if err := account.Allows(binary.Path, binary.Checksum); err != nil {
		c.problem("plugin", "%v", err)
		return binary, false
	}

	binary.Strict = account.Isolation == config.IsolationStrict
	return binary, true
}

// configure hands the plugin its configuration, and reports all that it finds
// wrong.
func (c *accountCheck) configure(ctx context.Context, process *plugin.Process) {
	ctx, cancel := context.WithTimeout(ctx, c.account.Timeout)
	defer cancel()
	account, err := process.Client().Configure(ctx, c.account.Name, c.account.Config)
	if refusal := sdk.AsError(err); refusal != nil {
		for _, violation := range refusal.Violations {
			c.problem(
				strings.TrimSuffix("config."+violation.Field, "."),
				"%s",
				c.mask.Text(violation.Message),
			)
		}

		if len(refusal.Violations) == 0 {
			c.problem("config", "the plugin does not take it: %s", c.mask.Text(refusal.Message))
		}
		return
	}

	// The plugin accepts it, and may still have something to say.
	c.result.identity = account.IdentityFingerprint
	for _, warning := range account.Warnings {
		c.warning("config", "%s", c.mask.Text(warning))
	}
	if slices.Contains(account.Capabilities, sdk.CapabilityCheckHealth) {
		c.checkHealth(ctx, process)
	}
}

// checkHealth asks for the account's health. A provider that is down is not a
// mistake in the configuration; one that refuses the account very likely is.
func (c *accountCheck) checkHealth(ctx context.Context, process *plugin.Process) {
	health, err := process.Client().Account(c.account.Name).CheckHealth(ctx)
	if refusal := sdk.AsError(err); refusal != nil {
		c.result.Health = string(refusal.Code)
		if refusal.Code == sdk.CodeAuthentication || refusal.Code == sdk.CodePermission {
			c.problem(
				"config",
				"the provider does not accept the credentials: %s",
				c.mask.Text(said(refusal)),
			)
			return
		}

		c.warning("", "its health is not known: %s", c.mask.Text(said(refusal)))
		return
	}

	c.result.Health = string(health.State)
	switch health.State {
	case sdk.HealthHealthy:
	case sdk.HealthDegraded:
		c.problem(
			"config",
			"the provider answers, but not as it should: %s",
			c.mask.Text(health.Message),
		)
	default:
		c.warning("", "the provider is %s: %s", health.State, c.mask.Text(health.Message))
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

// admit refuses accounts whose webhooks any stranger could forge in this
// configuration.
func admit(cfg *Config) func(sdk.Info) error {
	return func(info sdk.Info) error {
		if wide := tooWide(cfg, info); len(wide) > 0 {
			return sdk.NotSent(sdk.CodeInvalidRequest, "%s", wide[0])
		}
		return nil
	}
}
