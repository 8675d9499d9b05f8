package conformance

import (
	"sync"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

var repeatCases = []testCase{
	{
		name: "repeat",
		rule: "A repeat with the same idempotency_key must behave as GetInfo declares: rejects_duplicates refuses it with " +
			"CODE_DUPLICATE and nothing happens, returns_original answers with the first one's result.",
		run: func(x *trial) { x.eachRepeat((*trial).repeat) },
	},
	{
		name: "repeat after a lost answer",
		rule: "The same idempotency key never makes a second payment or payout: the host's recovery follows the declared guarantee.",
		run:  func(x *trial) { x.eachRepeat((*trial).repeatLost) },
	},
}

// eachRepeat is for the verbs that can declare a guarantee, and do. RetryNone promises nothing that could be proven.
func (x *trial) eachRepeat(try func(*trial, verb, shot)) {
	for _, v := range x.able(true) {
		shot := v.ready(x)
		if shot.guarantee.Retry == sdk.RetryNone || shot.kind == "" {
			continue
		}
		x.part(string(v.capability), func(x *trial) { try(x, v, shot) })
	}
}

// All attempts carry the same key and sequence; only Attempt counts up, as after a crash of the host.
func (x *trial) repeat(v verb, s shot) {
	before := x.total(s.kind)
	first, err := s.call(x.ctx, x.a)
	x.must(err, "%s", v.capability)
	for range 2 {
		x.again(v, s, first)
	}
	if n := x.total(s.kind) - before; n != 1 || x.executedBy(s) != 1 {
		x.fail("%s three times with one key: the provider's books have %d more", v.capability, n)
	}
}

// again repeats a call that was executed; first is the provider's reference, when it is known.
func (x *trial) again(v verb, s shot, first string) {
	reference, err := s.call(x.ctx, x.a)
	switch {
	case err == nil && first != "" && reference != first:
		x.fail("the repeat of %s answers with %q, the first was %q", v.capability, reference, first)
	case err != nil && s.guarantee.Retry == sdk.RetryReturnsOriginal:
		x.fail("the repeat of %s must answer with the original: %v", v.capability, err)
	case err != nil:
		x.want(err, sdk.CodeDuplicate, sdk.OutcomeUnknown, "the repeat of %s", v.capability)
	case s.guarantee.Retry == sdk.RetryRejectsDuplicates && reference == "":
		x.fail("the repeat of %s succeeded and names no original: it must be a duplicate", v.capability)
	}
}

// The repeat that matters: the first attempt was executed, and nobody knows.
func (x *trial) repeatLost(v verb, s shot) {
	before := x.total(s.kind)
	x.inject(fault.Fault{Kind: fault.LostResponse}, moving(x.usual(v)))
	_, err := s.call(x.ctx, x.a)
	x.tap.faults.Clear()
	x.want(err, "", sdk.OutcomeUnknown, "%s whose answer is lost", v.capability)
	x.again(v, s, "")
	if n := x.total(s.kind) - before; n != 1 || x.executedBy(s) != 1 {
		x.fail("%s and its repeat after a lost answer: the provider's books have %d more", v.capability, n)
	}
}

var loadCases = []testCase{
	{
		name: "creates at once",
		rule: "A host may call any verb at any time, also several at once for one account.",
		run: func(x *trial) {
			for _, v := range x.able(true) {
				if v.capability == sdk.CapabilityCreatePayment || v.capability == sdk.CapabilityCreatePayout {
					x.part(string(v.capability), func(x *trial) { x.atOnce(v) })
				}
			}
		},
	},
}

// parallel is how many creates run at once.
const parallel = 16

// State that is kept in the provider value instead of the call shows as answers that belong to somebody else.
func (x *trial) atOnce(v verb) {
	var shots [parallel]shot
	for i := range shots {
		shots[i] = v.ready(x)
	}
	var (
		group      sync.WaitGroup
		references [parallel]string
		errs       [parallel]error
	)
	for i := range shots {
		group.Go(func() { references[i], errs[i] = shots[i].call(x.ctx, x.a) })
	}
	group.Wait()
	whose := map[string]int{}
	for i, s := range shots {
		if errs[i] != nil {
			x.fatal("%s, one of %d at once: %v", v.capability, parallel, errs[i])
		}
		if n := x.executedBy(s); n >= 0 && n != 1 {
			x.fail("%s, one of %d at once: the provider's books have it %d times", v.capability, parallel, n)
		}
		if other, taken := whose[references[i]]; taken && references[i] != "" {
			x.fail("%s: of %d at once, %d and %d got the same reference %q", v.capability, parallel, other, i, references[i])
		}
		whose[references[i]] = i
	}
}
