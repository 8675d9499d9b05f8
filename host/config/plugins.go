package config

import (
	"slices"

	"github.com/payhost/payhost/host/internal/release"
)

// Plugins is the table [plugins]: whose plugins may be installed, and what every
// plugin that runs must have.
type Plugins struct {
	// TrustedKeys are the public keys of publishers, as minisign writes them
	// [trusted_keys: texts that begin with "RW"]. Default none: releases of
	// plugins need no signature, and one that they have says nothing.
	TrustedKeys []string
	// Require is what every plugin that runs must have been installed with
	// [require]: RequireSignature, RequireConformance. Default none.
	Require []string
}

// The values of Plugins.Require.
const (
	// RequireSignature asks for a signature by one of TrustedKeys.
	RequireSignature = "signature"
	// RequireConformance asks for a report of the conformance kit that has passed.
	RequireConformance = "conformance"
)

func (l *loader) plugins(c *Config, t *table) {
	const keys = `a list of texts, such as ["RWQ…"]`
	for _, item := range t.texts("trusted_keys", keys, false) {
		c.Plugins.TrustedKeys = append(c.Plugins.TrustedKeys, item.text)
	}
	const require = `a list, such as ["signature", "conformance"]`
	for _, item := range t.texts("require", require, false) {
		c.Plugins.Require = append(c.Plugins.Require, item.text)
	}
	t.finish("")
}

// checkPlugins checks [plugins].
func (c *Config) checkPlugins(problems *report) {
	for i, text := range c.Plugins.TrustedKeys {
		key := element("plugins.trusted_keys", i)
		if _, err := release.ParseKey(text); err != nil && !problems.unread(key) {
			problems.check(key, "%v", err)
		}
	}

	for i, what := range c.Plugins.Require {
		key := element("plugins.require", i)
		if what != RequireSignature && what != RequireConformance && !problems.unread(key) {
			problems.check(key, "%q cannot be required; write %q or %q",
				what, RequireSignature, RequireConformance)
		}
	}
	signed := slices.Contains(c.Plugins.Require, RequireSignature)
	if signed && len(c.Plugins.TrustedKeys) == 0 && !problems.unread("plugins.trusted_keys") {
		problems.check("plugins.require",
			"asks for signatures, and plugins.trusted_keys says of nobody that theirs counts")
	}
}

// policy returns what is asked of plugins. The configuration has been checked; a
// key that cannot be read is left out, and trusts nobody.
func (c *Config) policy() *release.Policy {
	policy, _ := release.NewPolicy(c.Plugins.TrustedKeys, c.Plugins.Require)
	return &policy
}
