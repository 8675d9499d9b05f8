package fault

import (
	"encoding/json"
	"maps"
	"net/http"
	"sync"

	"github.com/shopspring/decimal"
)

// EntryKind is what an Entry is about.
type EntryKind string

// The kinds of entries.
const (
	Payment EntryKind = "payment"
	Payout  EntryKind = "payout"
	Refund  EntryKind = "refund"
	Capture EntryKind = "capture"
)

// Entry is one payment or payout as the simulated provider knows it.
type Entry struct {
	Kind EntryKind `json:"kind"`
	// ID is unique among the entries of its kind: the provider's own, or the key by which it knows a repeat.
	ID string `json:"id"`
	// OrderID is what the caller named it.
	OrderID   string          `json:"order_id,omitempty"`
	Recipient string          `json:"recipient,omitempty"` // of a payout
	Amount    decimal.Decimal `json:"amount"`
	Currency  string          `json:"currency"`
	Status    string          `json:"status"` // in the provider's words
	// Moved: money really went from one to the other.
	Moved bool `json:"moved"`
	// Details is whatever else the simulator needs to remember.
	Details map[string]string `json:"details,omitempty"`
}

// Books are what happened at a simulated provider: tests read there whether anybody was paid twice. The zero value is
// empty and ready to use, by any number of goroutines. Entries stay until the process ends.
type Books struct {
	mu    sync.Mutex
	list  []Entry
	place map[entryKey]int
}

type entryKey struct {
	kind EntryKind
	id   string
}

// Add enters e, unless there is one of its kind and ID already: then it reports false.
func (b *Books) Add(e Entry) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := entryKey{e.Kind, e.ID}
	if _, taken := b.place[key]; taken {
		return false
	}
	if b.place == nil {
		b.place = map[entryKey]int{}
	}
	b.place[key] = len(b.list)
	e.Details = maps.Clone(e.Details)
	b.list = append(b.list, e)
	return true
}

// Find gives a copy of one entry.
func (b *Books) Find(kind EntryKind, id string) (Entry, bool) {
	return b.Change(kind, id, func(*Entry) {})
}

// Change lets change alter one entry, while nobody else can, and gives a copy of what came of it. change must not
// touch Kind and ID, nor call the Books.
func (b *Books) Change(kind EntryKind, id string, change func(*Entry)) (Entry, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, found := b.place[entryKey{kind, id}]
	if !found {
		return Entry{}, false
	}
	change(&b.list[at])
	return b.list[at].clone(), true
}

// Entries gives copies of all entries, oldest first.
func (b *Books) Entries() []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Entry, len(b.list))
	for i, e := range b.list {
		list[i] = e.clone()
	}
	return list
}

func (e Entry) clone() Entry {
	e.Details = maps.Clone(e.Details)
	return e
}

// MarshalJSON writes {"entries": [...]}.
func (b *Books) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"entries": b.Entries()})
}

// Handler shows the books as MarshalJSON writes them.
func (b *Books) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", "GET")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		writeJSON(w, http.StatusOK, b)
	})
}
