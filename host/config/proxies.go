package config

import "net/netip"

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
			File: c.File, Line: c.Position(key), Key: key,
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
