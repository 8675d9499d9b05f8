package conformance

import (
	"context"
	"errors"

	"github.com/payhost/payhost/sdk"
)

var crashCases = []testCase{
	{
		name: "killed after the provider accepted",
		rule: "A plugin that dies, hangs or panics during a call gives unknown; the same idempotency key never makes a second payment or payout.",
		run:  func(x *trial) { x.eachMaking((*trial).killed) },
	},
	{
		name: "slow answer",
		rule: "A call whose request was sent and not answered in time may have acted: its outcome is unknown, and its request ends with it.",
		run:  func(x *trial) { x.eachMaking((*trial).slow) },
	},
}

// eachMaking is for the verbs that make something which the provider's books know.
func (x *trial) eachMaking(try func(*trial, verb, shot)) {
	for _, v := range x.able(true) {
		if len(x.usual(v)) == 0 {
			continue
		}
		if s := v.ready(x); s.kind != "" {
			x.part(string(v.capability), func(x *trial) { try(x, v, s) })
		}
	}
}

// killed ends a process when the provider has acted and before the plugin knows. What another process does with the same
// attempt's key is what keeps money from being moved twice.
func (x *trial) killed(v verb, s shot) {
	before := x.total(s.kind)
	doomed, err := x.launch(x.watch)
	x.must(err, "another process")
	stop := func() { x.must(doomed.Stop(), "the end of a process that was killed") }
	_, err = doomed.Client.Configure(x.ctx, accountName, x.goodConfig())
	came, ended := make(chan struct{}, 64), make(chan error, 1)
	if err == nil {
		x.tap.swallow(moving(x.usual(v)), false, came)
		go func() {
			_, err := s.call(x.ctx, doomed.Client.Account(accountName))
			ended <- err
		}()
		if x.happened(came) {
			doomed.Kill()
		} else {
			err = errors.New("no request reached the provider")
		}
	}
	if err != nil {
		stop()
		x.fatal("%s of a plugin that is to be killed: %v", v.capability, err)
	}
	err = <-ended
	stop()
	x.tap.instead(nil)
	x.want(err, "", sdk.OutcomeUnknown, "%s of a plugin that was killed", v.capability)
	if s.guarantee.Retry != sdk.RetryNone {
		x.again(v, s, "")
	}
	if n := x.total(s.kind) - before; n != 1 || x.executedBy(s) != 1 {
		x.fail("%s of a plugin that was killed: the provider's books have %d more", v.capability, n)
	}
}

// slow has an answer begin and go on for longer than anybody waits.
func (x *trial) slow(v verb, _ shot) {
	method := moving(x.usual(v))
	for try := range tries {
		s := v.ready(x)
		came := make(chan struct{}, 64)
		x.tap.mark()
		x.tap.swallow(method, true, came)
		ctx, cancel := context.WithTimeout(x.ctx, shortest<<try)
		_, err := s.call(ctx, x.a)
		cancel()
		sent := count(x.tap.since(), method) > 0
		if sent {
			x.await(came, "what the provider does for "+string(v.capability)) // it goes on though nobody waits
		}
		x.tap.instead(nil)
		if !sent && try < tries-1 {
			continue
		}
		x.want(err, sdk.CodeUnavailable, sdk.OutcomeUnknown, "%s, whose answer does not end", v.capability)
		if n := x.executedBy(s); n >= 0 && n != 1 {
			x.fail("%s, whose answer does not end: the provider's books have it %d times", v.capability, n)
		}
		return
	}
}
