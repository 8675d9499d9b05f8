package sdk

import "context"

// Correlation names the request that a call is made for, so that the lines of a
// plugin's log, the host's and its callers' can be put together. Each field may be
// empty.
type Correlation struct {
	// RequestID is the X-Request-Id of the request to the host.
	RequestID string
	// Traceparent is the W3C trace context, for who traces further.
	Traceparent string
}

type correlationKey struct{}

// WithCorrelation returns a context whose calls are made for a request.
func WithCorrelation(ctx context.Context, c Correlation) context.Context {
	if c == (Correlation{}) {
		return ctx
	}
	return context.WithValue(ctx, correlationKey{}, c)
}

// CorrelationOf returns what a call is made for; the zero Correlation when that is
// not known.
func CorrelationOf(ctx context.Context) Correlation {
	found, _ := ctx.Value(correlationKey{}).(Correlation)
	return found
}
