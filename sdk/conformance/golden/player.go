package golden

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Player plays the provider's part of a recording: it answers the recorded
// requests, in their order, as they were answered, and notes how the requests
// differ. An answer that got lost gets lost again.
//
// It is an http.Handler, for a server in the provider's place, and an
// http.RoundTripper, for sdk.Runtime.Transport. Only the latter can play a
// request that was never sent. It may be used by several goroutines.
type Player struct {
	base       string
	comparison comparison

	mu          sync.Mutex
	left        []Exchange // still to be played
	count       int        // of those played
	differences []string
}

// Player returns a player for a plugin whose configured base_url is base. An
// error says which answer is not in the recording as a whole.
func (r *Recording) Player(base string, opts ...Option) (*Player, error) {
	if numbers := r.NotWhole(); len(numbers) > 0 {
		return nil, fmt.Errorf("the answer of exchange %d is not in it as a whole, "+
			"only its beginning or its size: put all of it there by hand", numbers[0])
	}
	return &Player{
		base:       strings.TrimRight(base, "/"),
		comparison: newComparison(opts),
		left:       r.Exchanges,
	}, nil
}

// Done returns how the requests differed, and which were not made. The plugin's
// call must have ended by then.
func (p *Player) Done() []string {
	p.mu.Lock()
	defer p.mu.Unlock()

	list := append([]string(nil), p.differences...)
	for i, exchange := range p.left {
		list = append(list, fmt.Sprintf("request %d was not made: %s %s",
			p.count+i+1, exchange.Method, exchange.URL))
	}
	return list
}

// play compares a request with the next one that was recorded, and returns that
// one.
func (p *Player) play(r *http.Request, address string) (Exchange, error) {
	body, err := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.note("request %d: its body cannot be read: %v", p.count+1, err)
		return Exchange{}, err
	}

	path, _, _ := strings.Cut(address, "?") // a query may hold secrets
	if len(p.left) == 0 {
		p.note("request %d was not recorded: %s %s", p.count+1, r.Method, path)
		return Exchange{}, fmt.Errorf("no request %d was recorded", p.count+1)
	}

	// A request that differs still uses up the recorded one.
	next := p.left[0]
	p.left = p.left[1:]
	p.count++
	for _, difference := range p.comparison.request(next, r, address, body) {
		p.note("request %d (%s %s): %s", p.count, r.Method, path, difference)
	}

	return next, nil
}

func (p *Player) note(format string, args ...any) {
	p.differences = append(p.differences, fmt.Sprintf(format, args...))
}

// RoundTrip plays for a plugin in the test's own process.
func (p *Player) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	defer func() { _ = r.Body.Close() }() // it was read

	exchange, err := p.play(r, below(p.base, r.URL.String()))
	if err != nil {
		return nil, err
	}
	if exchange.Status == 0 {
		return nil, lostError{sent: exchange.Sent}
	}

	// The recorded part comes, then the connection breaks.
	body := io.Reader(strings.NewReader(string(exchange.Answer)))
	if exchange.Lost() {
		body = io.MultiReader(body, broken{})
	}

	return &http.Response{ // the caller closes its body
		Status: fmt.Sprintf(
			"%d %s",
			exchange.Status,
			http.StatusText(exchange.Status),
		),
		StatusCode:    exchange.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Request:       r,
		Header:        http.Header{"Content-Type": {exchange.contentType()}},
		Body:          io.NopCloser(body),
		ContentLength: -1,
	}, nil
}

// ServeHTTP plays for a plugin in another process, or one that has a transport
// of its own.
func (p *Player) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	exchange, err := p.play(r, below(p.base, r.URL.RequestURI()))
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusNotImplemented)
		return
	case !exchange.Sent:
		p.mu.Lock()
		p.note("request %d was not sent when it was recorded, which a server cannot play: "+
			"it takes sdk.Runtime.Transport", p.count)
		p.mu.Unlock()
		panic(http.ErrAbortHandler)

	}

	exchange.Serve(w)
}

// Serve answers as the provider did. An answer that got lost gets lost again:
// the handler's connection is then aborted, by a panic that net/http knows.
func (e Exchange) Serve(w http.ResponseWriter) {
	if e.Status == 0 {
		panic(http.ErrAbortHandler)
	}

	// An answer that did not come to its end promises one byte more than it
	// has.
	lost := e.Lost()
	w.Header().Set("Content-Type", e.contentType())
	if lost {
		w.Header().Set("Content-Length", fmt.Sprint(len(e.Answer)+1))
	}

	w.WriteHeader(e.Status)
	_, _ = io.WriteString(w, string(e.Answer)) // a caller that went away fails by itself
	if lost {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// Lost reports whether the answer did not come, or did not come to its end. A
// redirect is an error for a plugin, and a whole answer all the same.
func (e Exchange) Lost() bool {
	if e.Status == 0 {
		return true
	}
	if (e.Error == "") || ((e.Status >= 300) && (e.Status <= 399)) {
		return false
	}
	_, err := decode(string(e.Answer))
	return err != nil
}

// contentType returns a guess: exchanges have no headers.
func (e Exchange) contentType() string {
	text := bytes.TrimSpace([]byte(e.Answer))
	switch {
	case isContainer(string(text)):
		return "application/json"
	case bytes.HasPrefix(text, []byte("<")):
		return "text/html; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}

// lostError is why there is no answer. Package providerhttp asks it whether
// anything was sent.
type lostError struct{ sent bool }

func (e lostError) Error() string { return "recorded: no answer came" }

func (e lostError) NotSent() bool { return !e.sent }

// broken is the end of an answer that breaks off.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
