package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/sdk"
	"github.com/prometheus/client_golang/prometheus"
)

// requestIDHeader names a request: taken from the caller when it can be shown
// in a log, else made here.
const requestIDHeader = "X-Request-Id"

type contextKey int

const (
	keyRequestID contextKey = iota
	keyOperator
)

// requestID returns the id of the request that ctx belongs to.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(keyRequestID).(string)
	return id
}

// operator says by which way a request came, for the histories of what
// operators decide.
func operator(ctx context.Context) string {
	name, _ := ctx.Value(keyOperator).(string)
	return name
}

// as marks requests as having come by a way.
func as(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The routes that are matched further in are written into the request:
		// it has to stay the same one.
		*r = *r.WithContext(context.WithValue(r.Context(), keyOperator, "("+name+")"))
		next.ServeHTTP(w, r)
	})
}

func saneRequestID(id string) bool {
	return id != "" && len(id) <= 128 && !strings.ContainsFunc(id, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') &&
			!strings.ContainsRune("-_.:", c)
	})
}

// newTiming registers the duration of requests by route, or gives the one that
// another API of this host has registered.
func newTiming(r *prometheus.Registry) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "payhost_http_request_duration_seconds",
		Help:    "How long requests to the host took, by route and status.",
		Buckets: prometheus.ExponentialBuckets(0.001, 4, 9),
	}, []string{"route", "status"})
	err := r.Register(h)
	var taken prometheus.AlreadyRegisteredError
	if errors.As(err, &taken) {
		if old, ok := taken.ExistingCollector.(*prometheus.HistogramVec); ok {
			return old
		}
	}

	return h
}

// observe returns every request its id, a line in the log and a place in the
// metrics, and turns a panic into a problem. Neither query nor body is ever
// logged: they may hold secrets, and so may the path, of which only the route
// is.
func (a *API) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		id := r.Header.Get(requestIDHeader)
		if !saneRequestID(id) {
			id = core.NewID("req")
		}

		r = r.WithContext(context.WithValue(r.Context(), keyRequestID, id))
		w.Header().Set(requestIDHeader, id)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		rec := &recorder{ResponseWriter: w, body: r.Body}
		r.Body = io.NopCloser(
			r.Body,
		) // the server closes it; until then the rest can be read
		defer func() {
			if p := recover(); p != nil {
				a.panicked(rec, r, p)
			}
			a.note(rec, r, id, time.Since(started))
		}()

		next.ServeHTTP(rec, r)
	})
}

func (a *API) panicked(rec *recorder, r *http.Request, p any) {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	a.Logger.Error(
		"a request panicked",
		"request_id", requestID(r.Context()),
		"panic", fmt.Sprint(p),
		"stack", string(debug.Stack()),
	)

	if rec.status == 0 {
		p := newProblem(http.StatusInternalServerError, string(sdk.CodeInternal),
			"something failed inside the host; its log tells what, under this request_id")
		p.Outcome = string(sdk.OutcomeUnknown) // nobody knows how far it had come
		p.write(rec, r)
	}
}

func (a *API) note(rec *recorder, r *http.Request, id string, took time.Duration) {
	route, status := r.Pattern, rec.status
	if route == "" {
		route = "none"
	}
	if status == 0 {
		status = http.StatusOK
	}

	level := slog.LevelInfo
	switch {
	case status >= http.StatusInternalServerError:
		level = slog.LevelWarn
	case strings.HasSuffix(route, "z"), strings.HasSuffix(route, "/metrics"):
		level = slog.LevelDebug // a probe comes every few seconds
	}

	method := r.Method[:min(len(r.Method), maxMethod)]
	a.Logger.Log(
		r.Context(),
		level,
		"request",
		"method", method,
		"route", route,
		"status", status,
		"duration_ms", took.Milliseconds(),
		"request_id", id,
	)

	a.timing.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

// maxMethod is how much of a method is logged: anybody may send any.
const maxMethod = 32

// maxRest is how much of a body that is too large is read to its end, so that
// its sender gets the answer: a connection that is closed while it still sends
// is reset, and the answer is lost with it.
const maxRest = 32 << 20

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
	body   io.Reader // the request's, as the server has it
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 || r.status < http.StatusOK {
		r.status = status
	}
	if status == http.StatusRequestEntityTooLarge && r.body != nil {
		_, _ = io.CopyN(io.Discard, r.body, maxRest) // the server's own timeout bounds it
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController and huma's deadlines.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
