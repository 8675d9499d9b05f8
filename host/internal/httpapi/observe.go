package httpapi

import (
	"cmp"
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

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/sdk"
	"github.com/prometheus/client_golang/prometheus"
)

// requestIDHeader names a request: it is the caller's own when that can be
// shown in a log, else it is made here.
const requestIDHeader = "X-Request-Id"

// maxRequestID bounds a caller's own ID, in bytes.
const maxRequestID = 128

type contextKey int

const keyRequestID contextKey = iota

// requestID returns the ID of the request that ctx belongs to.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(keyRequestID).(string)
	return id
}

// operator returns how the histories of what operators decide name the caller.
func operator(ctx context.Context) string { return caller.From(ctx).Operator() }

// as serves requests as those of a caller.
func as(who caller.Caller, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux writes the route that it matches into the request, and
		// observe reads it there: it has to stay the same request.
		who := who
		who.RequestID = requestID(r.Context())
		*r = *r.WithContext(caller.With(r.Context(), who))
		next.ServeHTTP(w, r)
	})
}

func saneRequestID(id string) bool {
	odd := func(c rune) bool {
		letter := (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
		digit := c >= '0' && c <= '9'
		return !letter && !digit && !strings.ContainsRune("-_.:", c)
	}
	return id != "" && len(id) <= maxRequestID && !strings.ContainsFunc(id, odd)
}

// newTiming registers the duration of requests by route. It returns the one
// that another API of the same registry has registered, if there is one.
func newTiming(metrics *prometheus.Registry) *prometheus.HistogramVec {
	timing := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "payhost_http_request_duration_seconds",
		Help:    "How long requests to the host took, by route and status.",
		Buckets: prometheus.ExponentialBuckets(0.001, 2, 19), // up to 262 s
	}, []string{"route", "status"})

	// Two hosts may share a registry.
	var taken prometheus.AlreadyRegisteredError
	if errors.As(metrics.Register(timing), &taken) {
		if earlier, ok := taken.ExistingCollector.(*prometheus.HistogramVec); ok {
			return earlier
		}
	}

	return timing
}

// observe returns every request its ID, a line in the log and a place in the
// metrics, and turns a panic into a problem. Neither query nor body is ever
// logged: they may hold secrets. So may the path, of which only the route is.
func (a *API) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		id := r.Header.Get(requestIDHeader)
		if !saneRequestID(id) {
			id = core.NewID("req")
		}

		r, traced := a.trace(r)
		r = r.WithContext(context.WithValue(r.Context(), keyRequestID, id))
		w.Header().Set(requestIDHeader, id)
		w.Header().Set("X-Content-Type-Options", "nosniff")

		// From here on everything is seen, whatever becomes of the request.
		answer := &recorder{ResponseWriter: w, body: r.Body}
		r.Body = io.NopCloser(
			r.Body,
		) // the server closes it; until then the rest can be read
		defer func() {
			if cause := recover(); cause != nil {
				a.panicked(answer, r, cause)
			}
			a.note(answer, r, id, time.Since(started))
			traced(routeOf(r), cmp.Or(answer.status, http.StatusOK))
		}()

		next.ServeHTTP(answer, r)
	})
}

func (a *API) panicked(answer *recorder, r *http.Request, cause any) {
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(cause)
	}

	a.Logger.Error("a request panicked", "request_id", requestID(r.Context()),
		"panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
	// An answer that has begun cannot be taken back.
	if answer.status == 0 {
		p := newProblem(http.StatusInternalServerError, string(sdk.CodeInternal), errInside)
		p.Outcome = string(sdk.OutcomeUnknown) // it may have come as far as the provider
		p.write(answer, r)
	}
}

// trace begins the trace of a request where there are any.
func (a *API) trace(r *http.Request) (traced *http.Request, end func(route string, status int)) {
	if a.Trace == nil {
		return r, func(string, int) {}
	}
	return a.Trace(r)
}

// routeOf returns the mux's pattern, "none" for an address that is none.
func routeOf(r *http.Request) string { return cmp.Or(r.Pattern, "none") }

// maxMethod is how much of a method is logged: any caller may send any.
const maxMethod = 32

func (a *API) note(answer *recorder, r *http.Request, id string, took time.Duration) {
	// The route is the mux's pattern: a path could be anything.
	route, status := routeOf(r), cmp.Or(answer.status, http.StatusOK)

	// An error of the caller is not a warning to the operator.
	level := slog.LevelInfo
	switch {
	case status >= http.StatusInternalServerError:
		level = slog.LevelWarn
	case strings.HasSuffix(route, "z"), strings.HasSuffix(route, "/metrics"):
		level = slog.LevelDebug // a probe comes every few seconds
	}

	method := r.Method[:min(len(r.Method), maxMethod)]
	line := []any{
		"method", method,
		"route", route,
		"status", status,
		"duration_ms", took.Milliseconds(),
		"request_id", id,
	}
	if who, known := caller.Of(r.Context()); known {
		line = append(line, "actor", who.Name)
	}
	a.Logger.Log(r.Context(), level, "request", line...)

	a.timing.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

// maxRest is how much of a body that is too large is read to its end, so that
// its sender gets the answer: a connection that is closed while its sender
// still writes is reset, and the answer is lost with it.
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
