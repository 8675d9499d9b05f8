package suite

import (
	"context"
	"errors"

	"github.com/payhost/payhost/sdk"
)

var crashCases = []testCase{
	{
		name: "killed after the provider accepted",
		rule: "A plugin that dies, hangs or panics during a call gives unknown; " +
			"the same idempotency key never makes a second payment or payout.",
		run: func(run *caseRun) { run.eachMaking((*caseRun).killed) },
	},
	{
		name: "slow answer",
		rule: unansweredRule,
		run:  func(run *caseRun) { run.eachMaking((*caseRun).slow) },
	},
}

// eachMaking tries the verbs that make something which the provider's books
// know.
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

// killed ends a process when the provider has acted and before the plugin knows
// it. Money is not moved twice only if another process does nothing more with
// the same attempt's key.
func (run *caseRun) killed(verb verbSpec, call verbCall) {
	before := run.total(call.kind)
	err := run.killDuring(verb, call)
	run.proxy.Instead(nil)
	run.want(err, "", sdk.OutcomeUnknown, "%s of a plugin that was killed", verb.capability)

	// The host's recovery retries in a new process.
	if call.guarantee.Retry != sdk.RetryNone {
		run.again(verb, call, "")
	}
	// Counted by kind too: a second payment may have another name.
	if n := run.total(call.kind) - before; (n != 1) || (run.executedBy(call) != 1) {
		run.fail(
			"%s of a plugin that was killed: the provider's books have %d more",
			verb.capability,
			n,
		)
	}
}

// killDuring makes the call in a process of its own, kills that process once
// the provider has carried the call out, and returns the call's error.
func (run *caseRun) killDuring(verb verbSpec, call verbCall) error {
	process, err := run.start()
	run.must(err, "another process")
	stop := func() { run.must(process.Stop(), "the end of a process that was killed") }

	ended := make(chan error, 1)
	_, err = process.Client().Configure(run.ctx, accountName, run.goodConfig())
	if err == nil {
		came := make(chan struct{}, 64)
		run.proxy.Swallow(moving(run.usual(verb)), false, came)
		go func() {
			_, err := call.send(run.ctx, process.Client().Account(accountName))
			ended <- err
		}()

		// The provider has acted, and its answer is held back.
		if run.happened(came) {
			process.Kill()
		} else {
			err = errors.New("no request reached the provider")
		}
	}

	if err != nil {
		stop()
		run.fatal("%s of a plugin that is to be killed: %v", verb.capability, err)
	}

	// The client notices that the process is gone.
	err = <-ended
	stop()
	return err
}

// slow has an answer begin and go on for longer than any caller waits.
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
			// The provider goes on though the caller has given up.
			run.await(came, "what the provider does for "+string(verb.capability))
		}

		run.proxy.Instead(nil)
		if !sent && (try < tries-1) {
			continue // the deadline was too short for this machine
		}

		run.want(err, sdk.CodeUnavailable, sdk.OutcomeUnknown,
			"%s, whose answer does not end", verb.capability)
		if n := run.executedBy(call); (n >= 0) && (n != 1) {
			run.fail("%s, whose answer does not end: the provider's books have it %d times",
				verb.capability, n)
		}

		return
	}
}
