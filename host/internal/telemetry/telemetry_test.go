package telemetry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/payhost/payhost/host/internal/telemetry"
	"github.com/payhost/payhost/sdk"
)

// What a plugin has said becomes parts of the trace, in its order, without what an
// address may hide.
func TestExchangesArePartsOfATrace(t *testing.T) {
	seen := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(seen))
	ctx, root := provider.Tracer("test").Start(t.Context(), "root")
	inside, end := telemetry.Start(ctx, "create_payment")
	begun := time.Now()
	telemetry.Exchanges(inside, begun, []sdk.Exchange{
		{Method: "POST", URL: "https://acme.example/pay?key=CANARY", Status: 200, Duration: time.Second},
		{Method: "GET", URL: "https://acme.example/status", Error: "CANARY", Duration: time.Second},
	})
	end(sdk.NotSent(sdk.CodeUnavailable, "CANARY"))
	root.End()

	spans := seen.Ended()
	if len(spans) != 4 {
		t.Fatalf("%d spans", len(spans))
	}
	if !spans[1].StartTime().Equal(begun.Add(time.Second)) {
		t.Errorf("the second begins at %s", spans[1].StartTime().Sub(begun))
	}
	for _, span := range spans {
		for _, one := range span.Attributes() {
			if one.Value.String() == "https://acme.example/pay?key=CANARY" || one.Value.String() == "CANARY" {
				t.Errorf("%s has %s", span.Name(), one.Value.String())
			}
		}
		if span.Status().Description == "CANARY" {
			t.Errorf("%s says what must not be said", span.Name())
		}
	}
}

// Nobody who asks for no traces gets any.
func TestWithoutAnEndpointNothingIsTraced(t *testing.T) {
	off, err := telemetry.Open(t.Context(), telemetry.Options{})
	if err != nil || off != nil {
		t.Fatalf("%v, %v", off, err)
	}
	ctx, end := telemetry.Start(t.Context(), "x")
	end(errors.New("x"))
	if telemetry.Recording(ctx) || telemetry.TraceID(ctx) != "" {
		t.Error("it is traced")
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	on, err := telemetry.Open(t.Context(), telemetry.Options{})
	if err != nil || on == nil {
		t.Fatalf("%v, %v", on, err)
	}
	if err := on.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// BenchmarkStartOff is what a part of a request costs that is not traced.
func BenchmarkStartOff(b *testing.B) {
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		_, end := telemetry.Start(ctx, "commit")
		end(nil)
	}
}
