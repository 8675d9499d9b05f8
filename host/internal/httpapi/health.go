package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/payhost/payhost/host/internal/provider"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// probeTimeout bounds how long a probe waits for the store.
const probeTimeout = 2 * time.Second

// health is what the probes say. It names states and nothing of their causes: anybody may ask.
type health struct {
	OK    bool   `json:"ok"`
	Store string `json:"store"`
	// Waiting are the required providers that are not ready.
	Waiting []waiting `json:"waiting,omitempty"`
}

type waiting struct {
	Provider string         `json:"provider"`
	State    provider.State `json:"state"`
}

// healthz says whether the process and its store answer. A provider that is out of order is no reason to restart it.
func (a *API) healthz(w http.ResponseWriter, r *http.Request) {
	answerHealth(w, a.storeHealth(r.Context()))
}

// readyz says whether the host can do what it is configured for: the store answers, and every required provider is ready.
func (a *API) readyz(w http.ResponseWriter, r *http.Request) {
	h := a.storeHealth(r.Context())
	for _, s := range a.Providers.Statuses() {
		if s.Required && s.State != provider.StateReady {
			h.OK, h.Waiting = false, append(h.Waiting, waiting{s.Name, s.State})
		}
	}
	answerHealth(w, h)
}

func (a *API) storeHealth(ctx context.Context) health {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if err := a.Store.Ping(ctx); err != nil {
		a.Logger.Warn("the store does not answer a probe", "error", err)
		return health{Store: "does not answer"}
	}
	return health{OK: true, Store: "ok"}
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
