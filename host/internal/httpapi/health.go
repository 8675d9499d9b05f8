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

// probeValid is how long the finding of a probe is taken to hold: any stranger
// may probe, and finding out whether the store can be written writes to it.
const probeValid = time.Second

// health is the answer of a probe. It names states and nothing of their causes:
// any stranger may ask.
type health struct {
	OK    bool   `json:"ok"`
	Store string `json:"store,omitempty"`
	// Reason says in a few words why the store cannot be written.
	Reason string `json:"reason,omitempty"`
	// Stopping reports whether the host is about to end: it takes requests for
	// a moment longer.
	Stopping bool `json:"stopping,omitempty"`
	// Draining reports whether an operator has switched readiness off.
	Draining bool `json:"draining,omitempty"`
	// Paused is what operators have paused. It does not count against the host.
	Paused []paused `json:"paused,omitempty"`
	// Fenced reports whether no money moves because the database is restored or a
	// copy. It does not count against the host, which takes webhooks.
	Fenced bool `json:"fenced,omitempty"`
	// Waiting are the required providers that are not ready.
	Waiting []waiting `json:"waiting,omitempty"`
}

type waiting struct {
	Provider string                `json:"provider"`
	State    payment.ProviderState `json:"state"`
}

type paused struct {
	Provider string             `json:"provider"`
	What     payment.PauseScope `json:"what"`
}

// healthz reports that the process answers. It depends on nothing outside of
// it: restarting every host repairs no database and no provider.
func (a *API) healthz(w http.ResponseWriter, _ *http.Request) {
	answerHealth(w, health{OK: true})
}

// readyz reports whether the host can do what it is configured for: something
// can be written to the store, every required provider is ready, and the host
// neither is about to stop nor drains by an operator's word. A provider that is
// switched off is not waited for.
func (a *API) readyz(w http.ResponseWriter, r *http.Request) {
	found := a.storeHealth(r.Context())
	// Only an operator's word makes a provider one that everything waits for.
	for _, status := range a.Providers.Providers() {
		if status.Required && status.Enabled && status.State != payment.ProviderReady {
			found.OK = false
			found.Waiting = append(found.Waiting, waiting{status.Name, status.State})
		}
	}

	// A balancer sends nothing new, while everything else goes on.
	if a.Leaving != nil && a.Leaving() {
		found.OK, found.Stopping = false, true
	}
	if a.draining.Load() {
		found.OK, found.Draining = false, true
	}
	answerHealth(w, found)
}

// Writable reports whether something could be written to the store within the
// last second.
func (a *API) Writable(ctx context.Context) bool { return a.storeHealth(ctx).OK }

// lastProbe is the last finding of a probe.
type lastProbe struct {
	mu    sync.Mutex
	at    time.Time
	found health
}

// storeHealth probes the store, or returns the last finding while it holds.
func (a *API) storeHealth(ctx context.Context) health {
	a.last.mu.Lock()
	defer a.last.mu.Unlock()
	if time.Since(a.last.at) < probeValid {
		return a.last.found
	}

	// The caller may hang up: the answer is for those who wait as well.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	a.last.found, a.last.at = a.probeStore(ctx), time.Now()

	return a.last.found
}

func (a *API) probeStore(ctx context.Context) health {
	if err := a.Store.Ping(ctx); err != nil {
		a.Logger.Warn("the store does not answer a probe", "error", err)
		return health{Store: "does not answer"}
	}
	// A database can answer and still be read-only, or its disk full.
	if err := a.Store.Writable(ctx); err != nil {
		a.Logger.Warn("nothing can be written to the store", "error", err)
		return health{Store: "cannot be written", Reason: a.StoreReason(err)}
	}

	found := health{OK: true, Store: "ok"}
	if fence, err := a.Payments.Fence(ctx); err == nil {
		found.Fenced = fence.Fenced
	}
	for _, one := range a.pauses(ctx) {
		found.Paused = append(found.Paused, paused{one.Provider, one.What})
	}
	return found
}

func answerHealth(w http.ResponseWriter, found health) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !found.OK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(found) // a caller that hung up does not want it
}

func (a *API) metrics() http.Handler {
	return promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{})
}
