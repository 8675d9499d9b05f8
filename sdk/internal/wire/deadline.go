package wire

import (
	"context"
	"strconv"
	"time"

	"google.golang.org/grpc/metadata"
)

// DeadlineKey is the metadata in which a host sends a call's deadline as a moment: microseconds since 1970. gRPC sends only
// how long a call may take, and counts anew where it arrives: a host that was stopped in between would give the plugin time
// that is over.
const DeadlineKey = "payhost-deadline"

// SendDeadline has a call carry its deadline as a moment.
func SendDeadline(ctx context.Context) context.Context {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, DeadlineKey, strconv.FormatInt(deadline.UnixMicro(), 10))
}

// HeedDeadline ends a call at the moment that its host has sent, if that is before the one that gRPC counts. A moment that
// cannot be read is over.
func HeedDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	sent := metadata.ValueFromIncomingContext(ctx, DeadlineKey)
	if len(sent) == 0 {
		return context.WithCancel(ctx)
	}
	micros, err := strconv.ParseInt(sent[0], 10, 64)
	if err != nil {
		micros = 0
	}
	return context.WithDeadline(ctx, time.UnixMicro(micros))
}

// EndReason says why a call that is not in time has ended.
func EndReason(ctx context.Context) string {
	if err := ctx.Err(); err != nil {
		return err.Error()
	}
	return "its deadline has passed"
}
