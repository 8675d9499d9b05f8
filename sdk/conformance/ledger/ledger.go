// Package ledger is the books of a simulated provider: what it was asked for,
// and which money really moved. Tests read there whether a payout was made
// twice.
package ledger

import (
	"encoding/json"
	"maps"
	"net/http"
	"sync"

	"github.com/shopspring/decimal"
)

// Kind is what an Entry is about.
type Kind string

// The kinds of entries.
const (
	Payment Kind = "payment"
	Payout  Kind = "payout"
	Refund  Kind = "refund"
	Capture Kind = "capture"
)

// Entry is one payment, payout, refund or capture as the simulated provider
// knows it.
type Entry struct {
	Kind Kind `json:"kind"`
	// ID is unique among the entries of its kind: the provider's own, or the
	// key by which it knows a repeat.
	ID string `json:"id"`
	// OrderID is the caller's name for it.
	OrderID   string          `json:"order_id,omitempty"`
	Recipient string          `json:"recipient,omitempty"` // of a payout
	Amount    decimal.Decimal `json:"amount"`              // in units of the currency
	Currency  string          `json:"currency"`
	Status    string          `json:"status"` // in the provider's words
	// Moved says that money has really gone from one to the other.
	Moved bool `json:"moved"`
	// Details is what else the simulator needs to remember.
	Details map[string]string `json:"details,omitempty"`
}

func (e Entry) clone() Entry {
	e.Details = maps.Clone(e.Details)
	return e
}

// Ledger holds the entries of one simulated provider. The zero value is empty
// and ready to use, by any number of goroutines. Entries stay until the process
// ends.
type Ledger struct {
	mu    sync.Mutex
	list  []Entry
	place map[entryKey]int // in list
}

type entryKey struct {
	kind Kind
	id   string
}

// Add enters an entry and reports whether it did: it does not when there is one
// of its kind and ID already.
func (l *Ledger) Add(entry Entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()

	key := entryKey{entry.Kind, entry.ID}
	if _, taken := l.place[key]; taken {
		return false
	}
	if l.place == nil {
		l.place = map[entryKey]int{}
	}

	l.place[key] = len(l.list)
	// A copy: the caller may change its map of details later.
	l.list = append(l.list, entry.clone())
	return true
}

// Find returns a copy of one entry, and reports whether there is one.
func (l *Ledger) Find(kind Kind, id string) (Entry, bool) {
	return l.Change(kind, id, func(*Entry) {})
}

// Change calls change with one entry, while no other goroutine can use the
// ledger, and returns a copy of the result. It reports whether there is such an
// entry. change must not touch Kind and ID, nor call the ledger.
func (l *Ledger) Change(kind Kind, id string, change func(*Entry)) (Entry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()

	at, found := l.place[entryKey{kind, id}]
	if !found {
		return Entry{}, false
	}
	change(&l.list[at])
	return l.list[at].clone(), true
}

// Entries returns copies of all entries, oldest first.
func (l *Ledger) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()

	list := make([]Entry, len(l.list))
	for i, entry := range l.list {
		list[i] = entry.clone()
	}
	return list
}

// MarshalJSON writes {"entries": [...]}.
func (l *Ledger) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"entries": l.Entries()})
}

// Handler serves the ledger to GET, as MarshalJSON writes it.
func (l *Ledger) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", "GET")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(l) // a client that went away needs no answer
	})
}
