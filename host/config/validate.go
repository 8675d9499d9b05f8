package config

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
)

const (
	defaultListen    = "127.0.0.1:8080"
	defaultPluginDir = "bin/plugins"
	defaultDataDir   = "var"
	defaultDatabase  = "payhost.db"
	defaultTimeout   = 15 * time.Second
	defaultInFlight  = 64
	defaultDrain     = 30 * time.Second
	defaultTTL       = 24 * time.Hour
	defaultSequence  = 1
)

// Validate is for a Config built in code. It fills in defaults, makes paths
// absolute (relative to the folder of File, else to the working directory),
// sorts the providers, and checks everything that Load checks. The error is
// *Problems. Validate may be called again, also on a Config from Load.
func (c *Config) Validate() error {
	problems := newReport(c.File, c.lines)
	dir := filepath.Dir(c.File)
	if c.File == "" {
		var err error
		if dir, err = os.Getwd(); err != nil {
			problems.add("", "the working directory is unknown: %v", err)
			return problems.err()
		}
	}

	// The defaults come first: check judges what the host would run with.
	c.complete(dir)
	c.check(problems)
	return problems.err()
}

// complete fills in defaults and makes paths absolute.
func (c *Config) complete(dir string) {
	section := &c.Host
	section.PluginDir = absolute(
		dir,
		cmp.Or(section.PluginDir, filepath.FromSlash(defaultPluginDir)),
	)
	section.DataDir = absolute(dir, cmp.Or(section.DataDir, defaultDataDir))
	section.PublicURL = strings.TrimRight(section.PublicURL, "/")
	c.HTTP.Listen = absoluteSocket(dir, cmp.Or(c.HTTP.Listen, defaultListen))

	c.HTTP.PrivateListen = absoluteSocket(dir, c.HTTP.PrivateListen)
	c.HTTP.TLSCert = absolute(dir, c.HTTP.TLSCert)
	c.HTTP.TLSKey = absolute(dir, c.HTTP.TLSKey)

	c.Log.Format = cmp.Or(c.Log.Format, "text")

	// The default database is in data_dir. A relative path of SQLite begins in
	// the file's folder.
	if c.Store.URL.IsZero() {
		c.Store.URL = sdk.NewSecret(
			"sqlite:" + filepath.Join(section.DataDir, defaultDatabase),
		)
	}

	if path, ok := strings.CutPrefix(c.Store.URL.Reveal(), "sqlite:"); ok {
		c.Store.URL = sdk.NewSecret("sqlite:" + absolute(dir, path))
	}

	sortTokens(c.Tokens)

	// Providers, sorted so that their order never depends on a map.
	policy := c.policy()
	for i := range c.Providers {
		c.Providers[i].fill()
		if c.Providers[i].Isolation == "" && section.RequireIsolation {
			c.Providers[i].Isolation = IsolationStrict
		}
		c.Providers[i].Isolation = cmp.Or(c.Providers[i].Isolation, IsolationSystem)
		c.Providers[i].lock = c.Lock
		c.Providers[i].policy, c.Providers[i].pluginDir = policy, c.Host.PluginDir
	}

	slices.SortStableFunc(
		c.Providers,
		func(a, b Provider) int { return cmp.Compare(a.Name, b.Name) },
	)
}

// fill fills in the defaults of a provider built in code.
func (p *Provider) fill() {
	if canon, ok := canonical(p.Config); ok {
		p.Config = canon
	}
	p.SHA256 = strings.ToLower(p.SHA256)
	if p.complete {
		return
	}

	// A zero stands for the default only the first time; afterwards it is
	// meant.
	p.Timeout = cmp.Or(p.Timeout, defaultTimeout)
	p.MaxInFlight = cmp.Or(p.MaxInFlight, defaultInFlight)
	p.DrainTimeout = cmp.Or(p.DrainTimeout, defaultDrain)
	p.PaymentTTL = cmp.Or(p.PaymentTTL, defaultTTL)
	p.SequenceStart = cmp.Or(p.SequenceStart, defaultSequence)
	p.complete = true
}
