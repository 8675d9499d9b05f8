package suite

import (
	"context"
	"time"

	"github.com/payhost/payhost/sdk"
)

const unansweredRule = "A call whose request was sent and not answered in time may have acted: " +
	"its outcome is unknown, and its request ends with it."

var timeCases = []testCase{
	{
		name: "deadline over",
		rule: "No request to the provider may start after the call's deadline.",
		run:  deadlineOver,
	},
	{
		name: "deadline passes",
		rule: unansweredRule,
		run:  func(run *caseRun) { run.unanswered(withDeadline) },
	},
	{
		name: "cancel",
		rule: "A call that is given up after its request was sent may have acted: " +
			"its outcome is unknown, and its request ends with it.",
		run: func(run *caseRun) { run.unanswered(canceledOnceSent) },
	},
}

const (
	// shortest is the first deadline that is tried. A machine too slow to send
	// a request within it gets longer ones: the cases are about what happens
	// after the deadline, not how soon that is.
	shortest = 100 * time.Millisecond
	// tries is how many deadlines there are, each twice as long as the one
	// before.
	tries = 8
)

// deadlineOver sends calls that are late when they arrive, as every call can
// be. In Go the SDK and gRPC see to them; a plugin in another language has to
// see to them itself.
func deadlineOver(run *caseRun) {
	verbs := run.ableAll()
	calls := make([]verbCall, len(verbs))
	for i, verb := range verbs {
		calls[i] = verb.prepare(run)
	}

	ctx, cancel := overdue(run.ctx)
	defer cancel()
	run.proxy.Mark()

	for i, verb := range verbs {
		_, err := calls[i].send(ctx, run.account)
		run.want(err, sdk.CodeUnavailable, "", "%s after its deadline", verb.capability)
	}

	// The plugin may have answered and gone on: it ends before its requests are
	// counted.
	run.stop()
	run.quiet("calls after their deadlines")

	for i, verb := range verbs {
		if run.executedBy(calls[i]) > 0 {
			run.fail("%s after its deadline: the books have it", verb.capability)
		}
	}
}

// limit returns the context of a call whose request gets no answer. came is
// closed when the request has come.
type limit func(ctx context.Context, came <-chan struct{}, try int) (context.Context, context.CancelFunc)

func withDeadline(
	ctx context.Context, _ <-chan struct{}, try int,
) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, shortest<<try)
}

func canceledOnceSent(
	ctx context.Context, came <-chan struct{}, _ int,
) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-came:
		case <-ctx.Done():
		}
		cancel()
	}()
	return ctx, cancel
}

// unanswered holds the requests of every verb until their callers are gone.
func (run *caseRun) unanswered(bounded limit) {
	for _, verb := range run.ableAll() {
		if len(run.usual(verb)) == 0 {
			continue
		}

		for try := range tries {
			if run.giveUp(verb, bounded, try) {
				break
			}
			if try == tries-1 {
				run.fail("%s sent nothing within %s", verb.capability, shortest<<try)
			}
		}
	}
}

// giveUp makes a call that gets no answer, and reports whether its request was
// sent before the call ended.
func (run *caseRun) giveUp(verb verbSpec, bounded limit, try int) bool {
	call := verb.prepare(run)
	method := ""
	outcome := sdk.Outcome("")
	if verb.writes { // what a plugin reads before it writes is no reason for doubt
		method = moving(run.usual(verb))
		outcome = sdk.OutcomeUnknown
	}

	came := make(chan struct{}, 64)
	gone := make(chan struct{}, 64)
	stop := make(chan struct{})
	defer close(stop)

	run.proxy.Hold(method, came, gone, stop)
	defer run.proxy.Instead(nil)

	// sent tells that a request has come, to the limit and to the end of this
	// function.
	sent := make(chan bool, 1)
	seen := make(chan struct{})
	go func() {
		select {
		case <-came:
			sent <- true
			close(seen)
		case <-stop:
			sent <- false
		}
	}()

	ctx, cancel := bounded(run.ctx, seen, try)
	defer cancel()
	_, err := call.send(ctx, run.account)

	select {
	case <-sent:
	default:
		return false
	}

	run.want(err, sdk.CodeUnavailable, outcome, "%s without an answer", verb.capability)
	run.await(
		gone,
		"the end of the request of "+string(verb.capability)+", whose call has ended,",
	)

	return true
}
