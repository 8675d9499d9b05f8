// Package correlation names the request that a plugin is called for, so that the
// lines of the plugin's log, the host's and its callers' can be put together.
package correlation

import "context"

// Request is the request to the host that a call is made for. Each field may be
// empty.
type Request struct {
	// ID is the X-Request-Id. The log that a plugin gets from the SDK writes it by
	// itself, into the lines that have the call's context.
	ID string
	// Traceparent is the W3C trace context, for a plugin that traces further.
	Traceparent string
}

type key struct{}

// With returns a context whose calls are made for a request.
func With(ctx context.Context, r Request) context.Context {
	if r == (Request{}) {
		return ctx
	}
	return context.WithValue(ctx, key{}, r)
}

// Of returns the request that a call is made for; the zero Request when that is
// not known.
func Of(ctx context.Context) Request {
	found, _ := ctx.Value(key{}).(Request)
	return found
}
