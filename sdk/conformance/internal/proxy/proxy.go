// Package proxy stands between a plugin and the simulator of its provider. It
// counts requests, holds them, and breaks the answers.
package proxy

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/payhost/payhost/sdk/conformance/fault"
)

// AwayURL is a base URL at which no program listens: the system never gives
// port 1 out, and its service is obsolete. A port that was free a moment ago
// may be in use by now.
const AwayURL = "http://127.0.0.1:1"

// hostPath is where the proxy plays the host.
const hostPath = "/_host/"

// headerTime bounds how long a request's header may take.
const headerTime = time.Minute

// Proxy is the address that the plugin calls in place of its provider.
type Proxy struct {
	// URL is the base URL of the provider's API, as the plugin is configured.
	URL string
	// Faults break what the simulator answers.
	Faults fault.Injector

	simulator http.Handler // as it is
	faulty    http.Handler // the simulator behind the faults
	login     string       // the path where a plugin logs in first, if any
	server    *http.Server
	served    chan error

	mu     sync.Mutex
	seen   []string // the methods of the requests, logins aside
	logins int
	hook   http.HandlerFunc // in place of the simulator
}

// New starts a proxy before the simulator. Requests to the path login, if any,
// are neither counted as requests nor broken.
func New(simulator http.Handler, login string) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends with Close
	if err != nil {
		return nil, err
	}

	p := &Proxy{
		URL:       "http://" + listener.Addr().String(),
		simulator: simulator,
		login:     login,
		served:    make(chan error, 1),
	}
	p.faulty = p.Faults.Wrap(simulator)
	p.server = &http.Server{
		Handler:           http.HandlerFunc(p.serve),
		ReadHeaderTimeout: headerTime,
		ErrorLog: log.New(
			io.Discard,
			"",
			0,
		), // what is broken on purpose needs no line
	}

	go func() { p.served <- p.server.Serve(listener) }()
	return p, nil
}

// Close returns when nothing of the proxy is left but handlers whose caller has
// not gone away yet.
func (p *Proxy) Close() {
	_ = p.server.Close() // its connections are of no use any more
	<-p.served           //nolint:errcheck // it ended because of Close
}

// HostURL returns an address of the host that the plugin serves. The proxy
// answers there with status 200 and no body, so that a simulator which sends
// webhooks is not kept waiting.
func (p *Proxy) HostURL(path string) string { return p.URL + hostPath + path }

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, hostPath) {
		return // an empty answer with status 200
	}

	// Logins pass whatever the case does: a case is about the call itself.
	p.mu.Lock()
	handle := http.HandlerFunc(p.faulty.ServeHTTP)
	if p.hook != nil {
		handle = p.hook
	}

	if (p.login != "") && (r.URL.Path == p.login) {
		p.logins++
		handle = p.simulator.ServeHTTP
	} else {
		p.seen = append(p.seen, r.Method)
	}

	p.mu.Unlock()

	handle(w, r) // with the writer as it is: faults take its connection away
}

// Instead makes hook handle requests in place of the simulator, until Instead
// is called with nil.
func (p *Proxy) Instead(hook http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hook = hook
}

// Mark forgets the requests that came so far.
func (p *Proxy) Mark() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = nil
	p.logins = 0
}

// Since returns the methods of the requests that have come since Mark, logins
// aside: whether a login is needed depends on earlier calls.
func (p *Proxy) Since() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// All counts the requests that have come since Mark, logins included.
func (p *Proxy) All() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.seen) + p.logins
}

// Hold keeps requests of the method, "" is any, until their caller goes away or
// release is closed: then they reach the simulator. came receives a value for
// each request, gone one for each whose caller went away; both must have room.
func (p *Proxy) Hold(method string, came, gone chan<- struct{}, release <-chan struct{}) {
	p.Instead(func(w http.ResponseWriter, r *http.Request) {
		if (method != "") && (r.Method != method) {
			p.faulty.ServeHTTP(w, r)
			return
		}

		if !readBody(r) {
			return
		}

		came <- struct{}{}
		select {
		case <-r.Context().Done():
			gone <- struct{}{}
		case <-release:
			p.faulty.ServeHTTP(w, r)
		}
	})
}

// Swallow lets requests of the method reach the simulator and keeps the answers
// until their caller goes away. came receives a value for each request once the
// simulator has carried it out; it must have room. With begin, the caller
// receives the first byte of an answer.
func (p *Proxy) Swallow(method string, begin bool, came chan<- struct{}) {
	p.Instead(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			p.simulator.ServeHTTP(w, r)
			return
		}

		if !readBody(r) {
			return
		}

		// The provider acts, and the caller does not hear of it.
		p.simulator.ServeHTTP(discarded{}, r)
		came <- struct{}{}

		if begin {
			_, _ = w.Write([]byte("{"))
			_ = http.NewResponseController(w).Flush()
		}

		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})
}

// readBody reads a request's body and puts it back: net/http notices that a
// caller has gone away only once the body is read. It reports whether all of it
// came.
func readBody(r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return true
}

// discarded takes an answer that does not reach its caller.
type discarded struct{}

func (discarded) Header() http.Header         { return http.Header{} }
func (discarded) Write(p []byte) (int, error) { return len(p), nil }
func (discarded) WriteHeader(int)             {}
