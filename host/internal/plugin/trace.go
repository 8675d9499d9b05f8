package plugin

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc/stats"
)

// Trace tells, after a call to a plugin, how far it came. gRPC's error does not
// tell: a call is "unavailable" when it found no connection, when its
// connection broke, and when the plugin answered so.
type Trace struct {
	sent     atomic.Bool
	answered atomic.Bool
}

// Sent reports whether anything of the call may have left the host.
func (t *Trace) Sent() bool { return t.sent.Load() }

// Answered reports whether the plugin itself ended the call.
func (t *Trace) Answered() bool { return t.answered.Load() }

type traceKey struct{}

// WithTrace returns a context for one call, and the trace of the call.
func WithTrace(ctx context.Context) (context.Context, *Trace) {
	made := &Trace{}
	return context.WithValue(ctx, traceKey{}, made), made
}

// traceHandler fills in the traces. A call's headers are sent before all else
// of it; an answer ends with its trailer.
type traceHandler struct{}

func (traceHandler) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return ctx
}

func (traceHandler) HandleRPC(ctx context.Context, event stats.RPCStats) {
	trace, ok := ctx.Value(traceKey{}).(*Trace)
	if !ok {
		return
	}

	switch event.(type) {
	case *stats.OutHeader:
		trace.sent.Store(true)
	case *stats.InTrailer:
		trace.answered.Store(true)
	}
}

func (traceHandler) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}

func (traceHandler) HandleConn(context.Context, stats.ConnStats) {}
