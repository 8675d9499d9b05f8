package plugin

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	grpcpeer "google.golang.org/grpc/peer"
)

// Trace tells, after a call to a plugin, how far it came. gRPC's error does not
// tell: a call is "unavailable" when it found no connection, when its
// connection broke, and when the plugin answered so. It may be read once the
// call has ended.
type Trace struct {
	peer    grpcpeer.Peer // set when the call was given a stream of the connection
	trailer metadata.MD   // what the end of the answer carried
}

// Sent reports whether anything of the call may have left the host. A call that
// gRPC itself has begun again, because the plugin's end refused its stream
// unread, counts as its last try.
func (t *Trace) Sent() bool { return t.peer.Addr != nil }

// Answered reports whether the plugin itself ended the call with an error. It
// may miss one that carries nothing but its code, which says nothing that the
// end of a connection does not.
func (t *Trace) Answered() bool { return len(t.trailer) > 0 }

type traceKey struct{}

// WithTrace returns a context for one call, and the trace of the call.
func WithTrace(ctx context.Context) (context.Context, *Trace) {
	made := &Trace{}
	return context.WithValue(ctx, traceKey{}, made), made
}

// traceCall has gRPC fill in the trace of a call. A handler of its statistics
// would be told of every step, at the cost of several objects for each.
func traceCall(
	ctx context.Context,
	method string,
	request, answer any,
	conn *grpc.ClientConn,
	next grpc.UnaryInvoker,
	opts ...grpc.CallOption,
) error {
	if trace, ok := ctx.Value(traceKey{}).(*Trace); ok {
		opts = append(opts, grpc.Peer(&trace.peer), grpc.Trailer(&trace.trailer))
	}
	return next(ctx, method, request, answer, conn, opts...)
}
