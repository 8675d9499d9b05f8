package inbox

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/sdk"
)

// What one sender may have stored that is not verified: a burst, then so many a
// second. Webhooks that verify are not bounded here.
const (
	unverifiedBurst, unverifiedRate = 60, 1
	// Nobody knows what a webhook is worth while its plugin is not there, so
	// more of these may come: an outage must not turn away a provider. But they
	// fill the disk too: each part of one that is as long as what is kept
	// counts.
	unreadBurst, unreadRate = 300, 10
	maxSenders              = 10000
	// senderBits is how much of an IPv6 address counts: whoever has one has at
	// least the other half.
	senderBits = 64
)

// senders bound how much of the disk a sender can fill with what proves
// nothing.
type senders struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[string]*sender
}

// sender is what one may still send.
type sender struct {
	unverified, unread *rate.Limiter
	underway           int       // requests that are being read
	asking             bool      // the provider is being asked; see mayAsk
	asked              time.Time // when it was last asked
}

func newSenders(now func() time.Time) *senders {
	return &senders{now: now, by: map[string]*sender{}}
}

// senderOf returns what a request is counted under. An unguessable URL is known
// to one sender only, and what others send elsewhere does not count there; on
// an open URL it is the address or, with IPv6, its network.
func senderOf(n *store.Webhook, address string) string {
	switch n.Scope {
	case sdk.ScopeIntent:
		return n.Purpose + " of " + n.IntentID
	case sdk.ScopeAccount:
		return n.Purpose + " of account " + n.Provider
	}

	a, err := netip.ParseAddr(address)
	if (err != nil) || a.Is4() {
		return address
	}
	network, err := a.Prefix(senderBits)
	if err != nil {
		return address
	}
	return network.String()
}

// enter counts a request as under way, and reports whether its sender may have
// another one stored that does not verify. leave must follow.
func (s *senders) enter(name string) (allowed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of(name)
	one.underway++
	places := float64(one.underway)
	return (one.unverified.TokensAt(s.now()) >= places) && (one.unread.TokensAt(s.now()) >= places)
}

// verdict is what became of a request.
type verdict int

const (
	verified   verdict = iota // or not stored: it costs nothing
	unverified                // read, and it proves nothing
	unread                    // stored, and not read yet
	repeated                  // genuine, kept whole, and told before
)

// leave ends what enter began. size is that of what was stored.
func (s *senders) leave(name string, v verdict, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of(name)
	one.underway = max(0, one.underway-1)

	switch v {
	case unverified:
		one.unverified.AllowN(s.now(), 1)
	case repeated:
		for range 1 + size/store.KeptUnverified {
			one.unverified.AllowN(s.now(), 1)
		}
	case unread:
		for range 1 + size/store.KeptUnverified {
			one.unread.AllowN(s.now(), 1)
		}
	}
	if s.idle(one) {
		delete(s.by, name)
	}
}

// idle reports whether nothing is to be remembered of a sender.
func (s *senders) idle(one *sender) bool {
	now := s.now()
	whole := (one.unverified.TokensAt(now) >= unverifiedBurst) && (one.unread.TokensAt(now) >= unreadBurst)
	return whole && (one.underway == 0) && !one.asking && (now.Sub(one.asked) >= returnAsk)
}

// mayAsk reports whether the provider may be asked because of what a stranger
// has sent: one question at a time, and not at every reload of a page. hasAsked
// must follow when it may.
func (s *senders) mayAsk(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of(name)
	if one.asking || (s.now().Sub(one.asked) < returnAsk) {
		return false
	}
	one.asking, one.asked = true, s.now()
	return true
}

// hasAsked ends what mayAsk began.
func (s *senders) hasAsked(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of(name)
	one.asking, one.asked = false, s.now()
}

func (s *senders) of(name string) *sender {
	one, ok := s.by[name]
	if !ok {
		if len(s.by) >= maxSenders {
			s.forget()
		}
		one = &sender{
			unverified: rate.NewLimiter(unverifiedRate, unverifiedBurst),
			unread:     rate.NewLimiter(unreadRate, unreadBurst),
		}
		s.by[name] = one
	}
	return one
}

// forget drops the senders that have been quiet long enough to have their whole
// bursts back, or all when none has.
func (s *senders) forget() {
	for name, one := range s.by {
		if s.idle(one) {
			delete(s.by, name)
		}
	}
	if len(s.by) >= maxSenders {
		clear(s.by)
	}
}

// askKey marks the questions that strangers can cause.
type askKey struct{}

// asking marks what is called with the context as a question that a stranger can
// have caused.
func asking(ctx context.Context) context.Context { return context.WithValue(ctx, askKey{}, true) }

// Asks reports whether a lease is wanted for a question that a stranger can have
// caused. Whoever gives leases keeps such questions to a share.
func Asks(ctx context.Context) bool { return ctx.Value(askKey{}) != nil }
