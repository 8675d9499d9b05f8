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
	waiting map[string]chan struct{}
}

func newBroadcast() *broadcast {
	return &broadcast{waiting: map[string]chan struct{}{}}
}

// wait gives a channel that is closed at the topic's next change. Take it before looking.
func (b *broadcast) wait(topic string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch, ok := b.waiting[topic]
	if !ok {
		ch = make(chan struct{})
		b.waiting[topic] = ch
	}
	return ch
}

// changed wakes the topic's waiters.
func (b *broadcast) changed(topics ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range topics {
		if ch, ok := b.waiting[t]; ok {
			close(ch)
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
