package chaos

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// event is what the campaign looks at of one.
type event struct {
	ID, Type  string
	PaymentID string `json:"payment_id"`
	PayoutID  string `json:"payout_id"`
	Sequence  int
}

func (e event) subject() string { return e.PaymentID + e.PayoutID }

// receiver is the shop, to which events are pushed. Every tenth it takes only
// when it is tried again.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	seen    map[string]bool
	refused map[string]bool
	last    map[string]int // of each payment, the sequence of the newest event
	count   int
	wrong   []string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{
		seen:    map[string]bool{},
		refused: map[string]bool{},
		last:    map[string]int{},
	}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var e event
	if err := json.NewDecoder(req.Body).Decode(&e); err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()

	if r.count++; r.count%10 == 0 && !r.refused[e.ID] {
		r.refused[e.ID] = true
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}

	if r.seen[e.ID] {
		return // at least once is the promise
	}
	r.seen[e.ID] = true
	if e.Sequence != r.last[e.subject()]+1 {
		r.wrong = append(r.wrong, e.subject()+" got "+e.ID+" out of order")
	}

	r.last[e.subject()] = e.Sequence
}

// got says how many different events came, and what was wrong with their order.
func (r *receiver) got() (int, []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen), r.wrong
}
