package sdk

import (
	"context"
	"strconv"
	"time"

	"google.golang.org/grpc/metadata"
)

// deadlineKey is the metadata in which a host sends a call's deadline as a moment: microseconds since 1970. gRPC sends only
// how long a call may take, and counts anew where it arrives: a host that was stopped in between would give the plugin time
// that is over.
const deadlineKey = "payhost-deadline"

// InTime reports whether a call may still send something: its context has not ended, and its deadline has not passed by the
// time of day either. That goes on while a machine is suspended, when the clock by which contexts end stands still.
func InTime(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	if ctx.Err() != nil || !ok {
		return ctx.Err() == nil
	}
	now := time.Now()
	return now.Before(deadline) && now.Round(0).Before(deadline.Round(0))
}

// sendDeadline has a call carry its deadline as a moment.
func sendDeadline(ctx context.Context) context.Context {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, deadlineKey, strconv.FormatInt(deadline.UnixMicro(), 10))
}

// heedDeadline ends a call at the moment that its host has sent, if that is before the one that gRPC counts. A moment that
// cannot be read is over.
func heedDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	sent := metadata.ValueFromIncomingContext(ctx, deadlineKey)
	if len(sent) == 0 {
		return context.WithCancel(ctx)
	}
	micros, err := strconv.ParseInt(sent[0], 10, 64)
	if err != nil {
		micros = 0
	}
	return context.WithDeadline(ctx, time.UnixMicro(micros))
}

// endOf says why a call that is not in time has ended.
func endOf(ctx context.Context) string {
	if err := ctx.Err(); err != nil {
		return err.Error()
	}
	return "its deadline has passed"
}
