package inbox

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// remoteAddress returns the address a request came from: the peer's or, when
// the peer is a trusted proxy, the right-most address in X-Forwarded-For that
// is not one. "" is an address that nobody knows.
func (b *Inbox) remoteAddress(r *http.Request) string {
	peer, ok := readAddress(r.RemoteAddr)
	if !ok {
		return ""
	}

	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, text := range slices.Backward(hops) {
		if !b.trusted(peer) {
			break
		}
		if strings.TrimSpace(text) == "" {
			continue // an empty element of a list says nothing
		}
		hop, ok := readAddress(text)
		if !ok {
			break // whoever wrote this is not to be believed, nor what stands left of it
		}
		peer = hop
	}
	return peer.String()
}

// readAddress reads an address as proxies write it: with a port or without, an
// IPv6 address in brackets or not, with quotation marks around it or not.
func readAddress(text string) (address netip.Addr, ok bool) {
	text = strings.Trim(strings.TrimSpace(text), `"`)
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone(""), true
	}
	if inside, found := strings.CutPrefix(text, "["); found {
		text = strings.TrimSuffix(inside, "]")
	}
	address, err := netip.ParseAddr(text)
	return address.Unmap().WithZone(""), err == nil
}

func (b *Inbox) trusted(a netip.Addr) bool {
	for _, p := range b.proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
