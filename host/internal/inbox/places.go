package inbox

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// errNoPlace is for a request that has waited too long for a place.
var errNoPlace = errors.New("there was no place in time")

// claim says whose a place is: it counts for all three.
type claim struct{ provider, sender, address string }

// bounds are how many places there are, and how many of them one provider, one
// sender and one address may have.
type bounds struct{ all, provider, sender, address int }

// places bound how many requests are in memory at a time. A request that finds
// no place waits: none is turned away for what others send. The senders of a
// provider get places in turn, so that one who sends a great deal delays the
// others by one request each.
//
// Taking a place and giving it back take the same time however many wait, see
// providerQueue.
type places struct {
	bounds
	wait time.Duration

	mu        sync.Mutex
	taken     int
	providers map[string]*providerQueue
	senders   map[string]*share
	addresses map[string]*share
	// turns are the providers of which a sender is ready, who is next first.
	// There are no more of them than the operator has configured.
	turns list.List // of *providerQueue
}

// providerQueue are the requests that wait for a place of one provider, by
// sender. A sender is ready when its first request may find a place as far as
// sender and address are concerned. When one of these two has no place left the
// sender is parked there, and each place that is given back there makes one
// sender of each provider ready again.
type providerQueue struct {
	taken   int
	senders map[string]*senderQueue
	ready   list.List     // of *senderQueue, who is next first
	turn    *list.Element // in places.turns, nil while no sender is ready
}

// senderQueue are the requests of one sender that wait for one provider.
type senderQueue struct {
	name     string
	provider *providerQueue
	waiters  list.List     // of *waiter, in the order in which they came
	place    *list.Element // in provider.ready, or in where it is parked
	parked   *share        // nil when it is ready
}

// share are the places of one sender or of one address.
type share struct {
	taken  int
	most   int
	parked map[*providerQueue]*list.List // of *senderQueue
}

// waiter is one request that waits. given is closed when it has its place.
type waiter struct {
	claim claim
	queue *senderQueue
	place *list.Element // in queue.waiters
	given chan struct{}
}

func newPlaces(b bounds, wait time.Duration) *places {
	return &places{
		bounds:    b,
		wait:      wait,
		providers: map[string]*providerQueue{},
		senders:   map[string]*share{},
		addresses: map[string]*share{},
	}
}

// take waits for a place. The error is the context's, or errNoPlace.
func (p *places) take(ctx context.Context, who claim) error {
	p.mu.Lock()
	if p.free(who) {
		p.count(who, +1)
		p.mu.Unlock()
		return nil
	}

	one := p.enqueue(who)
	p.mu.Unlock()

	// Others give it a place, or its time is over first.
	timer := time.NewTimer(p.wait)
	defer timer.Stop()
	var err error
	select {
	case <-one.given:
		return nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = errNoPlace
	}
	return p.giveUp(one, err)
}

// give releases a place, for those who wait for one.
func (p *places) give(who claim) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count(who, -1)
	p.wake(who)
	p.admit()
	p.forget(who)
}

// giveUp takes a request out of its queue, unless it was given a place in the
// same moment: then it has it.
func (p *places) giveUp(one *waiter, why error) error {
	p.mu.Lock()
	defer p.mu.Unlock()

	select {
	case <-one.given:
		return nil
	default:
	}

	queue := one.queue
	first := queue.waiters.Front() == one.place
	queue.waiters.Remove(one.place)
	if first {
		// The one behind it may have a place where it had none, and another
		// sender what it was made ready for.
		p.leave(queue)
		p.join(queue)
		p.wake(one.claim)
		p.admit()
	}

	p.forget(one.claim)
	return why
}

// The methods that follow are called with the lock held.

// free reports whether a request gets a place at once: there is one, and
// nothing of the same sender waits.
func (p *places) free(who claim) bool {
	provider := p.providerOf(who)
	if (p.taken >= p.all) || (provider.taken >= p.provider) {
		return false
	}
	return (provider.senders[who.sender] == nil) && (p.fullShare(who) == nil)
}

// fullShare returns the share of a request's sender or address that has no
// place left, nil when both have.
func (p *places) fullShare(who claim) *share {
	sender, address := p.sharesOf(who)
	switch {
	case sender.taken >= sender.most:
		return sender
	case address.taken >= address.most:
		return address
	default:
		return nil
	}
}

// count counts a place as taken or given back.
func (p *places) count(who claim, by int) {
	sender, address := p.sharesOf(who)
	p.taken += by
	p.providerOf(who).taken += by
	sender.taken += by
	address.taken += by
}

