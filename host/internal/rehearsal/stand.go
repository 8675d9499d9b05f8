package rehearsal

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/payhost/payhost/sdk/conformance/golden"
)

// maxRequest bounds the body of a request: a program that is tried can send
// anything.
const maxRequest = 16 << 20

// anywhere stands for the address of a stand in what a program sends: each
// program has another.
const anywhere = "provider.invalid"

// stand is a server that takes a provider's place: it answers each request with
// what was answered then, and keeps what was sent. One call is made at a time.
type stand struct {
	address netip.AddrPort
	server  *http.Server
	// library answers requests that nothing was recorded for in their own call.
	library []golden.Exchange

	mu      sync.Mutex
	current *session
}

// session is what one call says and is told.
type session struct {
	exchanges []golden.Exchange
	// origin is the provider's own, as its answers name it; they lead to the stand
	// instead. "" leaves answers as they are.
	origin   string
	used     []bool
	requests []request
}

// request is one that came.
type request struct {
	golden.Request
	header http.Header
	// answered is the number of the recorded exchange it was answered with, -1
	// for none; fits says that it is the same method and path.
	answered int
	fits     bool
}

// line names a request for people: a query may hold secrets.
func (r request) line() string {
	path, _, _ := strings.Cut(r.Address, "?")
	return r.Method + " " + path
}

func newStand() (*stand, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address, err := netip.ParseAddrPort(listener.Addr().String())
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}

	s := &stand{address: address, current: &session{}}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.server.Serve(listener) }() // it ends with close
	return s, nil
}

func (s *stand) url() string { return "http://" + s.address.String() }

func (s *stand) close() { _ = s.server.Close() } // nothing is left to say

// play begins a call's session, for a provider of an origin. finish ends it and
// returns what came.
func (s *stand) play(exchanges []golden.Exchange, origin string) (finish func() []request) {
	begun := &session{exchanges: exchanges, origin: origin, used: make([]bool, len(exchanges))}
	s.mu.Lock()
	s.current = begun
	s.mu.Unlock()

	return func() []request {
		s.mu.Lock()
		defer s.mu.Unlock()
		return begun.requests
	}
}

// ServeHTTP answers a request, with an error when nothing was recorded for it.
func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return // it is kept nowhere, and counts as not made
	}

	own := s.address.String()
	came := request{header: http.Header{}, Request: golden.Request{
		Method:      r.Method,
		Address:     strings.ReplaceAll(r.URL.RequestURI(), own, anywhere),
		ContentType: r.Header.Get("Content-Type"),
		Body:        []byte(strings.ReplaceAll(string(body), own, anywhere)),
	}}

	for name, values := range r.Header {
		for _, value := range values {
			came.header.Add(name, strings.ReplaceAll(value, own, anywhere))
		}
	}

	exchange, origin, ok := s.take(came)
	if !ok {
		http.Error(w, "nothing was recorded for this request", http.StatusNotImplemented)
		return
	}
	exchange.Answer = golden.Body(moved(string(exchange.Answer), origin, s.url()))
	exchange.Serve(w)
}

// take keeps a request, and returns the exchange that answers it: the next one
// of its method and path, else one that it repeats, else the next of any; and the
// origin of the provider that gave it.
func (s *stand) take(came request) (exchange golden.Exchange, origin string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	current := s.current
	path, _, _ := strings.Cut(came.Address, "?")
	next, repeated, other := -1, -1, -1

	for i, exchange := range current.exchanges {
		fits := exchange.Fits(came.Method, path)
		switch {
		case fits && !current.used[i]:
			if next < 0 {
				next = i
			}
		case fits:
			repeated = i
		case !current.used[i] && (other < 0):
			other = i
		}
	}

	came.answered = next
	came.fits = next >= 0
	if next < 0 {
		came.answered = max(repeated, -1)
	}
	if (came.answered < 0) && (len(current.exchanges) > 0) {
		for _, exchange := range s.library {
			if exchange.Fits(came.Method, path) {
				came.fits = true
				current.requests = append(current.requests, came)
				return exchange, current.origin, true
			}
		}
	}
	if came.answered < 0 {
		came.answered = other
	}

	current.requests = append(current.requests, came)
	if came.answered < 0 {
		return golden.Exchange{}, "", false
	}

	current.used[came.answered] = true
	return current.exchanges[came.answered], current.origin, true
}

// moved returns a text in which the addresses of one origin are those of another,
// also where JSON writes a slash with a backslash. A longer name or port that
// begins alike is another origin.
func moved(text, from, to string) string {
	if from == "" {
		return text
	}

	const slash, escaped = "/", `\/`
	for _, form := range [][2]string{
		{from, to},
		{strings.ReplaceAll(from, slash, escaped), strings.ReplaceAll(to, slash, escaped)},
	} {
		parts := strings.Split(text, form[0])
		text = parts[0]
		for _, rest := range parts[1:] {
			if (rest != "") && strings.ContainsRune(inOrigins, rune(rest[0])) {
				text += form[0] + rest
				continue
			}
			text += form[1] + rest
		}
	}

	return text
}

// inOrigins are what an origin may go on with.
const inOrigins = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:"

// originOf returns the scheme and host of an address, "" for a path.
func originOf(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return ""
	}
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, "?")
	return scheme + "://" + host
}

// baseURL returns the address in a configuration, "" for none.
func baseURL(configuration json.RawMessage) string {
	var keys struct {
		BaseURL string `json:"base_url"`
	}
	_ = json.Unmarshal(configuration, &keys) // the plugin reads it, too
	return keys.BaseURL
}

// pathOf returns the path of an address without a slash at its end.
func pathOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimRight(parsed.EscapedPath(), "/")
}
