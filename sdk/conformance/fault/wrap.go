package fault

import (
	"bytes"
	"cmp"
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
	giantSize = 8 << 20
	maxBody   = 8 << 20
	page      = "<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head><body><h1>Please wait</h1></body></html>\n"
)

// Wrap gives api with the faults: a request first meets at most one Delay, then
// at most one other fault.
func (i *Injector) Wrap(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, found := i.takeFor(r, Delay)
		switch {
		case !found:
			i.faulty(api).ServeHTTP(w, r)
		case f.Processed:
			f.hold(w, r, api)
		default:
			f.hold(w, r, i.faulty(api))
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

// hold is Delay.
func (f Fault) hold(w http.ResponseWriter, r *http.Request, next http.Handler) {
	// net/http notices that a client has gone away only once the body is read.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler)
	}

	r.Body = io.NopCloser(bytes.NewReader(body))
	var real answer
	if f.Processed {
		next.ServeHTTP(&real, r)
	}

	if !wait(r.Context(), f.delay(time.Second)) {
		panic(http.ErrAbortHandler)
	}
	if !f.Processed {
		next.ServeHTTP(w, r)
		return
	}

	maps.Copy(w.Header(), real.header)
	w.WriteHeader(real.status())
	_, _ = w.Write(real.body.Bytes())
}

func (f Fault) happen(w http.ResponseWriter, r *http.Request, api http.Handler) {
	var real answer
	switch f.Kind {
	case Truncated, SlowDrip, LostResponse:
		api.ServeHTTP(&real, r)
	default:
		if f.Processed {
			api.ServeHTTP(&real, r)
		}
	}

	switch f.Kind {
	case Error:
		f.reply(
			w,
			"application/json",
			http.StatusInternalServerError,
			cmp.Or(f.Body, `{"error":"injected fault"}`),
		)
	case HTML:
		f.reply(w, "text/html; charset=utf-8", http.StatusOK, page)

	case Empty:
		w.WriteHeader(f.status(http.StatusOK))
	case Giant:
		f.giant(w)
	case Reset:
		hangUp(w, true)
	case LostResponse:
		hangUp(w, false)

	case Truncated:
		truncate(w, &real)
	case SlowDrip:
		drip(r.Context(), w, &real, f.delay(100*time.Millisecond))
	}
}

func (f Fault) reply(w http.ResponseWriter, mediaType string, usual int, body string) {
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(f.status(usual))
	_, _ = w.Write([]byte(body))
}

// giant writes one JSON object; a client that reads all of it gets something
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

// hangUp ends the connection without a byte of an answer; reset makes it a TCP
// reset in place of a proper end.
func hangUp(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // ends the connection as well
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// truncate promises the whole body and gives half of it.
func truncate(w http.ResponseWriter, real *answer) {
	maps.Copy(w.Header(), real.header)
	w.Header().Set("Content-Length", strconv.Itoa(max(real.body.Len(), 2)))
	w.WriteHeader(real.status())
	_, _ = w.Write(real.body.Bytes()[:real.body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

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

// wait reports whether d passed before the client went away or the server was
// closed.
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

func (a *answer) WriteHeader(code int) { a.code = cmp.Or(a.code, code) }

func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

func (a *answer) status() int { return cmp.Or(a.code, http.StatusOK) }
