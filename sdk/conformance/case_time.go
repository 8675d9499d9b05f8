package conformance

import (
	"context"
	"time"

	"github.com/payhost/payhost/sdk"
)

var timeCases = []testCase{
	{
		name: "deadline over",
		rule: "No request to the provider may start after the call's deadline.",
		run:  deadlineOver,
	},
	{
		name: "deadline passes",
		rule: "A call whose request was sent and not answered in time may have acted: its outcome is unknown, and its request ends with it.",
		run: func(x *trial) {
			x.unanswered(func(ctx context.Context, _ <-chan struct{}, try int) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, shortest<<try)
			})
		},
	},
	{
		name: "cancel",
		rule: "A call that is given up after its request was sent may have acted: its outcome is unknown, and its request ends with it.",
		run: func(x *trial) {
			x.unanswered(func(ctx context.Context, came <-chan struct{}, _ int) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				go func() {
					select {
					case <-came:
					case <-ctx.Done():
					}
					cancel()
				}()
				return ctx, cancel
			})
		},
	},
}

// shortest is the first deadline that is tried. A machine too slow to send a request within it gets longer ones: what
// is proven is what happens after the deadline, not how soon it is.
const shortest = 100 * time.Millisecond

// tries is how many of them there are, each twice as long as the one before.
const tries = 8

// No host sends a call whose deadline is over, but every call can be late when it arrives. In Go the SDK and gRPC see to
// it; a plugin in another language has to see to it itself. It is ended before its requests are counted: it may have
// answered and gone on.
func deadlineOver(x *trial) {
	late := append(x.able(false), x.able(true)...)
	shots := make([]shot, len(late))
	for i, v := range late {
		shots[i] = v.ready(x)
	}
	ctx, cancel := overdue(x.ctx)
	defer cancel()
	x.tap.mark()
	for i, v := range late {
		_, err := shots[i].call(ctx, x.a)
		x.want(err, sdk.CodeUnavailable, "", "%s after its deadline", v.capability)
	}
	x.stop()
	x.quiet("calls after their deadlines")
	for i, v := range late {
		if n := x.executedBy(shots[i]); n > 0 {
			x.fail("%s after its deadline: the books have it", v.capability)
		}
	}
}

// limit gives the context of a call whose request gets no answer; came tells that the request has come.
type limit func(ctx context.Context, came <-chan struct{}, try int) (context.Context, context.CancelFunc)

// unanswered holds the requests of every verb until their callers are gone.
func (x *trial) unanswered(limited limit) {
	for _, v := range append(x.able(false), x.able(true)...) {
		if len(x.usual(v)) == 0 {
			continue
		}
		for try := range tries {
			if x.giveUp(v, limited, try) {
				break
			}
			if try == tries-1 {
				x.fail("%s sent nothing within %s", v.capability, shortest<<try)
			}
		}
	}
}

// giveUp reports whether the request was sent before the call ended.
func (x *trial) giveUp(v verb, limited limit, try int) bool {
	shot := v.ready(x)
	came, seen, gone := make(chan struct{}, 64), make(chan struct{}), make(chan struct{}, 64)
	stop := make(chan struct{})
	defer close(stop)
	method, outcome := "", sdk.Outcome("")
	if v.writes { // what a plugin asks before it writes is no reason for doubt
		method, outcome = moving(x.usual(v)), sdk.OutcomeUnknown
	}
	x.tap.hold(method, came, gone, stop)
	defer x.tap.instead(nil)
	sent := make(chan bool, 1)
	go func() {
		select {
		case <-came:
			sent <- true
			close(seen)
		case <-stop:
			sent <- false
		}
	}()
	ctx, cancel := limited(x.ctx, seen, try)
	defer cancel()
	_, err := shot.call(ctx, x.a)
	select {
	case <-sent:
	default:
		return false
	}
	x.want(err, sdk.CodeUnavailable, outcome, "%s without an answer", v.capability)
	x.await(gone, "the end of the request of "+string(v.capability)+", whose call has ended,")
	return true
}
