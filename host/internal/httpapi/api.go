// Package httpapi serves a host over HTTP: the API with its document, the pages
// for people, and the probes. It reads requests into the types of package
// payment and writes answers; their meaning is decided behind the interfaces of
// this package.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/prometheus/client_golang/prometheus"
)

// Options are the parts of an API. Logger, Metrics, Reload and Leaving may be
// nil.
type Options struct {
	Payments    Payments
	Webhooks    Webhooks
	Incoming    Incoming
	DeadLetters DeadLetters
	Providers   Providers
	Insight     Insight
	Store       Store
	// StoreReason says in a few words, which hold no name and no address, why a
	// method of Store has failed.
	StoreReason func(error) string
	// Config returns the configuration in force. It is called at every request
	// that needs it.
	Config  func() *config.Config
	Metrics *prometheus.Registry
	Logger  *slog.Logger
	// Trace begins the trace of a request, and is told how it ended; nil: nothing is
	// traced.
	Trace func(*http.Request) (traced *http.Request, end func(route string, status int))
	// Reload reads the configuration again; nil: the host cannot be reloaded.
	Reload func(ctx context.Context, force bool) Reloaded
	// Now is the time by which tokens expire; nil: time.Now.
	Now func() time.Time
	// Leaving reports whether the host is about to stop serving; nil: it never
	// is.
	Leaving func() bool
}

// API makes handlers, which may serve at the same time.
type API struct {
	Options
	v1       http.Handler
	document []byte // OpenAPI, as JSON
	timing   *prometheus.HistogramVec
	keyring  atomic.Pointer[keyring]
	refusals refusals
	last     lastProbe
	draining atomic.Bool // by an operator's word
}

// New makes an API. It panics when its own description is wrong, which every
// test of it would show.
func New(options Options) *API {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Metrics == nil {
		options.Metrics = prometheus.NewRegistry()
	}

	if options.Now == nil {
		options.Now = time.Now
	}

	a := &API{Options: options, timing: newTiming(options.Metrics)}
	v1, document := a.describe()
	// Every way to the API goes through the check of addresses.
	a.v1, a.document = legible(v1), document

	return a
}

// Guarded serves /v1/ to requests with one of the configured tokens.
func (a *API) Guarded() http.Handler { return a.observe(a.guard(a.v1)) }

// Admin serves /v1/ without a token, /admin/ and the probes. Every caller that
// can reach it may do everything.
func (a *API) Admin() http.Handler {
	mux := http.NewServeMux()
	operator := caller.Caller{Name: caller.AdminSocket, Unlimited: true}
	mux.Handle("/v1/", as(operator, a.v1))
	mux.Handle("POST /admin/reload", as(operator, http.HandlerFunc(a.reload)))
	mux.Handle("POST /admin/drain", as(operator, http.HandlerFunc(a.drain)))
	mux.HandleFunc("GET /healthz", a.healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	return a.observe(router{mux: mux, api: true})
}

// All serves everything that may be reached from outside.
func (a *API) All() http.Handler { return a.serving(strangers, operators) }

// Public serves what strangers need: providers, customers who come back, and
// the probes. Everything else is 404.
func (a *API) Public() http.Handler { return a.serving(strangers) }

// Private serves what is for the merchant's services and for people: the API,
// its document, the console, the metrics, and the probes. Nothing of what a
// plugin has written is served there as a page.
func (a *API) Private() http.Handler { return a.serving(operators) }
