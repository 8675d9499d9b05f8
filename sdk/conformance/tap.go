package conformance

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/payhost/payhost/sdk/conformance/fault"
)

// tap is the address that the plugin calls. It stands before the simulator, counts what comes, and breaks it or does
// something else with it.
type tap struct {
	sim    http.Handler // the simulator as it is
	faulty http.Handler // the simulator behind the faults
	faults fault.Injector
	server *http.Server
	served chan error
	url    string
	login  string // where a plugin logs in first, if the provider wants that

	mu     sync.Mutex
	seen   []string // the methods of the requests, logins aside
	logins int
	hook   http.HandlerFunc
}

func newTap(sim http.Handler, login string) (*tap, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends with close
	if err != nil {
		return nil, err
	}
	t := &tap{sim: sim, login: login, url: "http://" + listener.Addr().String(), served: make(chan error, 1)}
	t.faulty = t.faults.Wrap(sim)
	t.server = &http.Server{
		Handler: http.HandlerFunc(t.serve), ReadHeaderTimeout: caseTime,
		ErrorLog: log.New(io.Discard, "", 0), // what is broken on purpose needs no line
	}
	go func() { t.served <- t.server.Serve(listener) }()
	return t, nil
}

// close returns when nothing of the tap is left but handlers whose caller has not gone away yet.
func (t *tap) close() {
	_ = t.server.Close() // its connections are of no use any more
	<-t.served           //nolint:errcheck // it ended because of Close
}

// hostPath is where the tap plays the host.
const hostPath = "/_host/"

func (t *tap) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, hostPath) {
		return // an empty answer with status 200
	}
	t.mu.Lock()
	handle := http.HandlerFunc(t.faulty.ServeHTTP)
	if t.hook != nil {
		handle = t.hook
	}
	if t.login != "" && r.URL.Path == t.login {
		t.logins++
		handle = t.sim.ServeHTTP
	} else {
		t.seen = append(t.seen, r.Method)
	}
	t.mu.Unlock()
	handle(w, r) // with the writer as it is: faults take its connection away
}

// instead handles requests in place of the simulator until it is called again, with nil.
func (t *tap) instead(hook http.HandlerFunc) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hook = hook
}

// mark forgets what came so far.
func (t *tap) mark() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen, t.logins = nil, 0
}

// since gives the methods of the requests that have come since mark, logins aside: whether one is needed hangs on what
// was called before.
func (t *tap) since() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.seen)
}

// all counts the requests that have come since mark, logins too.
func (t *tap) all() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.seen) + t.logins
}

// hold keeps requests of the method, "" is any, until their caller goes away, or release is closed: then they reach the
// simulator. came gets a value for each, gone one for each whose caller went away; both must have room.
func (t *tap) hold(method string, came, gone chan<- struct{}, release <-chan struct{}) {
	t.instead(func(w http.ResponseWriter, r *http.Request) {
		if method != "" && r.Method != method {
			t.faulty.ServeHTTP(w, r)
			return
		}
		// net/http notices that a caller has gone away only once the body is read.
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		came <- struct{}{}
		select {
		case <-r.Context().Done():
			gone <- struct{}{}
		case <-release:
			t.faulty.ServeHTTP(w, r)
		}
	})
}

// swallow lets requests of the method reach the simulator and keeps the answers until their caller goes away. came gets a
// value for each once the simulator has done it; it must have room. begun: the caller gets the first byte of an answer.
func (t *tap) swallow(method string, begun bool, came chan<- struct{}) {
	t.instead(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			t.sim.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body) // see hold
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		t.sim.ServeHTTP(nowhere{}, r)
		came <- struct{}{}
		if begun {
			_, _ = w.Write([]byte("{"))
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})
}

// nowhere takes an answer that nobody gets.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}

// awayURL is a base URL at which nobody listens: port 1 is never given out, and its service is long dead. A port that
// was free a moment ago may be somebody's by now.
const awayURL = "http://127.0.0.1:1"
