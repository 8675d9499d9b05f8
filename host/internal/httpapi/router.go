package httpapi

import (
	"net/http"
	"strings"

	"github.com/payhost/payhost/sdk"
)

// side is whom a route is for.
type side int

const (
	// strangers are providers, customers and anyone who finds the address.
	strangers side = 1 << iota
	// operators are the merchant's services and the people who run the host.
	operators
)

// route is one route of the host. Every route says whom it is for.
type route struct {
	pattern string
	side    side
	handler http.Handler
}

// routes lists all that is served to the outside, in one place.
func (a *API) routes() []route {
	page := http.RedirectHandler("/console/", http.StatusSeeOther)
	// Public serves only the routes whose line names strangers.
	return []route{
		{"/webhooks/", strangers, a.Incoming.WebhookHandler()},
		{"/return/", strangers, a.Incoming.ReturnHandler()},
		{"GET /healthz", strangers | operators, http.HandlerFunc(a.healthz)},
		{"GET /readyz", strangers | operators, http.HandlerFunc(a.readyz)},

		{"/v1/", operators, a.guard(a.v1)},
		{"GET /metrics", operators, a.metrics()},
		{"GET /openapi.json", operators, http.HandlerFunc(a.serveDocument)},
		{"GET /docs", operators, docsPage()},
		{"GET /docs/{file}", operators, docsAsset()},
		{"GET /console/", operators, console()},
		{"GET /{$}", operators, page},
	}
}

// serving returns a handler of the routes for one side or both.
func (a *API) serving(sides ...side) http.Handler {
	var wanted side
	for _, one := range sides {
		wanted |= one
	}

	mux := http.NewServeMux()
	for _, one := range a.routes() {
		if (one.side & wanted) != 0 {
			mux.Handle(one.pattern, one.handler)
		}
	}

	var handler http.Handler = router{mux: mux, api: (wanted & operators) != 0}
	// public_url may have a path, which a proxy in front may pass on or not.
	if (wanted & strangers) != 0 {
		handler = a.Incoming.AlsoBelowPublicURL(handler)
	}

	return a.observe(notForServiceWorkers(handler))
}

// notForServiceWorkers answers 404 to a browser that asks for the script of a
// service worker: none of the host's pages has one.
func notForServiceWorkers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Service-Worker") != "" {
			newProblem(http.StatusNotFound, string(sdk.CodeNotFound),
				"there is no service worker at this address").write(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// router is a mux whose own answers, for a path or a method that it does not
// have, are problems. api reports whether the API and its documentation are
// among its paths.
type router struct {
	mux *http.ServeMux
	api bool
}

func (m router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler, pattern := m.mux.Handler(r)
	if pattern != "" {
		m.mux.ServeHTTP(w, r)
		return
	}

	// Only the mux knows which methods a path has, and its own answer says so.
	answer := &unsentAnswer{header: http.Header{}}
	handler.ServeHTTP(answer, r)
	r.Pattern = ""
	if answer.status == http.StatusMethodNotAllowed {
		allowed := answer.header.Get("Allow")
		refusal := newProblem(
			answer.status,
			codeNoMethod,
			r.Method+" is not possible here, but "+allowed,
		)
		refusal.header.Set("Allow", allowed)
		refusal.write(w, r)

		return
	}

	detail := "there is nothing at this address"
	if m.api && !strings.HasPrefix(r.URL.Path, "/v1/") {
		detail += "; the API is at /v1/, its documentation at /docs"
	}
	newProblem(http.StatusNotFound, string(sdk.CodeNotFound), detail).write(w, r)
}

// unsentAnswer takes the head of an answer that is not sent.
type unsentAnswer struct {
	header http.Header
	status int
}

func (u *unsentAnswer) Header() http.Header         { return u.header }
func (u *unsentAnswer) WriteHeader(status int)      { u.status = status }
func (u *unsentAnswer) Write(b []byte) (int, error) { return len(b), nil }
