package provider

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// bulkhead bounds how many leases one account may hold at once, so that one slow provider cannot take the host's
// goroutines and connections from the others. As many callers as there are places may wait, for a short time, in order.
type bulkhead struct {
	mu      sync.Mutex
	limit   int
	inUse   int
	waiting list.List // of chan struct{}, closed when the place is given
}

// resize takes effect at once for new callers; leases above a lower limit are left to end by themselves.
func (b *bulkhead) resize(limit int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit = max(limit, 1)
	b.admit()
}

// enter takes a place, waiting at most wait for one. The error is unavailable, not sent.
func (b *bulkhead) enter(ctx context.Context, wait time.Duration) error {
	b.mu.Lock()
	if b.inUse < b.limit && b.waiting.Len() == 0 {
		b.inUse++
		b.mu.Unlock()
		return nil
	}
	if b.waiting.Len() >= b.limit {
		b.mu.Unlock()
		return fullError()
	}
	turn := make(chan struct{})
	place := b.waiting.PushBack(turn)
	b.mu.Unlock()

	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	case <-timer.C:
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-turn: // given in the same moment: hand it on
		b.inUse--
		b.admit()
	default:
		b.waiting.Remove(place)
	}
	return fullError()
}

// leave gives the place back.
func (b *bulkhead) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inUse--
	b.admit()
}

// admit gives free places to those who wait. The caller holds the lock.
func (b *bulkhead) admit() {
	for b.inUse < b.limit && b.waiting.Len() > 0 {
		first := b.waiting.Front()
		b.waiting.Remove(first)
		b.inUse++
		close(first.Value.(chan struct{})) //nolint:errcheck // nothing else is ever put there
	}
}

func (b *bulkhead) held() (inUse, limit int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inUse, b.limit
}

func fullError() error {
	return turnedAway(time.Second, "the provider has as many calls in flight as it may")
}
