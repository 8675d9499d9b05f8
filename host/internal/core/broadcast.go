package core

import (
	"context"
	"sync"
	"time"
)

// lookAgain is how often a reader of events looks at the store, for what
// another host does.
const lookAgain = 200 * time.Millisecond

// broadcast tells the goroutines that wait for a topic that something changed
// there. They must look again themselves: it is a hint, not a message.
type broadcast struct {
	mu      sync.Mutex
	waiting map[string]*waiters
}

// waiters are the goroutines that wait for one topic's next change.
type waiters struct {
	changed chan struct{}
	count   int
}

func newBroadcast() *broadcast {
	return &broadcast{waiting: map[string]*waiters{}}
}

// wait returns a channel that is closed at the topic's next change; the caller
// takes it before it looks, and calls leave when it no longer waits: most
// topics never change again, and would be kept for ever.
func (b *broadcast) wait(topic string) (changed <-chan struct{}, leave func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w, ok := b.waiting[topic]
	if !ok {
		w = &waiters{changed: make(chan struct{})}
		b.waiting[topic] = w
	}

	w.count++

	return w.changed, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		w.count--
		// After a change the topic may have waiters of a later channel.
		if w.count == 0 && b.waiting[topic] == w {
			delete(b.waiting, topic)
		}
	}
}

// changed wakes the topics' waiters.
func (b *broadcast) changed(topics ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, topic := range topics {
		if w, ok := b.waiting[topic]; ok {
			close(w.changed)
			delete(b.waiting, topic)
		}
	}
}

// inflight counts the provider calls that go on after their callers have gone,
// so that Close can wait for them.
type inflight struct {
	wg sync.WaitGroup
}

// run runs fn in the background.
func (f *inflight) run(fn func()) { f.wg.Go(fn) }

// wait returns when nothing that was run is left.
func (f *inflight) wait() { f.wg.Wait() }

// WaitForMore returns when there may be something new, or when ctx ends:
// another host's changes are found by looking again now and then.
func WaitForMore(ctx context.Context, more <-chan struct{}) error {
	timer := time.NewTimer(lookAgain)
	defer timer.Stop()
	select {
	case <-more:
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}
