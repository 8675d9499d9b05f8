package inbox

import (
	"crypto/sha256"
	"sync"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// maxTold bounds how many genuine webhooks are remembered.
const maxTold = 10000

// told remembers what genuine webhooks have said. Customers get signed webhooks
// in their browsers, and may send them any number of times: what is told again
// counts as what proves nothing. A host that starts remembers none, and stores
// one more.
type told struct {
	mu sync.Mutex
	by map[digest]heard
}

// digest stands for all that a webhook says.
type digest [sha256.Size]byte

// heard is what became of what was told: which intents it is about, and which
// of them the provider had to be queried about.
type heard struct{ about, query []string }

func newTold() *told { return &told{by: map[digest]heard{}} }

// digestOf returns the digest of what a webhook says.
func digestOf(webhook *store.Webhook, r *reading) digest {
	text := webhook.Provider + "\n" + webhook.Purpose + "\n" + webhook.IntentID
	for k := range r.events {
		text += "\n" + eventKey(&r.events[k], "")
	}
	return sha256.Sum256([]byte(text))
}

// first records what a webhook said once that is applied, and reports whether it
// is told for the first time. A webhook that fits no payment yet may fit one
// later: it is new each time.
func (t *told) first(webhook *store.Webhook, r *reading) bool {
	if webhook.State == payment.WebhookUnmatched {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()

	_, known := t.by[r.digest]
	if !known && (len(t.by) >= maxTold) {
		clear(t.by)
	}
	t.by[r.digest] = heard{about: webhook.IntentIDs, query: r.query}

	return !known
}

// heard returns what came of it when the same was told before, nil when it was
// not.
func (t *told) heard(r *reading) *heard {
	t.mu.Lock()
	defer t.mu.Unlock()
	if before, known := t.by[r.digest]; known {
		return &before
	}
	return nil
}

// onlyIntent returns the one intent that it was about, "" when there were more
// or none.
func (h *heard) onlyIntent() string {
	if len(h.about) == 1 {
		return h.about[0]
	}
	return ""
}

// worth returns what a webhook that was read was worth, and remembers what it
// said.
func (b *Inbox) worth(webhook *store.Webhook, r *reading) verdict {
	switch {
	case !webhook.Verified:
		return unverified
	case !b.told.first(webhook, r):
		return repeated
	}
	return verified
}
