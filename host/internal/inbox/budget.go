package inbox

import (
	"sync"
	"time"

	"github.com/payhost/payhost/host/internal/store"
)

// How many bytes unverified senders may have stored that prove nothing, of one
// provider and of all: so many at once, and then so many a second. They are the
// bound for many senders, each of whom keeps to its own.
const (
	providerBytes, providerBytesRate = 24 << 20, 64 << 10
	allBytes, allBytesRate           = 48 << 20, 256 << 10
	// rowBytes is what a stored request takes besides what was sent.
	rowBytes = 1 << 10
)

// budget is an amount of bytes that grows back.
type budget struct {
	most, rate float64
	left       float64
	at         time.Time
}

func newBudget(most, rate float64, now time.Time) *budget {
	return &budget{most: most, rate: rate, left: most, at: now}
}

// grow adds the bytes that have grown back since it was called last.
func (b *budget) grow(now time.Time) {
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.left, b.at = min(b.most, b.left+passed*b.rate), now
	}
}

// budgets are those of all providers.
type budgets struct {
	now func() time.Time

	mu         sync.Mutex
	all        *budget
	byProvider map[string]*budget
}

func newBudgets(now func() time.Time) *budgets {
	return &budgets{
		now:        now,
		all:        newBudget(allBytes, allBytesRate, now()),
		byProvider: map[string]*budget{},
	}
}

// take reserves the bytes of a request before it is stored, and reports whether
// there are so many. The providers are the configured ones.
func (b *budgets) take(provider string, size int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	bytes := float64(size + rowBytes)
	own := b.byProvider[provider]
	if own == nil {
		own = newBudget(providerBytes, providerBytesRate, now)
		b.byProvider[provider] = own
	}

	// Time has given back some of both.
	own.grow(now)
	b.all.grow(now)
	if (own.left < bytes) || (b.all.left < bytes) {
		return false
	}

	own.left -= bytes
	b.all.left -= bytes
	return true
}

// release ends the reservation of what a request does not keep: of all of it when
// it is genuine, and of what is cut off of the body when it is not.
func (b *budgets) release(provider string, size, head int, worth verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	bytes := 0
	switch worth {
	case verified:
		bytes = size + head + rowBytes
	case unverified:
		bytes = max(0, size-store.KeptUnverified)
	}

	own := b.byProvider[provider]
	own.left = min(own.most, own.left+float64(bytes))
	b.all.left = min(b.all.most, b.all.left+float64(bytes))
}
