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

// Unverified notices that one address may send: a burst, then one a second. Verified ones are not bounded here.
const (
	strangerBurst = 60
	maxStrangers  = 10000
)

// strangers bounds how much of the disk an address can fill with notices that prove nothing.
type strangers struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[string]*rate.Limiter
}

func newStrangers(now func() time.Time) *strangers {
	return &strangers{now: now, by: map[string]*rate.Limiter{}}
}

// allow reports whether an address may send another notice.
func (s *strangers) allow(address string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.by[address]
	return !ok || l.TokensAt(s.now()) >= 1
}

// note counts an unverified notice of an address.
func (s *strangers) note(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.by[address]
	if !ok {
		if len(s.by) >= maxStrangers {
			s.forget()
		}
		l = rate.NewLimiter(1, strangerBurst)
		s.by[address] = l
	}
	l.AllowN(s.now(), 1)
}

// forget drops the addresses that have been quiet long enough to have their whole burst back, or all when none has.
func (s *strangers) forget() {
	for a, l := range s.by {
		if l.TokensAt(s.now()) >= strangerBurst {
			delete(s.by, a)
		}
	}
	if len(s.by) >= maxStrangers {
		clear(s.by)
	}
}
