package sim

import (
	"io"
	"net/http"
	"sync"

	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// maxBody bounds a request's body in bytes where MaxBody does not say.
const maxBody = 64 << 10

// Core is embedded in a simulator, which it makes an http.Handler with faults
// and books. The simulator sets its fields before it calls Serve.
type Core struct {
	// PublicURL is the address under which browsers reach the simulator,
	// without a slash at its end. When it is empty, that is the root of the
	// host that the API was called on.
	PublicURL string
	// SendWebhooks makes Send deliver webhooks. Otherwise they are only what
	// the simulator shows the kit.
	SendWebhooks bool
	// MaxBody bounds the body of a request, in bytes; 64 KiB when 0.
	MaxBody int64

	faults fault.Injector
	ledger ledger.Ledger
	mux    http.ServeMux

	mu        sync.Mutex
	notifyURL string
}

// Serve puts the API at every path that is not given to HandleFunc, behind the
// faults, and the control paths beside it: the faults' and the books', and
// notify-url, which takes by PUT the address for webhooks that a real provider
// is told once, in its back office or by a letter.
func (c *Core) Serve(api http.Handler) {
	c.mux.Handle("/", c.faults.Wrap(api))
	c.mux.Handle("/_simulator/faults", c.faults.Handler())
	c.mux.Handle("/_simulator/books", c.ledger.Handler())
	c.mux.HandleFunc("PUT /_simulator/notify-url", c.learnNotifyURL)
}

// HandleFunc serves what is not the API, such as the page on which the customer
// pays. The faults spare it.
func (c *Core) HandleFunc(pattern string, handle http.HandlerFunc) {
	c.mux.HandleFunc(pattern, handle)
}

// ServeHTTP serves the provider's API, the pages for customers, and the control
// of the simulator.
func (c *Core) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	limit := c.MaxBody
	if limit == 0 {
		limit = maxBody
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	c.mux.ServeHTTP(w, r)
}

// Faults returns the faults of the API and of the webhooks.
func (c *Core) Faults() *fault.Injector { return &c.faults }

// Ledger returns the books: what really happened.
func (c *Core) Ledger() *ledger.Ledger { return &c.ledger }

// Enter adds an entry to the books, under the first id of newID that is not
// taken, and returns it. newID must not count ids up: they must differ from
// those of an earlier run, which a host may still remember.
func (c *Core) Enter(entry ledger.Entry, newID func() string) ledger.Entry {
	for {
		entry.ID = newID()
		if c.ledger.Add(entry) {
			return entry
		}
	}
}

// OfOrder returns the entries of one kind with the caller's order id, oldest
// first.
func (c *Core) OfOrder(kind ledger.Kind, orderID string) []ledger.Entry {
	if orderID == "" {
		return nil
	}
	var found []ledger.Entry

	for _, entry := range c.ledger.Entries() {
		if (entry.Kind == kind) && (entry.OrderID == orderID) {
			found = append(found, entry)
		}
	}

	return found
}

// APIBase returns the address under which the maker of the request reaches the
// API, also when the request came through a proxy, such as the conformance kit.
func (c *Core) APIBase(r *http.Request) string {
	if between := r.Header.Get("X-Forwarded-Host"); between != "" {
		return "http://" + between
	}
	return c.Base(r)
}

// Base returns the address under which browsers reach the simulator.
func (c *Core) Base(r *http.Request) string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	return "http://" + r.Host
}

// NotifyURL returns where webhooks go whose request named no address; "" until
// the simulator was told.
func (c *Core) NotifyURL() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.notifyURL
}

func (c *Core) learnNotifyURL(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	address := string(body)
	if (err != nil) || ((address != "") && !IsURL(address)) {
		http.Error(w, "the body must be a URL, or empty", http.StatusBadRequest)
		return
	}

	c.mu.Lock()
	c.notifyURL = address
	c.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}
