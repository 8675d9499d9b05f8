package suite

import (
	"context"

	"google.golang.org/grpc"
)

type overdueKey struct{}

// overdue returns a context for calls whose deadline is over when they reach
// the plugin.
//
// gRPC's own client does not send such a call. So the calls have no deadline
// here, and the wire says that they had one: see overdueOption.
func overdue(ctx context.Context) (context.Context, context.CancelFunc) {
	late := context.WithValue(context.WithoutCancel(ctx), overdueKey{}, true)
	late, cancel := context.WithCancel(late)
	stop := context.AfterFunc(ctx, cancel) // the case's own end still counts
	return late, func() {
		stop()
		cancel()
	}
}

// overdueOption returns what a call needs besides when its context is
// overdue's.
func overdueOption(ctx context.Context) []grpc.CallOption {
	if ctx.Value(overdueKey{}) == nil {
		return nil
	}
	return []grpc.CallOption{grpc.PerRPCCredentials(noTimeLeft{})}
}

// noTimeLeft writes the header in which a gRPC client says how much time is
// left: a nanosecond is the least there is. Credentials are the one thing of a
// call that gRPC lets write any header.
type noTimeLeft struct{}

func (noTimeLeft) GetRequestMetadata(
	context.Context,
	...string,
) (map[string]string, error) {
	return map[string]string{"grpc-timeout": "1n"}, nil
}

func (noTimeLeft) RequireTransportSecurity() bool { return false }
