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

// errTooSlow is for a webhook that its plugin did not finish reading in time. Of
// a plugin that is not there it says nothing.
var errTooSlow = errors.New("its plugin did not finish reading it in time")

// slow remembers the webhooks that took too long: they must not keep others
// waiting when they are tried again. A host that starts remembers none, and
// finds out again.
type slow struct {
	mu    sync.Mutex
	tries map[string]int  // by webhook
	busy  map[string]bool // providers of which one is being read
}

func newSlow() *slow { return &slow{tries: map[string]int{}, busy: map[string]bool{}} }

// add counts a try that took too long, and returns how many there were.
func (s *slow) add(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if (len(s.tries) >= maxSlow) && (s.tries[id] == 0) {
		clear(s.tries)
	}
	s.tries[id]++
	return s.tries[id]
}

func (s *slow) known(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries[id] > 0
}

func (s *slow) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tries, id)
}

// begin reports whether nothing slow of a provider is being read. end must
// follow.
func (s *slow) begin(provider string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[provider] {
		return false
	}
	s.busy[provider] = true
	return true
}

func (s *slow) end(provider string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, provider)
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
func (b *Inbox) tookTooLong(ctx context.Context, n *store.Webhook, cause error) error {
	tries := b.slow.add(n.ID)
	if (tries < slowTries) || (n.State != payment.WebhookPending) {
		return b.postpone(ctx, n, cause)
	}
	b.slow.forget(n.ID)
	n.State, n.NextTryAt, n.Verified = payment.WebhookFailed, time.Time{}, false
	n.Error = fmt.Sprintf("%v, %d times: nothing is tried any more; replay it through a mended plugin", errTooSlow, tries)
	return errors.Join(cause, b.save(ctx, n))
}

// proveTimeout bounds how long a plugin may look at a request that is stored
// only if it verifies. One of at most cheapBody is looked at at once: most that
// are genuine are no longer.
const (
	proveTimeout = 5 * time.Second
	cheapBody    = 4 << 10
)

// proves returns what a request that is not stored yet says, nil when it does not
// verify: the plugin reads it, and nothing is applied. It is for the sender of much
// that is worth nothing, which must neither fill the disk nor keep out what is
// genuine. fresh reports whether the request is worth storing: what is genuine may
// have been told before. Longer ones are looked at few at a time.
func (b *Inbox) proves(ctx context.Context, n *store.Webhook, who claim) (
	proven *reading, fresh bool,
) {
	if len(n.Request.Body) > cheapBody {
		if b.trials.take(ctx, who) != nil {
			return nil, false
		}
		defer b.trials.give(who)
	}

	ctx, cancel := context.WithTimeout(ctx, proveTimeout)
	defer cancel()
	lease, err := b.accounts.AcquireExisting(ctx, n.Provider)
	if err != nil {
		return nil, false
	}
	defer lease.Release()
	subject, err := b.subject(ctx, n)
	if err != nil {
		return nil, false
	}
	reading, err := parse(ctx, lease, n, subject)
	if (err != nil) || (reading.proof <= intent.Hint) {
		return nil, false
	}
	return reading, !b.told.known(n, reading)
}

// parseInTime is parse, and tells of a plugin that used up its time. The
// caller's own end is not that.
func parseInTime(ctx context.Context, l core.Lease, n *store.Webhook, subject *intent.Intent) (*reading, error) {
	started, timeout := time.Now(), l.Config().Timeout
	r, err := parse(ctx, l, n, subject)
	if (err != nil) && (ctx.Err() == nil) && !isFinal(sdk.CodeOf(err)) && (time.Since(started) >= timeout-timeout/10) {
		return nil, errors.Join(err, errTooSlow)
	}
	return r, err
}
