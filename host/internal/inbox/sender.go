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

// One sender may have so many unverified webhooks stored: a burst, then so many
// a second. Webhooks that verify are not bounded here.
const (
	unverifiedBurst, unverifiedRate = 60, 1
	// While a plugin is not there the host does not know what its webhooks are
	// worth, so more of these may come: an outage must not turn away a provider.
	// But they fill the disk too: each part of one that is as long as what is kept
	// counts.
	unreadBurst, unreadRate = 300, 10
	// maxSenders is how many senders are remembered.
	maxSenders = 10000
	// senderBits is how much of an IPv6 address counts: a sender who has one has at
	// least the other half.
	senderBits = 64
)

// senders bound how much of the disk a sender can fill with what proves nothing.
// They are unverified senders until a webhook of theirs verifies.
type senders struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[string]*sender
}

// sender is what one of them may still send.
type sender struct {
	unverified *rate.Limiter
	unread     *rate.Limiter
	underway   int       // requests that are being read
	querying   bool      // the provider is being queried; see mayQuery
	queried    time.Time // when it was last queried
}

func newSenders(now func() time.Time) *senders {
	return &senders{now: now, by: map[string]*sender{}}
}

// senderOf returns what a request is counted under. An unguessable URL is known
// to one sender only, and what others send elsewhere does not count there; on
// an open URL it is the address or, with IPv6, its network.
func senderOf(webhook *store.Webhook, address string) string {
	switch webhook.Scope {
	case sdk.ScopeIntent:
		return webhook.Purpose + " of " + webhook.IntentID
	case sdk.ScopeAccount:
		return webhook.Purpose + " of account " + webhook.Provider
	}

	// An open URL: the address of the peer, as far as it is known.
	from, err := netip.ParseAddr(address)
	if (err != nil) || from.Is4() {
		return address
	}
	network, err := from.Prefix(senderBits)
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

	// Those under way may all turn out to prove nothing.
	places := float64(one.underway)
	return (one.unverified.TokensAt(s.now()) >= places) &&
		(one.unread.TokensAt(s.now()) >= places)
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
func (s *senders) leave(name string, worth verdict, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of(name)
	one.underway = max(0, one.underway-1)

	// One token at a time: a limiter that has fewer left would grant none.
	parts := 1 + size/store.KeptUnverified
	switch worth {
	case unverified:
		one.unverified.AllowN(s.now(), 1)
	case repeated:
		for range parts {
			one.unverified.AllowN(s.now(), 1)
		}
	case unread:
		for range parts {
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
	whole := (one.unverified.TokensAt(now) >= unverifiedBurst) &&
		(one.unread.TokensAt(now) >= unreadBurst)
	return whole && (one.underway == 0) && !one.querying &&
		(now.Sub(one.queried) >= queryWait)
}

// mayQuery reports whether the provider may be queried because of what an
// unverified sender has sent: one query at a time, and not at every reload of a
// page. hasQueried must follow when it may.
func (s *senders) mayQuery(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of(name)
	if one.querying || (s.now().Sub(one.queried) < queryWait) {
		return false
	}
	one.querying, one.queried = true, s.now()
	return true
}

// hasQueried ends what mayQuery began.
func (s *senders) hasQueried(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of(name)
	one.querying, one.queried = false, s.now()
}

// of returns what is remembered of a sender. The caller holds the lock.
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

// statusQueryKey marks the status queries that unverified senders can cause.
type statusQueryKey struct{}

// asStatusQuery marks calls with the context as status queries that an unverified
// sender can have caused.
func asStatusQuery(ctx context.Context) context.Context {
	return context.WithValue(ctx, statusQueryKey{}, true)
}

// IsStatusQuery reports whether a lease is wanted for a status query that an
// unverified sender can have caused. Such queries get a share of the provider's leases.
func IsStatusQuery(ctx context.Context) bool { return ctx.Value(statusQueryKey{}) != nil }
