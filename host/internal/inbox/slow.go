package inbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// slowTries is how often a plugin may take too long over one webhook until that
// is the webhook's own fault. maxSlow bounds how many are remembered.
const (
	slowTries = 3
	maxSlow   = 10000
)

// slowPlaces is how many of a provider's requests may be read for longer than
// slowAfter: half of the places that it has for reading. Some plugins ask their
// provider while they read, and who makes them wait for it must not keep others
// from being read.
const slowPlaces = 2

// slowAfter is how long reading takes usually, at most. Tests change it.
var slowAfter = time.Second

// errTooSlow is for a webhook that its plugin did not finish reading in time.
// It says nothing of a plugin that is not there.
var errTooSlow = errors.New("its plugin did not finish reading it in time")

// errManySlow is for a request whose reading was ended because as many as may
// be are read slowly. It is not at fault: it is tried again.
var errManySlow = &sdk.Error{
	Code:    sdk.CodeUnavailable,
	Outcome: sdk.OutcomeNotSent,
	Message: "its plugin takes long to read it, as it does for others at this time",
}

// slow remembers the webhooks that took too long: they must not keep others
// waiting when they are tried again. A host that starts remembers none, and
// finds out again.
type slow struct {
	mu     sync.Mutex
	tries  map[string]int  // by webhook
	busy   map[string]bool // providers of which one is tried again
	places map[string]int  // how many are read slowly, by provider
}

func newSlow() *slow {
	return &slow{tries: map[string]int{}, busy: map[string]bool{}, places: map[string]int{}}
}

// add counts a try that took too long, and returns how many there were.
func (s *slow) add(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(id)
	s.tries[id]++
	return s.tries[id]
}

// note has a webhook known as one that is read slowly, without counting a try.
func (s *slow) note(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(id)
}

// remember makes a place for a webhook. The caller holds the lock.
func (s *slow) remember(id string) {
	if _, known := s.tries[id]; known {
		return
	}
	if len(s.tries) >= maxSlow {
		clear(s.tries)
	}
	s.tries[id] = 0
}

// known reports whether a webhook is known to be read slowly.
func (s *slow) known(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.tries[id]
	return known
}

// forget ends what add and note have begun.
func (s *slow) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tries, id)
}

// begin reports whether nothing slow of a provider is being tried again. end
// must follow when it may.
func (s *slow) begin(provider string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[provider] {
		return false
	}
	s.busy[provider] = true
	return true
}

// end ends what begin began.
func (s *slow) end(provider string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, provider)
}

// takePlace takes one of the places of a provider's slow requests, and reports
// whether there was one. givePlace must follow when there was.
func (s *slow) takePlace(provider string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.places[provider] >= slowPlaces {
		return false
	}
	s.places[provider]++
	return true
}

// givePlace ends what takePlace began.
func (s *slow) givePlace(provider string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.places[provider]--; s.places[provider] == 0 {
		delete(s.places, provider)
	}
}

// watch returns the context in which a provider's request is read. After
// slowAfter it needs a slow place, and one that is known to be slow needs it at
// once; where there is none the context ends with errManySlow. end must be
// called.
func (s *slow) watch(ctx context.Context, provider string, known bool) (
	watched context.Context, end func(),
) {
	watched, cancel := context.WithCancelCause(ctx)
	var mu sync.Mutex
	var holds, ended bool

	// The timer may fire while the reading ends: then it takes no place.
	becomesSlow := func() {
		mu.Lock()
		defer mu.Unlock()
		if ended {
			return
		}
		if holds = s.takePlace(provider); !holds {
			cancel(errManySlow)
		}
	}

	var timer *time.Timer
	if known {
		becomesSlow()
	} else {
		timer = time.AfterFunc(slowAfter, becomesSlow)
	}

	return watched, func() {
		mu.Lock()
		defer mu.Unlock()
		ended = true
		cancel(nil)
		if timer != nil {
			timer.Stop()
		}
		if holds {
			s.givePlace(provider)
		}
	}
}

// readSlowly reads a provider's slow webhooks in the background, one at a time.
// Those for which there is no time now are due again by themselves.
func (b *Inbox) readSlowly(ctx context.Context, provider string, list []*store.Webhook) {
	if (len(list) == 0) || !b.slow.begin(provider) {
		return
	}
	b.core.Go(func() {
		defer b.slow.end(provider)
		b.readAll(ctx, list)
	})
}

// tookTooLong records that a plugin did not finish reading a webhook: it waits
// for another try, and after slowTries for an operator.
func (b *Inbox) tookTooLong(
	ctx context.Context, webhook *store.Webhook, cause error,
) error {
	tries := b.slow.add(webhook.ID)
	if (tries < slowTries) || (webhook.State != payment.WebhookPending) {
		return b.postpone(ctx, webhook, cause)
	}

	b.slow.forget(webhook.ID)
	message := fmt.Sprintf("%v, %d times: nothing is tried any more; "+
		"replay it through a mended plugin", errTooSlow, tries)
	return b.fail(ctx, webhook, message, cause)
}

// parseInTime is parse for what unverified senders may have sent. The error is
// errTooSlow when the plugin used up its time, and errManySlow when it takes
// long as it does for too many others. The caller's own end is neither.
func (b *Inbox) parseInTime(
	ctx context.Context, lease core.Lease, webhook *store.Webhook, subject *intent.Intent,
) (*reading, error) {
	watched, end := b.slow.watch(ctx, webhook.Provider, b.slow.known(webhook.ID))
	defer end()
	started, timeout := time.Now(), lease.Config().Timeout
	read, err := parse(watched, lease, webhook, subject)

	// A plugin that has gone fails at once, one that hangs at its timeout.
	usedUp := time.Since(started) >= timeout-timeout/10
	switch {
	case (err == nil) || isFinal(sdk.CodeOf(err)) || (ctx.Err() != nil):
		return read, err
	case errors.Is(context.Cause(watched), errManySlow):
		return nil, errManySlow
	case usedUp:
		return nil, errors.Join(err, errTooSlow)
	default:
		return nil, err
	}
}
