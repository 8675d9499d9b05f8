package config

import (
	"net/netip"
	"net/url"
)

// Exposures returns a problem for each setting that is allowed and lets
// strangers come nearer than they need: proxies' networks that hold others too,
// this machine as a proxy, and a console on the address that everybody knows.
func (c *Config) Exposures() []Problem {
	found := append(c.WideProxies(), c.localProxies()...)
	if c.sharesOrigin() {
		key := "host.public_url"
		found = append(found, Problem{
			File: c.File,
			Line: c.Position(key),
			Key:  key,
			Message: "console, API and metrics are served where providers and customers come in; " +
				"set http.private_listen to an address that only you can reach",
		})
	}

	return found
}

// localProxies returns a problem for each network of this machine itself in
// http.trusted_proxies.
func (c *Config) localProxies() []Problem {
	var local []Problem
	if network, _ := ListenAddress(c.HTTP.Listen); network == "unix" {
		return nil // nobody comes from an address of this machine
	}

	for i, network := range c.HTTP.TrustedProxies {
		if !network.Addr().IsLoopback() {
			continue
		}
		key := element("http.trusted_proxies", i)
		local = append(local, Problem{
			File: c.File,
			Line: c.Position(key),
			Key:  key,
			Message: network.String() + " is this machine: every program on it, plugins too, can name any address " +
				"as its own in X-Forwarded-For; have your proxy use a socket, http.listen = \"unix:PATH\"",
		})
	}

	return local
}

// sharesOrigin reports whether the console may be reached at the address that
// the outside world uses. A proxy may keep it back, which cannot be seen here.
func (c *Config) sharesOrigin() bool {
	u, err := url.Parse(c.Host.PublicURL)
	if (err != nil) || (c.HTTP.PrivateListen != "") {
		return false
	}
	return !loopback(u.Hostname())
}

// WideProxies returns a problem for each network of http.trusted_proxies that
// is so wide that it holds strangers too: each of them could say that it is
// anybody. That is a mistake where an account trusts addresses, and odd
// elsewhere.
func (c *Config) WideProxies() []Problem {
	var wide []Problem
	for i, network := range c.HTTP.TrustedProxies {
		if !isWide(network) {
			continue
		}
		key := element("http.trusted_proxies", i)
		wide = append(wide, Problem{
			File: c.File,
			Line: c.Position(key),
			Key:  key,
			Message: network.String() + " holds more than your proxies: whoever is in it can name any address as " +
				"its own in X-Forwarded-For; list your proxies' networks",
		})
	}

	return wide
}

// isWide reports whether a network reaches beyond what one operator's or one
// provider of proxies' networks are. Private networks of IPv6 are wide by
// nature.
func isWide(network netip.Prefix) bool {
	a, bits := network.Addr(), network.Bits()
	switch {
	case a.Is4():
		return bits < 8
	case a.IsPrivate(): // fc00::/7
		return bits < 7
	case a.IsLinkLocalUnicast(): // fe80::/10
		return bits < 10
	default:
		return bits < 16
	}
}
