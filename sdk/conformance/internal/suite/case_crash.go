package suite

import (
	"context"
	"errors"

	"github.com/payhost/payhost/sdk"
)

var crashCases = []testCase{
	{
		name: "killed after the provider accepted",
		rule: "A plugin that dies, hangs or panics during a call gives unknown; the same idempotency key never makes a second payment or payout.",
		run:  func(run *caseRun) { run.eachMaking((*caseRun).killed) },
	},
	{
		name: "slow answer",
		rule: "A call whose request was sent and not answered in time may have acted: its outcome is unknown, and its request ends with it.",
		run:  func(run *caseRun) { run.eachMaking((*caseRun).slow) },
	},
}

// eachMaking is for the verbs that make something which the provider's books know.
func (run *caseRun) eachMaking(try func(*caseRun, verbSpec, verbCall)) {
	for _, verb := range run.able(true) {
		if len(run.usual(verb)) == 0 {
			continue
		}
		if call := verb.prepare(run); call.kind != "" {
			run.part(string(verb.capability), func(run *caseRun) { try(run, verb, call) })
		}
	}
}

// killed ends a process when the provider has acted and before the plugin knows. What another process does with the same
// attempt's key is what keeps money from being moved twice.
func (run *caseRun) killed(verb verbSpec, call verbCall) {
	before := run.total(call.kind)
	doomed, err := run.start()
	run.must(err, "another process")
	stop := func() { run.must(doomed.Stop(), "the end of a process that was killed") }
	_, err = doomed.Client().Configure(run.ctx, accountName, run.goodConfig())
	came, ended := make(chan struct{}, 64), make(chan error, 1)
	if err == nil {
		run.proxy.Swallow(moving(run.usual(verb)), false, came)
		go func() {
			_, err := call.send(run.ctx, doomed.Client().Account(accountName))
			ended <- err
		}()
		if run.happened(came) {
			doomed.Kill()
		} else {
			err = errors.New("no request reached the provider")
		}
	}
	if err != nil {
		stop()
		run.fatal("%s of a plugin that is to be killed: %v", verb.capability, err)
	}
	err = <-ended
	stop()
	run.proxy.Instead(nil)
	run.want(err, "", sdk.OutcomeUnknown, "%s of a plugin that was killed", verb.capability)
	if call.guarantee.Retry != sdk.RetryNone {
		run.again(verb, call, "")
	}
	if n := run.total(call.kind) - before; n != 1 || run.executedBy(call) != 1 {
		run.fail("%s of a plugin that was killed: the provider's books have %d more", verb.capability, n)
	}
}

// slow has an answer begin and go on for longer than anybody waits.
func (run *caseRun) slow(verb verbSpec, _ verbCall) {
	method := moving(run.usual(verb))
	for try := range tries {
		call := verb.prepare(run)
		came := make(chan struct{}, 64)
		run.proxy.Mark()
		run.proxy.Swallow(method, true, came)
		ctx, cancel := context.WithTimeout(run.ctx, shortest<<try)
		_, err := call.send(ctx, run.account)
		cancel()
		sent := count(run.proxy.Since(), method) > 0
		if sent {
			run.await(came, "what the provider does for "+string(verb.capability)) // it goes on though nobody waits
		}
		run.proxy.Instead(nil)
		if !sent && try < tries-1 {
			continue
		}
		run.want(err, sdk.CodeUnavailable, sdk.OutcomeUnknown, "%s, whose answer does not end", verb.capability)
		if n := run.executedBy(call); n >= 0 && n != 1 {
			run.fail("%s, whose answer does not end: the provider's books have it %d times", verb.capability, n)
		}
		return
	}
}
