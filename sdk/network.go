package sdk

import (
	"errors"
	"net"
	"net/netip"
	"strings"
)

// Network is an IP address ("51.195.200.178") or a network in CIDR form
// ("2001:db8::/32"). A configuration key of this type takes nothing else.
type Network string

// Networks are those from which a provider sends its webhooks, as a
// configuration lists them:
//
//	NotifyIPs sdk.Networks `config:"notify_ips" default:"51.195.200.178" doc:"…"`
type Networks []Network

// Contain reports whether ip is in one of the networks. ip may have a port;
// text that is no address is in none, and nothing is in an entry that is no
// network.
func (list Networks) Contain(ip string) bool {
	if host, _, err := net.SplitHostPort(ip); err == nil {
		ip = host
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}

	// A dual-stack socket reports IPv4 as ::ffff:1.2.3.4, which no IPv4 prefix
	// contains, and a prefix contains no address with a zone.
	addr = addr.Unmap().WithZone("")
	for _, network := range list {
		if prefix, err := network.prefix(); err == nil && prefix.Contains(addr) {
			return true
		}
	}
	return false
}

var errNetwork = errors.New("must be an IP address, or a network such as 192.0.2.0/24")

// UnmarshalText reads a configured value; anything but an address or a network
// is an error that does not repeat it.
func (n *Network) UnmarshalText(text []byte) error {
	if _, err := Network(text).prefix(); err != nil {
		return errNetwork
	}
	*n = Network(text)
	return nil
}

func (n Network) prefix() (netip.Prefix, error) {
	text := strings.TrimSpace(string(n))
	if !strings.Contains(text, "/") {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, err
		}
		ip = ip.Unmap().WithZone("")
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}

	// A network written as IPv4-mapped IPv6 becomes IPv4: Contain unmaps the
	// address too. A wider one than /96 is not IPv4 alone and stays.
	network, err := netip.ParsePrefix(text)
	if ip := network.Addr(); ip.Is4In6() && network.Bits() >= 96 {
		network = netip.PrefixFrom(ip.Unmap(), network.Bits()-96)
	}
	return network.Masked(), err
}
