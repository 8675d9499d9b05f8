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
// requests, in their order, as they were answered, and notes what is different
// about the requests. An answer that got lost gets lost again.
//
// It is an http.Handler, for a server in the provider's place, and an
// http.RoundTripper, for sdk.Runtime.Transport. Only the latter can play a
// request that was never sent. It may be used by several goroutines.
type Player struct {
	base       string
	comparison comparison

	mu    sync.Mutex
	left  []Exchange
	count int
	wrong []string
}

// Player plays for a plugin whose configured base_url is base. The error says
// which answers are not in the recording.
func (r *Recording) Player(base string, opts ...Option) (*Player, error) {
	if n := r.NotWhole(); len(n) > 0 {
		return nil, fmt.Errorf(
			"the answer of exchange %d is not in it as a whole, only its beginning or its size: put all of it there by hand",
			n[0],
		)
	}

	return &Player{
		base:       strings.TrimRight(base, "/"),
		comparison: newComparison(opts),
		left:       r.Exchanges,
	}, nil
}

// Done says what was different, and which requests were not made. The plugin
// must be done by then.
func (p *Player) Done() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := append([]string(nil), p.wrong...)

	for i, e := range p.left {
		out = append(
			out,
			fmt.Sprintf("request %d was not made: %s %s", p.count+i+1, e.Method, e.URL),
		)
	}

	return out
}

// play compares a request with the next one that was recorded, and gives what
// became of that.
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

	e := p.left[0]
	p.left, p.count = p.left[1:], p.count+1
	for _, text := range p.comparison.request(e, r, address, body) {
		p.note("request %d (%s %s): %s", p.count, r.Method, path, text)
	}

	return e, nil
}

func (p *Player) note(format string, args ...any) {
	p.wrong = append(p.wrong, fmt.Sprintf(format, args...))
}

// RoundTrip is for a plugin in the test's own process.
func (p *Player) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	defer func() { _ = r.Body.Close() }() // it was read

	e, err := p.play(r, below(p.base, r.URL.String()))
	if err != nil {
		return nil, err
	}
	if e.lost() && e.Status == 0 {
		return nil, lostError{sent: e.Sent}
	}

	answer := io.Reader(strings.NewReader(string(e.Answer)))
	if e.lost() {
		answer = io.MultiReader(answer, broken{})
	}

	return &http.Response{ // its body is the caller's to close
		Status:        fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status)),
		StatusCode:    e.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Request:       r,
		Header:        http.Header{"Content-Type": {e.contentType()}},
		Body:          io.NopCloser(answer),
		ContentLength: -1,
	}, nil
}

// ServeHTTP is for a plugin that is reached, or reaches out, some other way.
func (p *Player) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e, err := p.play(r, below(p.base, r.URL.RequestURI()))
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusNotImplemented)
		return
	case !e.Sent:
		p.mu.Lock()
		p.note(
			"request %d was not sent when it was recorded, which a server cannot play: it takes sdk.Runtime.Transport",
			p.count,
		)
		p.mu.Unlock()
		panic(http.ErrAbortHandler)

	case e.Status == 0:
		panic(http.ErrAbortHandler)
	}

	w.Header().Set("Content-Type", e.contentType())
	if e.lost() {
		w.Header().Set("Content-Length", fmt.Sprint(len(e.Answer)+1))
	}
	w.WriteHeader(e.Status)

	// a caller that went away is noticed by what it does next
	_, _ = io.WriteString(w, string(e.Answer))
	if e.lost() {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// lost reports whether the answer did not come, or did not come to its end. A
// redirect is an error for a plugin, and a whole answer all the same.
func (e Exchange) lost() bool {
	if e.Status == 0 {
		return true
	}
	_, err := decode(string(e.Answer))
	return e.Error != "" && err != nil && (e.Status < 300 || e.Status > 399)
}

// contentType is a guess: exchanges have no headers.
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

// broken is the end of an answer that has none.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
