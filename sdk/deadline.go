package sdk

import (
	"context"
	"time"
)

// InTime reports whether a call may still send something: its context has not
// ended, and its deadline has not passed by the time of day either. The time of
// day goes on while a machine is suspended, when the clock by which contexts end
// stands still.
func InTime(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	if ctx.Err() != nil || !ok {
		return ctx.Err() == nil
	}
	now := time.Now()
	return now.Before(deadline) && now.Round(0).Before(deadline.Round(0))
}
