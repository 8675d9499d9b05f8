// Package httpapi serves a host over HTTP: the API with its document, the pages for people, and the probes.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/provider"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/prometheus/client_golang/prometheus"
)

// Options are what an API works with. Reload may be nil: then the admin handler has no reload.
type Options struct {
	Core     *core.Core
	Inbox    *inbox.Inbox
	Store    *store.Store
	Registry *provider.Registry
	// Config gives the configuration in force: it is asked at every request that needs it.
	Config  func() *config.Config
	Metrics prometheus.Gatherer
	Logger  *slog.Logger
	Reload  func(ctx context.Context, force bool) Reloaded
}

// Reloaded is what became of a reload.
type Reloaded struct {
	Results []ReloadResult `json:"results"`
	// Problems are the mistakes of the configuration, one line each; when there are some, nothing was changed.
	Problems []string `json:"problems"`
}

// ReloadResult is what became of one provider, or of a setting that cannot be changed while the host runs.
type ReloadResult struct {
	Name   string `json:"name"`
	Action string `json:"action"`
	Error  string `json:"error,omitempty"`
}

// API makes the handlers.
type API struct{ Options }

// New makes an API.
func New(o Options) *API { return &API{o} }

// Guarded serves /v1 to whoever has a token.
func (a *API) Guarded() http.Handler { return http.NotFoundHandler() }

// Admin serves /v1 without a token, and /admin.
func (a *API) Admin() http.Handler { return http.NotFoundHandler() }

// All serves everything.
func (a *API) All() http.Handler { return http.NotFoundHandler() }
