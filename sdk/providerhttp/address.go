package providerhttp

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Addresses is a list of IP addresses and networks, such as those from which a provider sends its notices.
type Addresses struct {
	networks []netip.Prefix
}

// ParseAddresses reads addresses ("51.195.200.178") and networks in CIDR form ("2001:db8::/32").
func ParseAddresses(list []string) (Addresses, error) {
	var a Addresses
	for _, text := range list {
		network, err := parseNetwork(strings.TrimSpace(text))
		if err != nil {
			return Addresses{}, fmt.Errorf("%q is neither an IP address nor a network", text)
		}
		a.networks = append(a.networks, network)
	}
	return a, nil
}

func parseNetwork(text string) (netip.Prefix, error) {
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

// Empty reports whether the list holds nothing: then it contains no address.
func (a Addresses) Empty() bool { return len(a.networks) == 0 }

// Contain reports whether ip is in the list. ip may have a port; what is no address is in no list.
func (a Addresses) Contain(ip string) bool {
	if host, _, err := net.SplitHostPort(ip); err == nil {
		ip = host
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	addr = addr.Unmap().WithZone("")
	for _, n := range a.networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}
