package sdk

import (
	"net"
	"net/netip"
	"strings"
)

// Network is an IP address ("51.195.200.178") or a network in CIDR form ("2001:db8::/32"). A configuration key of this
// type takes nothing else.
type Network string

// Networks are those from which a provider sends its notices, as a configuration lists them:
//
//	NotifyIPs sdk.Networks `config:"notify_ips" default:"51.195.200.178" doc:"…"`
type Networks []Network

// Contain reports whether ip is in one of the networks. ip may have a port; what is no address is in none, and nothing
// is in an entry that is no network.
func (list Networks) Contain(ip string) bool {
	if host, _, err := net.SplitHostPort(ip); err == nil {
		ip = host
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	addr = addr.Unmap().WithZone("")
	for _, n := range list {
		if prefix, err := n.prefix(); err == nil && prefix.Contains(addr) {
			return true
		}
	}
	return false
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
	network, err := netip.ParsePrefix(text)
	if ip := network.Addr(); ip.Is4In6() && network.Bits() >= 96 {
		network = netip.PrefixFrom(ip.Unmap(), network.Bits()-96)
	}
	return network.Masked(), err
}

// checkNetwork gives what is wrong with a configured address; "" when nothing is.
func checkNetwork(text string) string {
	if _, err := Network(text).prefix(); err != nil {
		return "must be an IP address, or a network such as 192.0.2.0/24"
	}
	return ""
}
