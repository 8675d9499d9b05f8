package plugin

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc/stats"
)

type sentKey struct{}

// TrackSent gives a context for one call to a plugin, and a function that tells after the call whether anything of it
// may have left the host. gRPC's error does not: "unavailable" is also what a call gets that found no connection.
func TrackSent(ctx context.Context) (_ context.Context, sent func() bool) {
	flag := &atomic.Bool{}
	return context.WithValue(ctx, sentKey{}, flag), flag.Load
}

// sentHandler notes when a call's headers have been given to the connection, which comes before all else of it.
type sentHandler struct{}

func (sentHandler) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (sentHandler) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if _, ok := s.(*stats.OutHeader); !ok {
		return
	}
	if flag, ok := ctx.Value(sentKey{}).(*atomic.Bool); ok {
		flag.Store(true)
	}
}

func (sentHandler) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (sentHandler) HandleConn(context.Context, stats.ConnStats)                       {}
