package inbox

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxyKey marks the requests that a proxy has handed over on a unix socket.
type proxyKey struct{}

// FromProxy serves requests that come through a unix socket: whoever may open
// it is a trusted proxy, and has no address of its own.
func FromProxy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), proxyKey{}, true)))
	})
}

// remoteAddress returns the address a request came from: the peer's or, when
// the peer is a trusted proxy, the right-most address in X-Forwarded-For that
// is not one. It returns "" when the address cannot be known.
func (b *Inbox) remoteAddress(r *http.Request) string {
	peer, known := readAddress(r.RemoteAddr)
	believed := known && b.trusted(peer)
	if r.Context().Value(proxyKey{}) != nil {
		peer, known = netip.Addr{}, false
		believed = true
	}

	// Each proxy has added the address of its own peer at the right end.

	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, text := range slices.Backward(hops) {
		if !believed {
			break
		}
		if strings.TrimSpace(text) == "" {
			continue // an empty element of a list says nothing
		}

		hop, ok := readAddress(text)
		if !ok {
			break // who wrote this is not to be believed, nor what stands left of it
		}
		peer, known = hop, true
		believed = b.trusted(hop)
	}
	if !known {
		return ""
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

// IsProxy reports whether connections from an address are a trusted proxy's,
// and so may be of many customers.
func (b *Inbox) IsProxy(address netip.Addr) bool { return b.trusted(address) }

// trusted reports whether an address is a proxy's. Every process of this machine
// has its own address, so it is one only when it is listed as such, and not when
// it merely lies in a network that is.
func (b *Inbox) trusted(address netip.Addr) bool {
	for _, network := range b.proxies {
		if address.IsLoopback() && !withinLoopback(network) {
			continue
		}
		if network.Contains(address) {
			return true
		}
	}
	return false
}

// withinLoopback reports whether a network holds nothing but this machine.
func withinLoopback(network netip.Prefix) bool {
	if network.Addr().Is4() {
		return network.Addr().IsLoopback() && (network.Bits() >= 8)
	}
	return network.Addr().IsLoopback() && (network.Bits() == 128)
}
