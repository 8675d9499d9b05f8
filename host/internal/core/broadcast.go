package core

import (
	"context"
	"sync"
	"time"
)

// broadcast tells whoever waits for a topic that something changed there. Waiters must look again themselves: it is a
// hint, not a message.
type broadcast struct {
	mu      sync.Mutex
	waiting map[string]*waiters
}

// waiters are those who wait for one topic's next change.
type waiters struct {
	changed chan struct{}
	count   int
}

func newBroadcast() *broadcast {
	return &broadcast{waiting: map[string]*waiters{}}
}

// wait gives a channel that is closed at the topic's next change; take it before looking. leave must be called when it
// is not looked at any more: most topics never change again, and would be kept for ever.
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
		if w.count--; w.count == 0 && b.waiting[topic] == w {
			delete(b.waiting, topic)
		}
	}
}

// changed wakes the topic's waiters.
func (b *broadcast) changed(topics ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range topics {
		if w, ok := b.waiting[t]; ok {
			close(w.changed)
			delete(b.waiting, t)
		}
	}
}

// inflight counts the provider calls that go on after their callers have gone, so that Close can wait for them.
type inflight struct {
	wg sync.WaitGroup
}

func (f *inflight) run(fn func()) {
	f.wg.Go(fn)
}

func (f *inflight) wait() { f.wg.Wait() }

// lookAgain is how often a reader of events looks at the store, for what another
// host does.
const lookAgain = 200 * time.Millisecond

// WaitForMore returns when there may be something new: another host's changes are found by looking again now and then.
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
