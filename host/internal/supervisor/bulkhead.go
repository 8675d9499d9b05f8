package supervisor

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// bulkhead bounds how many leases one account may hold at once, so that one
// slow provider cannot take the host's goroutines and connections from the
// others. As many callers as there are places may wait, for a short time, in
// order.
type bulkhead struct {
	mu      sync.Mutex
	limit   int
	inUse   int
	waiting list.List // of chan struct{}, closed when the place is given
	queue   int       // how many may wait when that is more than limit
}

// resize takes effect at once for new callers; leases above a lower limit are
// left to end by themselves.
func (b *bulkhead) resize(limit int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit = max(limit, 1)
	b.admit()
}

// enter takes a place, waiting at most wait for one. The error is unavailable,
// not sent.
func (b *bulkhead) enter(ctx context.Context, wait time.Duration) error {
	b.mu.Lock()
	if b.inUse < b.limit && b.waiting.Len() == 0 {
		b.inUse++
		b.mu.Unlock()
		return nil
	}

	if b.waiting.Len() >= max(b.limit, b.queue) {
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

// leave returns the place back.
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
		close(
			first.Value.(chan struct{}),
		) //nolint:errcheck // nothing else is ever put there
	}
}

// queued returns how many wait for a place.
func (b *bulkhead) queued() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waiting.Len()
}

func (b *bulkhead) held() (inUse, limit int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inUse, b.limit
}

// use is what a lease is for. It decides whose places it takes.
type use int

const (
	// forNew and forExisting are for money: a create, a capture, a refund, and
	// what recovery does about them.
	forNew use = iota
	forExisting
	// forQuery is for a question that strangers can cause: they open a return
	// address or send a hint.
	forQuery
	// forReading is for what strangers send: the plugin reads it and asks
	// nobody.
	forReading
)

// The places of what strangers can cause. They are apart from those of money,
// so that whoever sends a great deal of it takes no payment's place.
const (
	// queryShare is the part of an account's max_in_flight that questions may
	// have, one at least.
	queryShare = 4
	// readingPlaces is how many requests of one account's are read at once.
	// Reading is work for the processor alone: more at once would be no faster,
	// and take the plugin's time from payments.
	readingPlaces = 4
	// readingQueue is how many more may wait for that: they are short, and
	// whoever sends them is bounded before.
	readingQueue = 1024
	// The whole host asks and reads so much at once. The first place of every
	// account is free: one that hangs keeps no other from reading.
	allQuerying, allReading = 64, 64
)

// queryPlaces returns how many questions one account may ask at once.
func queryPlaces(maxInFlight int) int { return max(1, maxInFlight/queryShare) }

// resize returns the account the places that its configuration says.
func (a *account) resize(maxInFlight int) {
	a.bulkhead.resize(maxInFlight)
	a.querying.resize(queryPlaces(maxInFlight))
	a.reading.resize(readingPlaces)
}

// enter takes the places of a use, waiting at most wait for each. leave gives
// them back.
func (a *account) enter(
	ctx context.Context,
	why use,
	wait time.Duration,
) (leave func(), err error) {
	var own, all *bulkhead
	switch why {
	case forQuery:
		own, all = &a.querying, &a.sup.querying
	case forReading:
		own, all = &a.reading, &a.sup.reading
	}

	var entered []*bulkhead
	leave = func() {
		for _, one := range entered {
			one.leave()
		}
	}

	take := func(one *bulkhead) error {
		if err := one.enter(ctx, wait); err != nil {
			leave()
			return err
		}
		entered = append(entered, one)
		return nil
	}

	if own != nil {
		if err := take(own); err != nil {
			return nil, err
		}
		if inUse, _ := own.held(); inUse > 1 {
			if err := take(all); err != nil {
				return nil, err
			}
		}
	}

	if why != forReading {
		if err := take(&a.bulkhead); err != nil {
			return nil, err
		}
	}

	return leave, nil
}

func fullError() error {
	return turnedAway(time.Second, "the provider has as many calls in flight as it may")
}
