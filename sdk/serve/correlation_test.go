package serve_test

import (
	"context"
	"testing"

	"google.golang.org/grpc/metadata"

	"github.com/payhost/payhost/sdk/correlation"
	"github.com/payhost/payhost/sdk/internal/wire"
)

// A plugin is told the request that it is called for, by the metadata that the
// host sends; what is too long is nobody's.
func TestTheRequestReachesThePlugin(t *testing.T) {
	sent := correlation.Request{ID: "req-1", Traceparent: "00-0af7-b7ad-01"}
	out := wire.SendCorrelation(correlation.With(t.Context(), sent))
	carried, _ := metadata.FromOutgoingContext(out)
	in := wire.HeedCorrelation(metadata.NewIncomingContext(context.Background(), carried))
	if got := correlation.Of(in); got != sent {
		t.Errorf("it gets %+v", got)
	}

	long := metadata.Pairs(wire.RequestIDKey, string(make([]byte, 300)))
	in = wire.HeedCorrelation(metadata.NewIncomingContext(context.Background(), long))
	if got := correlation.Of(in); got != (correlation.Request{}) {
		t.Errorf("it gets %+v", got)
	}
	plain := wire.SendCorrelation(t.Context())
	if carried, ok := metadata.FromOutgoingContext(plain); ok {
		t.Errorf("without a request %v is sent", carried)
	}
}
