package config

import (
	"net/netip"
	"net/url"
)

// Exposures returns a problem for each setting that is allowed but exposes more
// than it needs to: networks of proxies that also hold other machines, this
// machine as a proxy, and a console on the public address.
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

// localProxies returns a problem for each network of http.trusted_proxies on
// this machine itself.
func (c *Config) localProxies() []Problem {
	var local []Problem
	if network, _ := ListenAddress(c.HTTP.Listen); network == "unix" {
		return nil // a socket's clients have no address
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

// sharesOrigin reports whether the console may be reached at the public
// address. A proxy may hide it, which cannot be seen here.
func (c *Config) sharesOrigin() bool {
	u, err := url.Parse(c.Host.PublicURL)
	if (err != nil) || (c.HTTP.PrivateListen != "") {
		return false
	}
	return !loopback(u.Hostname())
}

// WideProxies returns a problem for each network of http.trusted_proxies that
// is so wide that it holds machines of others: each of them could claim any
// address. This is a mistake where an account trusts addresses, and odd
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
			Message: network.String() + " holds more than your proxies: any machine in it can name any address as " +
				"its own in X-Forwarded-For; list your proxies' networks",
		})
	}

	return wide
}

// isWide reports whether a network is larger than the networks that one
// operator, or one provider of proxies, has. Private networks of IPv6 are
// always large.
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
