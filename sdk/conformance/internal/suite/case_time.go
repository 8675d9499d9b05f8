package suite

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
		run: func(run *caseRun) {
			run.unanswered(func(ctx context.Context, _ <-chan struct{}, try int) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, shortest<<try)
			})
		},
	},
	{
		name: "cancel",
		rule: "A call that is given up after its request was sent may have acted: its outcome is unknown, and its request ends with it.",
		run: func(run *caseRun) {
			run.unanswered(func(ctx context.Context, came <-chan struct{}, _ int) (context.Context, context.CancelFunc) {
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
func deadlineOver(run *caseRun) {
	late := run.ableAll()
	calls := make([]verbCall, len(late))
	for i, verb := range late {
		calls[i] = verb.prepare(run)
	}
	ctx, cancel := overdue(run.ctx)
	defer cancel()
	run.proxy.Mark()
	for i, verb := range late {
		_, err := calls[i].send(ctx, run.account)
		run.want(err, sdk.CodeUnavailable, "", "%s after its deadline", verb.capability)
	}
	run.stop()
	run.quiet("calls after their deadlines")
	for i, verb := range late {
		if n := run.executedBy(calls[i]); n > 0 {
			run.fail("%s after its deadline: the books have it", verb.capability)
		}
	}
}

// limit gives the context of a call whose request gets no answer; came tells that the request has come.
type limit func(ctx context.Context, came <-chan struct{}, try int) (context.Context, context.CancelFunc)

// unanswered holds the requests of every verb until their callers are gone.
func (run *caseRun) unanswered(limited limit) {
	for _, verb := range run.ableAll() {
		if len(run.usual(verb)) == 0 {
			continue
		}
		for try := range tries {
			if run.giveUp(verb, limited, try) {
				break
			}
			if try == tries-1 {
				run.fail("%s sent nothing within %s", verb.capability, shortest<<try)
			}
		}
	}
}

// giveUp reports whether the request was sent before the call ended.
func (run *caseRun) giveUp(verb verbSpec, limited limit, try int) bool {
	call := verb.prepare(run)
	came, seen, gone := make(chan struct{}, 64), make(chan struct{}), make(chan struct{}, 64)
	stop := make(chan struct{})
	defer close(stop)
	method, outcome := "", sdk.Outcome("")
	if verb.writes { // what a plugin asks before it writes is no reason for doubt
		method, outcome = moving(run.usual(verb)), sdk.OutcomeUnknown
	}
	run.proxy.Hold(method, came, gone, stop)
	defer run.proxy.Instead(nil)
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
	ctx, cancel := limited(run.ctx, seen, try)
	defer cancel()
	_, err := call.send(ctx, run.account)
	select {
	case <-sent:
	default:
		return false
	}
	run.want(err, sdk.CodeUnavailable, outcome, "%s without an answer", verb.capability)
	run.await(gone, "the end of the request of "+string(verb.capability)+", whose call has ended,")
	return true
}
