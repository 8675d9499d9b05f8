package httpapi

import (
	"net/http"
	"strings"

	"github.com/payhost/payhost/sdk"
)

// router is a mux whose own answers, for a path or a method that it does not have, are problems.
type router struct{ mux *http.ServeMux }

func (m router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler, pattern := m.mux.Handler(r)
	if pattern != "" {
		m.mux.ServeHTTP(w, r)
		return
	}
	// The mux alone knows which methods a path has: ask it what it would answer.
	probe := &probe{header: http.Header{}}
	handler.ServeHTTP(probe, r)
	r.Pattern = ""
	if probe.status == http.StatusMethodNotAllowed {
		p := newProblem(probe.status, codeNoMethod, r.Method+" is not possible here, but "+probe.header.Get("Allow"))
		p.header.Set("Allow", probe.header.Get("Allow"))
		p.write(w, r)
		return
	}
	detail := "there is nothing at this address"
	if !strings.HasPrefix(r.URL.Path, "/v1/") {
		detail += "; the API is at /v1/, its documentation at /docs"
	}
	newProblem(http.StatusNotFound, string(sdk.CodeNotFound), detail).write(w, r)
}

// probe takes an answer that nobody gets.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) WriteHeader(status int)      { p.status = status }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
