package sim

import (
	"io"
	"net/http"
	"sync"

	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// maxBody bounds what a request may carry where MaxBody does not say.
const maxBody = 64 << 10

// Core is embedded in a simulator, which it makes an http.Handler with faults and books. Set its fields before Serve.
type Core struct {
	// PublicURL is the address under which browsers reach the simulator, without a slash at its end. Without it that is
	// the root of the host that the API was called on.
	PublicURL string
	// Notices are sent when true. Without it they are only what the simulator shows the kit.
	Notices bool
	// MaxBody bounds the body of a request, in bytes; 64 KiB when 0.
	MaxBody int64

	faults fault.Injector
	books  ledger.Ledger
	mux    http.ServeMux

	mu        sync.Mutex
	notifyURL string
}

// Serve puts the API at every path that is not given to HandleFunc, behind the faults, and beside it the control paths:
// the faults' and the books', and notify-url, which takes by PUT the address that a real provider is told once, in its
// back office or by a letter.
func (c *Core) Serve(api http.Handler) {
	c.mux.Handle("/", c.faults.Wrap(api))
	c.mux.Handle("/_simulator/faults", c.faults.Handler())
	c.mux.Handle("/_simulator/books", c.books.Handler())
	c.mux.HandleFunc("PUT /_simulator/notify-url", c.learnNotifyURL)
}

// HandleFunc serves what is no API, such as the page on which the customer pays: the faults spare it.
func (c *Core) HandleFunc(pattern string, handle http.HandlerFunc) { c.mux.HandleFunc(pattern, handle) }

// ServeHTTP is the provider's API, what customers see of it, and the control of the simulator.
func (c *Core) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	limit := c.MaxBody
	if limit == 0 {
		limit = maxBody
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	c.mux.ServeHTTP(w, r)
}

// Faults are what goes wrong with the API, and with the notices.
func (c *Core) Faults() *fault.Injector { return &c.faults }

// Books are what really happened.
func (c *Core) Ledger() *ledger.Ledger { return &c.books }

// Enter puts an entry into the books, under an id that newID makes up and that nobody has. Ids are not counted up: they
// must differ from those of a run before, which a host may still remember.
func (c *Core) Enter(e ledger.Entry, newID func() string) ledger.Entry {
	for e.ID = newID(); !c.books.Add(e); e.ID = newID() {
	}
	return e
}

// OfOrder gives the entries of one kind that the caller named so, oldest first.
func (c *Core) OfOrder(kind ledger.Kind, orderID string) []ledger.Entry {
	var found []ledger.Entry
	for _, e := range c.books.Entries() {
		if orderID != "" && e.Kind == kind && e.OrderID == orderID {
			found = append(found, e)
		}
	}
	return found
}

// APIBase is the address under which whoever made the request reaches the API, also when it came through somebody else,
// such as the conformance kit.
func (c *Core) APIBase(r *http.Request) string {
	if between := r.Header.Get("X-Forwarded-Host"); between != "" {
		return "http://" + between
	}
	return c.Base(r)
}

// Base is the address under which browsers reach the simulator.
func (c *Core) Base(r *http.Request) string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	return "http://" + r.Host
}

// NotifyURL is where notices go that no request said an address for; "" until it was told.
func (c *Core) NotifyURL() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.notifyURL
}

func (c *Core) learnNotifyURL(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || len(body) > 0 && !IsURL(string(body)) {
		http.Error(w, "the body must be a URL, or empty", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	c.notifyURL = string(body)
	c.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}
