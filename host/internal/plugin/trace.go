package plugin

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc/stats"
)

// Trace tells after a call to a plugin how far it came. gRPC's error does not:
// "unavailable" is what a call gets that found no connection, one whose
// connection broke, and one that the plugin answered so.
type Trace struct {
	sent, answered atomic.Bool
}

// Sent reports whether anything of the call may have left the host.
func (t *Trace) Sent() bool { return t.sent.Load() }

// Answered reports whether the plugin itself ended the call.
func (t *Trace) Answered() bool { return t.answered.Load() }

type traceKey struct{}

// WithTrace returns a context for one call.
func WithTrace(ctx context.Context) (context.Context, *Trace) {
	t := &Trace{}
	return context.WithValue(ctx, traceKey{}, t), t
}

// traceHandler fills in the traces. A call's headers are given to the
// connection before all else of it; an answer ends with its trailer.
type traceHandler struct{}

func (traceHandler) TagRPC(
	ctx context.Context,
	_ *stats.RPCTagInfo,
) context.Context {
	return ctx
}

func (traceHandler) HandleRPC(ctx context.Context, s stats.RPCStats) {
	t, ok := ctx.Value(traceKey{}).(*Trace)
	if !ok {
		return
	}

	switch s.(type) {
	case *stats.OutHeader:
		t.sent.Store(true)
	case *stats.InTrailer:
		t.answered.Store(true)
	}
}

func (traceHandler) TagConn(
	ctx context.Context,
	_ *stats.ConnTagInfo,
) context.Context {
	return ctx
}
func (traceHandler) HandleConn(context.Context, stats.ConnStats) {}
