package inbox

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// remoteAddress gives the address a request came from: the peer's or, when the peer is a trusted proxy, the right-most
// address in X-Forwarded-For that is not one.
func (b *Inbox) remoteAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	peer = peer.Unmap()
	if !b.trusted(peer) {
		return peer.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for k := len(hops) - 1; k >= 0; k-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[k]))
		if err != nil {
			break // whoever wrote this is not to be believed, nor what stands left of it
		}
		peer = hop.Unmap()
		if !b.trusted(peer) {
			break
		}
	}
	return peer.String()
}

func (b *Inbox) trusted(a netip.Addr) bool {
	for _, p := range b.proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// What one address may send that is not verified: a burst, then so many a second. Verified notices are not bounded here.
const (
	strangerBurst, strangerRate = 60, 1
	// Nobody knows what a notice is worth while its plugin is not there, so more of these may come: an outage must not turn
	// away a provider. But they fill the disk too.
	unreadBurst, unreadRate = 300, 10
	maxStrangers            = 10000
	// strangerBits is how much of an IPv6 address counts: whoever has one has at least the other half.
	strangerBits = 64
)

// strangers bounds how much of the disk an address can fill with notices that prove nothing.
type strangers struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[string]*stranger
}

// stranger is what one address may still send.
type stranger struct{ unverified, unread *rate.Limiter }

func newStrangers(now func() time.Time) *strangers {
	return &strangers{now: now, by: map[string]*stranger{}}
}

// whose gives what an address is counted under: itself or, with IPv6, its network.
func whose(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Is4() {
		return address
	}
	network, err := a.WithZone("").Prefix(strangerBits)
	if err != nil {
		return address
	}
	return network.String()
}

// allow reports whether an address may send another notice.
func (s *strangers) allow(address string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.by[whose(address)]
	return !ok || one.unverified.TokensAt(s.now()) >= 1 && one.unread.TokensAt(s.now()) >= 1
}

// note counts a notice of an address that was read and proves nothing.
func (s *strangers) note(address string) {
	s.count(address, func(one *stranger) *rate.Limiter { return one.unverified })
}

// noteUnread counts a notice of an address that could not be read yet.
func (s *strangers) noteUnread(address string) {
	s.count(address, func(one *stranger) *rate.Limiter { return one.unread })
}

func (s *strangers) count(address string, of func(*stranger) *rate.Limiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := whose(address)
	one, ok := s.by[name]
	if !ok {
		if len(s.by) >= maxStrangers {
			s.forget()
		}
		one = &stranger{rate.NewLimiter(strangerRate, strangerBurst), rate.NewLimiter(unreadRate, unreadBurst)}
		s.by[name] = one
	}
	of(one).AllowN(s.now(), 1)
}

// forget drops the addresses that have been quiet long enough to have their whole bursts back, or all when none has.
func (s *strangers) forget() {
	for name, one := range s.by {
		if one.unverified.TokensAt(s.now()) >= strangerBurst && one.unread.TokensAt(s.now()) >= unreadBurst {
			delete(s.by, name)
		}
	}
	if len(s.by) >= maxStrangers {
		clear(s.by)
	}
}
