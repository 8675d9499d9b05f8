package wire

import (
	"context"

	"google.golang.org/grpc/metadata"

	"github.com/payhost/payhost/sdk/correlation"
)

// The metadata of a call that names the request it is made for. A plugin that
// does not know them ignores them.
const (
	RequestIDKey   = "payhost-request-id"
	TraceparentKey = "traceparent"
)

// maxCorrelation bounds what is taken of either.
const maxCorrelation = 256

// SendCorrelation returns a context whose calls name the request that they are
// made for.
func SendCorrelation(ctx context.Context) context.Context {
	of := correlation.Of(ctx)
	if of.ID != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, RequestIDKey, of.ID)
	}
	if of.Traceparent != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, TraceparentKey, of.Traceparent)
	}
	return ctx
}

// HeedCorrelation returns a context that knows the request that the host has
// named.
func HeedCorrelation(ctx context.Context) context.Context {
	value := func(key string) string {
		sent := metadata.ValueFromIncomingContext(ctx, key)
		if len(sent) == 0 || len(sent[0]) > maxCorrelation {
			return ""
		}
		return sent[0]
	}
	return correlation.With(ctx, correlation.Request{
		ID: value(RequestIDKey), Traceparent: value(TraceparentKey),
	})
}
