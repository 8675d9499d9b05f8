package fault

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	giantSize = 8 << 20 // of the answer of Giant, in bytes
	maxBody   = 8 << 20 // of a request that is delayed
	page      = "<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head>" +
		"<body><h1>Please wait</h1></body></html>\n"
)

// Wrap returns the API with the faults: a request first meets at most one
// Delay, then at most one other fault.
func (i *Injector) Wrap(api http.Handler) http.Handler {
	faulty := i.faulty(api)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, found := i.takeFor(r, Delay)
		switch {
		case !found:
			faulty.ServeHTTP(w, r)
		case f.Processed:
			f.holdAnswer(w, r, api)
		default:
			f.holdRequest(w, r, faulty)
		}
	})
}

func (i *Injector) faulty(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f, found := i.takeFor(r, ofAnswers...); found {
			f.happen(w, r, api)
			return
		}
		api.ServeHTTP(w, r)
	})
}

func (i *Injector) takeFor(r *http.Request, kinds ...Kind) (Fault, bool) {
	return i.take(
		func(f Fault) bool { return slices.Contains(kinds, f.Kind) && f.matches(r) },
	)
}

// holdRequest waits, then lets the request go on.
func (f Fault) holdRequest(w http.ResponseWriter, r *http.Request, next http.Handler) {
	readBody(w, r)
	f.wait(r.Context())
	next.ServeHTTP(w, r)
}

// holdAnswer has the request processed and waits before it answers.
func (f Fault) holdAnswer(w http.ResponseWriter, r *http.Request, api http.Handler) {
	readBody(w, r)
	var real answer
	api.ServeHTTP(&real, r)
	f.wait(r.Context())

	maps.Copy(w.Header(), real.header)
	w.WriteHeader(real.status())
	_, _ = w.Write(real.body.Bytes())
}

// readBody reads a request's body and puts it back: net/http notices that a
// client has gone away only once the body is read.
func readBody(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
}

// wait waits as long as a Delay does, and ends the handler when the client goes
// away.
func (f Fault) wait(ctx context.Context) {
	if !wait(ctx, f.delayOr(time.Second)) {
		panic(http.ErrAbortHandler)
	}
}

// processes reports whether the request is processed before the fault happens.
func (f Fault) processes() bool {
	switch f.Kind {
	case Truncated, SlowDrip, LostResponse:
		return true
	default:
		return f.Processed
	}
}

func (f Fault) happen(w http.ResponseWriter, r *http.Request, api http.Handler) {
	var real answer
	if f.processes() {
		api.ServeHTTP(&real, r)
	}

	// The real answer is thrown away, or sent in part.
	switch f.Kind {
	case Error:
		body := f.Body
		if body == "" {
			body = `{"error":"injected fault"}`
		}
		f.reply(w, "application/json", http.StatusInternalServerError, body)
	case HTML:
		f.reply(w, "text/html; charset=utf-8", http.StatusOK, page)

	case Empty:
		w.WriteHeader(f.statusOr(http.StatusOK))
	case Giant:
		f.giant(w)
	case Reset:
		reset(w)
	case LostResponse:
		hangUp(w)

	case Truncated:
		truncate(w, &real)
	case SlowDrip:
		drip(r.Context(), w, &real, f.delayOr(100*time.Millisecond))
	}
}

func (f Fault) reply(w http.ResponseWriter, mediaType string, usual int, body string) {
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(f.statusOr(usual))
	_, _ = w.Write([]byte(body))
}

// giant writes one JSON object. A client that reads all of it gets something
// well formed.
func (f Fault) giant(w http.ResponseWriter) {
	f.reply(w, "application/json", http.StatusOK, `{"padding":"`)
	chunk := bytes.Repeat([]byte("x"), 64<<10)
	for range giantSize / len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return // the client had enough
		}
	}
	_, _ = w.Write([]byte(`"}`))
}

// hangUp ends the connection without a byte of an answer.
func hangUp(w http.ResponseWriter) { _ = connection(w).Close() }

// reset does the same with a TCP reset in place of a proper end.
func reset(w http.ResponseWriter) {
	conn := connection(w)
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// connection takes the connection of an answer away from the server. Where it
// cannot, it ends the handler, which ends the connection as well.
func connection(w http.ResponseWriter) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return conn
}

// truncate promises the whole body and sends half of it.
func truncate(w http.ResponseWriter, real *answer) {
	maps.Copy(w.Header(), real.header)
	w.Header().Set("Content-Length", strconv.Itoa(max(real.body.Len(), 2)))
	// The client waits for a rest that does not come.
	w.WriteHeader(real.status())
	_, _ = w.Write(real.body.Bytes()[:real.body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// drip sends the body byte by byte.
func drip(ctx context.Context, w http.ResponseWriter, real *answer, pause time.Duration) {
	maps.Copy(w.Header(), real.header)
	w.Header().Set("Content-Length", strconv.Itoa(real.body.Len()))
	w.WriteHeader(real.status())

	for _, b := range real.body.Bytes() {
		if !wait(ctx, pause) {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write([]byte{b})
		_ = http.NewResponseController(w).Flush()
	}
}

// wait reports whether the time passed before the client went away or the
// server was closed.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// answer keeps what a handler answers.
type answer struct {
	code   int
	header http.Header
	body   bytes.Buffer
}

func (a *answer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}

// WriteHeader keeps the first status, as net/http does.
func (a *answer) WriteHeader(code int) {
	if a.code == 0 {
		a.code = code
	}
}

func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

func (a *answer) status() int {
	if a.code == 0 {
		return http.StatusOK
	}
	return a.code
}
