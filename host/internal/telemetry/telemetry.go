// Package telemetry traces requests by OpenTelemetry: from HTTP through commits
// and plugins to what a plugin said to its provider. Without an endpoint nothing
// is traced, and it costs a look into the context.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/correlation"
)

// scope is the name of the host's tracer.
const scope = "github.com/payhost/payhost/host"

// Tracing makes the traces of one host. A nil one makes none.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// Options say where traces go and who makes them.
type Options struct {
	// Endpoint is the URL of an OTLP receiver, such as
	// "http://127.0.0.1:4318"; "" leaves it to the OTEL_ variables.
	Endpoint string
	Version  string // of the program
	Instance string // of the host
}

// Open returns what makes traces; nil when neither an endpoint nor a variable asks
// for any. It connects to nothing yet: a receiver that is away loses traces, and
// holds nothing up.
func Open(ctx context.Context, o Options) (*Tracing, error) {
	if !wanted(o.Endpoint) {
		return nil, nil //nolint:nilnil // no traces are no error
	}

	var opts []otlptracehttp.Option
	if o.Endpoint != "" {
		address := strings.TrimSuffix(o.Endpoint, "/")
		if !strings.HasSuffix(address, "/v1/traces") {
			address += "/v1/traces"
		}
		opts = append(opts, otlptracehttp.WithEndpointURL(address))
	}
	exporter, err := otlptracehttp.New(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}

	// The OTEL_ variables say more of the service than its defaults.
	who, err := resource.New(ctx,
		resource.WithAttributes(
			attribute.String("service.name", "payhost"),
			attribute.String("service.version", o.Version),
			attribute.String("service.instance.id", o.Instance),
		),
		resource.WithFromEnv(),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("telemetry: %w", err), exporter.Shutdown(ctx))
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter), sdktrace.WithResource(who))

	return &Tracing{provider, provider.Tracer(scope)}, nil
}

// wanted reports whether somebody asks for traces.
func wanted(endpoint string) bool {
	if os.Getenv("OTEL_SDK_DISABLED") == "true" || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return endpoint != "" || os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" ||
		os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// Close sends what is left, within ctx.
func (t *Tracing) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Request begins the trace of a request, or goes on with the caller's
// ("traceparent"). End must be called with the route and the status.
func (t *Tracing) Request(r *http.Request) (*http.Request, func(route string, status int)) {
	if t == nil {
		return r, func(string, int) {}
	}
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := t.tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer))

	return r.WithContext(ctx), func(route string, status int) {
		span.SetName(route)
		span.SetAttributes(
			attribute.String("http.request.method", r.Method),
			attribute.String("http.route", route),
			attribute.Int("http.response.status_code", status),
		)
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, http.StatusText(status))
		}
		span.End()
	}
}

// Recording reports whether the request of a context is traced.
func Recording(ctx context.Context) bool { return trace.SpanFromContext(ctx).IsRecording() }

// Start begins a part of a traced request; without a trace it does nothing. The
// end is told the error.
func Start(
	ctx context.Context, name string, attributes ...attribute.KeyValue,
) (inside context.Context, end func(error)) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, func(error) {}
	}
	inside, span := parent.TracerProvider().Tracer(scope).Start(ctx, name,
		trace.WithAttributes(attributes...))
	return inside, func(err error) {
		if err != nil {
			failure := sdk.AsError(err)
			span.SetAttributes(
				attribute.String("payhost.code", string(failure.Code)),
				attribute.String("payhost.outcome", string(failure.Outcome)),
			)
			span.SetStatus(codes.Error, string(failure.Code))
		}
		span.End()
	}
}

// Exchanges adds what a plugin has said to its provider since a time, as it
// reported that: durations in their order. Neither query nor body is in them.
func Exchanges(ctx context.Context, since time.Time, exchanges []sdk.Exchange) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return
	}
	tracer := parent.TracerProvider().Tracer(scope)
	for _, one := range exchanges {
		address, _, _ := strings.Cut(one.URL, "?")
		_, span := tracer.Start(ctx, one.Method, trace.WithTimestamp(since),
			trace.WithSpanKind(trace.SpanKindClient))
		span.SetAttributes(
			attribute.String("http.request.method", one.Method),
			attribute.String("url.full", address),
			attribute.Int("http.response.status_code", one.Status),
			attribute.Bool("payhost.sent", one.Sent),
		)
		if one.Error != "" {
			span.SetStatus(codes.Error, "no answer")
		}
		since = since.Add(one.Duration)
		span.End(trace.WithTimestamp(since))
	}
}

// Correlation returns what a plugin is told of the request that it is called for.
func Correlation(ctx context.Context, requestID string) correlation.Request {
	found := correlation.Request{ID: requestID}
	if trace.SpanContextFromContext(ctx).IsValid() {
		carrier := propagation.MapCarrier{}
		propagation.TraceContext{}.Inject(ctx, carrier)
		found.Traceparent = carrier["traceparent"]
	}
	return found
}

// TraceID returns the id of the trace of a context, "" for none.
func TraceID(ctx context.Context) string {
	if at := trace.SpanContextFromContext(ctx); at.IsValid() {
		return at.TraceID().String()
	}
	return ""
}
