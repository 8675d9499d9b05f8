package inbox

import (
	"context"
	"errors"
	"slices"
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

// places bound what is in memory at a time. Whoever finds none waits: nobody is
// turned away for what others send. Senders get their places in turn, so that
// one who sends a great deal delays the others by one request each.
type places struct {
	bounds
	wait time.Duration

	mu       sync.Mutex
	taken    int
	provider map[string]int
	sender   map[string]int
	address  map[string]int
	queues   map[string][]*waiter // by sender, each in order
	turns    []string             // the senders that wait, who is next first
}

// waiter is one request that waits. given is closed when it has its place.
type waiter struct {
	claim claim
	given chan struct{}
}

func newPlaces(b bounds, wait time.Duration) *places {
	return &places{
		bounds: b, wait: wait, provider: map[string]int{}, sender: map[string]int{}, address: map[string]int{},
		queues: map[string][]*waiter{},
	}
}

// take waits for a place. The error is the context's, or errNoPlace.
func (p *places) take(ctx context.Context, c claim) error {
	p.mu.Lock()
	if p.fits(c) && (len(p.queues[c.sender]) == 0) {
		p.count(c, +1)
		p.mu.Unlock()
		return nil
	}
	one := &waiter{claim: c, given: make(chan struct{})}
	if len(p.queues[c.sender]) == 0 {
		p.turns = append(p.turns, c.sender)
	}
	p.queues[c.sender] = append(p.queues[c.sender], one)
	p.mu.Unlock()

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

	sender := one.claim.sender
	queue := slices.DeleteFunc(p.queues[sender], func(other *waiter) bool { return other == one })
	p.setQueue(sender, queue)
	for (len(queue) > 0) && p.fits(queue[0].claim) { // it may have stood in their way
		queue = p.admitFirst(sender)
	}
	return why
}

// give gives a place back, to those who wait for one.
func (p *places) give(c claim) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count(c, -1)
	p.admit()
}

// fits reports whether there is a place. The caller holds the lock.
func (p *places) fits(c claim) bool {
	return (p.taken < p.all) && (p.provider[c.provider] < p.bounds.provider) &&
		(p.sender[c.sender] < p.bounds.sender) && (p.address[c.address] < p.bounds.address)
}

// count counts a place as taken or given back. The caller holds the lock.
func (p *places) count(c claim, by int) {
	p.taken += by
	counted := func(in map[string]int, name string) {
		if in[name] += by; in[name] <= 0 {
			delete(in, name)
		}
	}
	counted(p.provider, c.provider)
	counted(p.sender, c.sender)
	counted(p.address, c.address)
}

// admit gives free places to those who wait, to each sender in turn. The caller
// holds the lock.
func (p *places) admit() {
	for given := true; given && (p.taken < p.all); {
		given = false
		for _, sender := range slices.Clone(p.turns) {
			if p.fits(p.queues[sender][0].claim) {
				p.admitFirst(sender)
				given = true
			}
		}
	}
}

// admitFirst gives a place to the first who waits of a sender, whose next turn is
// the last, and returns who waits behind. The caller holds the lock.
func (p *places) admitFirst(sender string) []*waiter {
	queue := p.queues[sender]
	p.count(queue[0].claim, +1)
	close(queue[0].given)

	p.turns = slices.DeleteFunc(p.turns, func(other string) bool { return other == sender })
	p.turns = append(p.turns, sender)
	p.setQueue(sender, queue[1:])
	return queue[1:]
}

// setQueue replaces what waits of a sender. The caller holds the lock.
func (p *places) setQueue(sender string, queue []*waiter) {
	if len(queue) > 0 {
		p.queues[sender] = queue
		return
	}
	delete(p.queues, sender)
	p.turns = slices.DeleteFunc(p.turns, func(other string) bool { return other == sender })
}
