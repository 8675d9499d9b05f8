package fault

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
)

const (
	// maxFaults bounds the list: the injector walks it for every request.
	maxFaults = 1000
	// maxControl bounds the body of a control request.
	maxControl = 64 << 10
)

// Injector holds the faults of one simulator. The zero value holds none and is
// ready to use, by any number of goroutines.
type Injector struct {
	mu   sync.Mutex
	list []Fault
	held []func() // webhooks that wait for the next one
}

// Add appends a fault. If several fit a request, the one that was added
// first happens.
func (i *Injector) Add(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}

	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.list) >= maxFaults {
		return errors.New("there are too many faults already")
	}

	i.list = append(i.list, f)
	return nil
}

// Clear removes all faults, and sends the webhooks that were held back.
func (i *Injector) Clear() {
	i.mu.Lock()
	i.list = nil
	i.mu.Unlock()
	i.release()
}

// Send sends a simulator's webhook as the faults say: once, twice, or after the
// next one. send may be called later, by a goroutine that sends that one or
// clears the faults.
func (i *Injector) Send(send func()) {
	if i.Take(Reordered) {
		i.mu.Lock()
		i.held = append(i.held, send)
		i.mu.Unlock()
		return
	}

	send()
	if i.Take(Duplicate) {
		send()
	}
	i.release()
}

// release sends what was held back, in the order in which it came.
func (i *Injector) release() {
	i.mu.Lock()
	held := i.held
	i.held = nil
	i.mu.Unlock()

	for _, send := range held {
		send()
	}
}

// Faults returns those that are still to happen, Times being how often.
func (i *Injector) Faults() []Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]Fault{}, i.list...)
}

// Take uses up one fault of this kind and reports whether there was one: a
// simulator asks it how to send a webhook.
func (i *Injector) Take(kind Kind) bool {
	_, found := i.take(func(f Fault) bool { return f.Kind == kind })
	return found
}

func (i *Injector) take(fits func(Fault) bool) (Fault, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()

	at := slices.IndexFunc(i.list, fits)
	if at < 0 {
		return Fault{}, false
	}

	taken := i.list[at]
	switch taken.Times {
	case 0: // until cleared
	case 1:
		i.list = slices.Delete(i.list, at, at+1)
	default:
		i.list[at].Times--
	}

	return taken, true
}

// Handler serves the control API: GET lists the faults, POST adds the one in
// its JSON body, DELETE clears them all.
func (i *Injector) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			writeJSON(w, http.StatusOK, map[string]any{"faults": i.Faults()})
		case http.MethodPost:
			i.serveAdd(w, r)
		case http.MethodDelete:
			i.Clear()
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Allow", "GET, POST, DELETE")
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	})
}

func (i *Injector) serveAdd(w http.ResponseWriter, r *http.Request) {
	var f Fault
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControl)).Decode(&f)
	if err == nil {
		err = i.Add(f)
	}

	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
		return
	}

	writeJSON(w, http.StatusCreated, f)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a client that went away needs no answer
}