// enqueue has a request wait behind those of its sender.
func (p *places) enqueue(who claim) *waiter {
	provider := p.providerOf(who)
	queue := provider.senders[who.sender]
	isNew := queue == nil
	if isNew {
		queue = &senderQueue{name: who.sender, provider: provider}
		provider.senders[who.sender] = queue
	}

	one := &waiter{claim: who, queue: queue, given: make(chan struct{})}
	one.place = queue.waiters.PushBack(one)
	if isNew {
		p.join(queue)
		p.admit() // parks it where it has no place
	}

	return one
}

// admit hands free places to the senders that are ready, to each in turn.
func (p *places) admit() {
	for p.taken < p.all {
		queue := p.next()
		if queue == nil {
			return
		}
		p.leave(queue)
		first, _ := queue.waiters.Front().Value.(*waiter)

		// A share that was free when the sender was woken may be full again.
		if full := p.fullShare(first.claim); full != nil {
			full.park(queue)
		} else {
			p.count(first.claim, +1)
			queue.waiters.Remove(first.place)
			close(first.given)
			p.join(queue)
		}

		// Another may take what it did not.
		p.wake(first.claim)
	}
}

// next returns the sender whose turn it is among the providers that have
// places, nil when there is none.
func (p *places) next() *senderQueue {
	for turn := p.turns.Front(); turn != nil; turn = turn.Next() {
		provider, _ := turn.Value.(*providerQueue)
		if provider.taken < p.provider {
			p.turns.MoveToBack(turn)
			queue, _ := provider.ready.Front().Value.(*senderQueue)
			return queue
		}
	}
	return nil
}

// wake makes a sender of each provider ready that is parked where a request had
// its share, when there is a place again.
func (p *places) wake(who claim) {
	sender, address := p.sharesOf(who)
	for _, one := range []*share{sender, address} {
		if one.taken >= one.most {
			continue
		}

		for _, parked := range one.parked {
			queue, _ := parked.Front().Value.(*senderQueue)
			p.leave(queue)
			p.join(queue)
		}
	}
}

// park has a sender wait for a place of a share.
func (s *share) park(queue *senderQueue) {
	parked := s.parked[queue.provider]
	if parked == nil {
		parked = list.New()
		s.parked[queue.provider] = parked
	}
	queue.parked = s
	queue.place = parked.PushBack(queue)
}

// join makes a sender the last one that is ready; one of which nothing waits is
// forgotten.
func (p *places) join(queue *senderQueue) {
	provider := queue.provider
	if queue.waiters.Len() == 0 {
		delete(provider.senders, queue.name)
		return
	}
	queue.place = provider.ready.PushBack(queue)
	if provider.turn == nil {
		provider.turn = p.turns.PushBack(provider)
	}
}

// leave takes a sender out of where it is parked or ready.
func (p *places) leave(queue *senderQueue) {
	provider := queue.provider
	if from := queue.parked; from != nil {
		from.parked[provider].Remove(queue.place)
		if from.parked[provider].Len() == 0 {
			delete(from.parked, provider)
		}
		queue.parked = nil
		return
	}

	// next takes the first sender of a provider that has a turn, so a provider
	// without one gives its turn up.
	provider.ready.Remove(queue.place)
	if provider.ready.Len() == 0 {
		p.turns.Remove(provider.turn)
		provider.turn = nil
	}
}

func (p *places) providerOf(who claim) *providerQueue {
	one := p.providers[who.provider]
	if one == nil {
		one = &providerQueue{senders: map[string]*senderQueue{}}
		p.providers[who.provider] = one
	}
	return one
}

func (p *places) sharesOf(who claim) (sender, address *share) {
	of := func(shares map[string]*share, name string, most int) *share {
		if shares[name] == nil {
			shares[name] = &share{most: most, parked: map[*providerQueue]*list.List{}}
		}
		return shares[name]
	}
	return of(p.senders, who.sender, p.sender), of(p.addresses, who.address, p.address)
}

// forget drops what nothing is counted of any more.
func (p *places) forget(who claim) {
	if one := p.providerOf(who); (one.taken == 0) && (len(one.senders) == 0) {
		delete(p.providers, who.provider)
	}
	sender, address := p.sharesOf(who)
	if (sender.taken == 0) && (len(sender.parked) == 0) {
		delete(p.senders, who.sender)
	}

	if (address.taken == 0) && (len(address.parked) == 0) {
		delete(p.addresses, who.address)
	}
}
