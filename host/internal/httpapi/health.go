package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// probeTimeout bounds how long a probe waits for the store.
const probeTimeout = 2 * time.Second

// probeAgain is how long what a probe has found is taken to hold: anybody may
// probe, and finding out whether the store can be written writes to it.
const probeAgain = time.Second

// health is what the probes say. It names states and nothing of their causes:
// anybody may ask.
type health struct {
	OK    bool   `json:"ok"`
	Store string `json:"store,omitempty"`
	// Reason says in a few words why the store cannot be written.
	Reason string `json:"reason,omitempty"`
	// Stopping: the host takes requests for a moment longer, and then ends.
	Stopping bool `json:"stopping,omitempty"`
	// Waiting are the required providers that are not ready.
	Waiting []waiting `json:"waiting,omitempty"`
}

type waiting struct {
	Provider string                `json:"provider"`
	State    payment.ProviderState `json:"state"`
}

// healthz says that the process answers. It depends on nothing outside of it:
// no database and no provider is mended by restarting every host.
func (a *API) healthz(w http.ResponseWriter, _ *http.Request) {
	answerHealth(w, health{OK: true})
}

// readyz reports whether the host can do what it is configured for: something
// can be written to the store, every required provider is ready, and the host
// is not about to stop. A provider that is switched off is not waited for.
func (a *API) readyz(w http.ResponseWriter, r *http.Request) {
	h := a.storeHealth(r.Context())
	for _, s := range a.Providers.Providers() {
		if s.Required && s.Enabled && s.State != payment.ProviderReady {
			h.OK, h.Waiting = false, append(h.Waiting, waiting{s.Name, s.State})
		}
	}

	if a.Leaving != nil && a.Leaving() {
		h.OK, h.Stopping = false, true
	}
	answerHealth(w, h)
}

// Writable reports whether something could be written to the store within the
// last second.
func (a *API) Writable(ctx context.Context) bool { return a.storeHealth(ctx).OK }

// lastProbe is what a probe has found.
type lastProbe struct {
	mu    sync.Mutex
	at    time.Time
	found health
}

// storeHealth asks the store, or says again what it has just found.
func (a *API) storeHealth(ctx context.Context) health {
	a.last.mu.Lock()
	defer a.last.mu.Unlock()
	if time.Since(a.last.at) < probeAgain {
		return a.last.found
	}

	// Whoever asked may go: the answer is for those who wait as well.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	found := health{OK: true, Store: "ok"}
	if err := a.Store.Ping(ctx); err != nil {
		a.Logger.Warn("the store does not answer a probe", "error", err)
		found = health{Store: "does not answer"}
	} else if err := a.Store.Writable(ctx); err != nil {
		a.Logger.Warn("nothing can be written to the store", "error", err)
		found = health{Store: "cannot be written", Reason: a.StoreReason(err)}
	}

	a.last.found, a.last.at = found, time.Now()
	return found
}

func answerHealth(w http.ResponseWriter, h health) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !h.OK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(h) // whoever hung up does not want it
}

func (a *API) metrics() http.Handler {
	return promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{})
}
