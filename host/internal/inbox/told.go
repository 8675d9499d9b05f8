package inbox

import (
	"crypto/sha256"
	"sync"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// maxTold bounds how many genuine notices are remembered.
const maxTold = 10000

// told remembers what genuine notices have said. Customers get signed notices in
// their browsers, and may send them any number of times: what is told again counts
// as what proves nothing. A host that starts remembers none, and stores one more.
type told struct {
	mu sync.Mutex
	by map[[sha256.Size]byte]heard
}

// heard is what became of what was told: which intents it is about, and which of
// them the provider had to be asked about.
type heard struct{ about, ask []string }

func newTold() *told { return &told{by: map[[sha256.Size]byte]heard{}} }

// keyOf returns a digest of all that a notice says.
func keyOf(n *store.Webhook, r *reading) [sha256.Size]byte {
	text := n.Provider + "\n" + n.Purpose + "\n" + n.IntentID
	for k := range r.events {
		text += "\n" + eventKey(&r.events[k], "")
	}
	return sha256.Sum256([]byte(text))
}

// first records what a notice said once that is applied, and reports whether it is
// told for the first time. What fits no payment yet may fit one later: it is new
// each time.
func (t *told) first(n *store.Webhook, r *reading) bool {
	if n.State == payment.WebhookUnmatched {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()

	key := keyOf(n, r)
	_, known := t.by[key]
	if !known && (len(t.by) >= maxTold) {
		clear(t.by)
	}
	t.by[key] = heard{about: n.IntentIDs, ask: r.ask}
	return !known
}

// worth says what a notice that was read was worth, and remembers what it said.
func (b *Inbox) worth(n *store.Webhook, r *reading) verdict {
	switch {
	case !n.Verified:
		return unverified
	case !b.told.first(n, r):
		return repeated
	}
	return verified
}

func (t *told) heard(n *store.Webhook, r *reading) (heard, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, known := t.by[keyOf(n, r)]
	return before, known
}

// known reports whether a notice says what another has said.
func (t *told) known(n *store.Webhook, r *reading) bool {
	_, known := t.heard(n, r)
	return known
}

// asks returns what the provider was asked about when it was told before.
func (t *told) asks(n *store.Webhook, r *reading) []string {
	before, _ := t.heard(n, r)
	return before.ask
}

// about returns the only intent that it was about when it was told before.
func (t *told) about(n *store.Webhook, r *reading) string {
	if before, _ := t.heard(n, r); len(before.about) == 1 {
		return before.about[0]
	}
	return ""
}
