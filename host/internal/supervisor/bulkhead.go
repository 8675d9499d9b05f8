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
	waiting list.List // of chan struct{}, closed when its place is given
	queue   int       // how many may wait when that is more than limit
}

// resize takes effect at once for new callers. Leases above a lower limit end
// by themselves.
func (b *bulkhead) resize(limit int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit = max(limit, 1)
	b.admit()
}

// enter takes a place, and waits at most wait for one. The error is
// unavailable, not sent.
func (b *bulkhead) enter(ctx context.Context, wait time.Duration) error {
	b.mu.Lock()
	// A caller that comes now does not pass those that wait already.
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

	// The place may have been given in the same moment: then it is handed on.
	b.mu.Lock()
	defer b.mu.Unlock()

	select {
	case <-turn:
		b.inUse--
		b.admit()
	default:
		b.waiting.Remove(place)
	}

	return fullError()
}

// leave frees the place.
func (b *bulkhead) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inUse--
	b.admit()
}

// admit hands free places to the callers that wait. The caller holds mu.
func (b *bulkhead) admit() {
	for b.inUse < b.limit && b.waiting.Len() > 0 {
		first := b.waiting.Front()
		b.waiting.Remove(first)
		b.inUse++
		close(first.Value.(chan struct{})) //nolint:errcheck // nothing else is ever put there
	}
}

// queued returns how many callers wait for a place.
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

func fullError() error {
	return turnedAway(time.Second, "the provider has as many calls in flight as it may")
}

// use is the purpose of a lease. It decides which places the lease takes.
type use int

const (
	// forNew and forExisting are for money: a create, a capture, a refund, and
	// what recovery does about them.
	forNew use = iota
	forExisting
	// forQuery is for a query that strangers can cause: they open a return
	// address or send a hint.
	forQuery
	// forReading is for requests of strangers: the plugin reads them and calls
	// no provider.
	forReading
)

// These are the places of what strangers can cause. They are apart from those
// of money: a stranger who sends a great deal takes no payment's place.
const (
	// queryShare is the part of an account's max_in_flight that queries may
	// have, one at least.
	queryShare = 4
	// readingPlaces is how many requests of one account are read at once.
	// Reading is work for the processor alone: more at once would be no faster,
	// and take the plugin's time from payments.
	readingPlaces = 4
	// readingQueue is how many more may wait to be read. They are short, and
	// bounded before they come here.
	readingQueue = 1024
	// The whole host queries and reads so much at once. The first place of
	// every account is free: an account that hangs keeps no other from reading.
	allQuerying = 64
	allReading  = 64
)

// queryPlaces returns how many queries one account may make at once.
func queryPlaces(maxInFlight int) int { return max(1, maxInFlight/queryShare) }

// resize sets the account's places to what its configuration says.
func (a *account) resize(maxInFlight int) {
	a.bulkhead.resize(maxInFlight)
	a.querying.resize(queryPlaces(maxInFlight))
	a.reading.resize(readingPlaces)
}

// places are those that a lease has taken: at most one of the account, one of a
// part of the account's, and one of the whole host.
type places struct {
	taken [3]*bulkhead
	count int
}

// take takes a place, and waits at most wait for it. When there is none, those
// taken before are free again.
func (p *places) take(ctx context.Context, from *bulkhead, wait time.Duration) error {
	if err := from.enter(ctx, wait); err != nil {
		p.leave()
		return err
	}
	p.taken[p.count] = from
	p.count++
	return nil
}

// leave frees the places.
func (p *places) leave() {
	for _, place := range p.taken[:p.count] {
		place.leave()
	}
	p.count = 0
}

// enter takes the places of a use, and waits at most wait for each.
func (a *account) enter(
	ctx context.Context,
	purpose use,
	wait time.Duration,
) (entered places, err error) {
	// A lease that strangers cause takes a place apart, and, beyond the first
	// of the account, one of the whole host.
	var own, all *bulkhead

	switch purpose {
	case forQuery:
		own = &a.querying
		all = &a.sup.querying
	case forReading:
		own = &a.reading
		all = &a.sup.reading
	}

	if own != nil {
		if err := entered.take(ctx, own, wait); err != nil {
			return places{}, err
		}
		if inUse, _ := own.held(); inUse > 1 {
			if err := entered.take(ctx, all, wait); err != nil {
				return places{}, err
			}
		}
	}

	if purpose != forReading {
		if err := entered.take(ctx, &a.bulkhead, wait); err != nil {
			return places{}, err
		}
	}

	return entered, nil
}
