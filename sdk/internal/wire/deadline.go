package wire

import (
	"context"
	"strconv"
	"time"

	"google.golang.org/grpc/metadata"
)

// DeadlineKey is the metadata in which a host sends a call's deadline as a
// moment: microseconds since 1970. gRPC sends only how long a call may take and
// counts again where it arrives: a host that was stopped in between would give
// the plugin time that is over.
const DeadlineKey = "payhost-deadline"

// A moment that is farther away than longDeadline is sent in steps of
// deadlineStep, rounded down, so that the plugin is never given too much time.
// HTTP/2 sends a header that it has sent before as a number, and each new one
// costs both ends more than all else that is done to a message.
const (
	longDeadline = time.Second
	deadlineStep = 10 * time.Millisecond
)

// SendDeadline returns a context whose calls carry its deadline as a moment.
func SendDeadline(ctx context.Context) context.Context {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx
	}
	moment := strconv.FormatInt(sentMoment(deadline, time.Now()), 10)
	return metadata.AppendToOutgoingContext(ctx, DeadlineKey, moment)
}

// sentMoment returns what is sent of a deadline, in microseconds since 1970.
func sentMoment(deadline, now time.Time) int64 {
	moment := deadline.UnixMicro()
	if deadline.Sub(now) > longDeadline {
		moment -= moment % deadlineStep.Microseconds()
	}
	return moment
}

// HeedDeadline returns a context that ends at the moment that the host has
// sent, if that is before the one that gRPC counts. A moment that cannot be
// read has passed.
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

// EndReason returns why a call has ended that sdk.InTime says is over.
func EndReason(ctx context.Context) string {
	if err := ctx.Err(); err != nil {
		return err.Error()
	}
	return "its deadline has passed"
}
