package suite

import (
	"sync"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

var repeatCases = []testCase{
	{
		name: "repeat",
		rule: "A repeat with the same idempotency_key must behave as GetInfo declares: " +
			"rejects_duplicates refuses it with CODE_DUPLICATE and nothing happens, " +
			"returns_original answers with the first one's result.",
		run: func(run *caseRun) { run.eachRepeat((*caseRun).repeat) },
	},
	{
		name: "repeat after a lost answer",
		rule: "The same idempotency key never makes a second payment or payout: " +
			"the host's recovery follows the declared guarantee.",
		run: func(run *caseRun) { run.eachRepeat((*caseRun).repeatLost) },
	},
}

// eachRepeat tries the verbs that can declare a guarantee, and do. RetryNone
// promises nothing that could be tried.
func (run *caseRun) eachRepeat(try func(*caseRun, verbSpec, verbCall)) {
	for _, verb := range run.able(true) {
		call := verb.prepare(run)
		if (call.guarantee.Retry == sdk.RetryNone) || (call.kind == "") {
			continue
		}
		run.part(string(verb.capability), func(run *caseRun) { try(run, verb, call) })
	}
}

// repeat sends a call three times. All attempts carry the same key and
// sequence; only Attempt counts up, as after a crash of the host.
func (run *caseRun) repeat(verb verbSpec, call verbCall) {
	before := run.total(call.kind)
	first, err := call.send(run.ctx, run.account)
	run.must(err, "%s", verb.capability)
	for range 2 {
		run.again(verb, call, first)
	}

	if n := run.total(call.kind) - before; (n != 1) || (run.executedBy(call) != 1) {
		run.fail(
			"%s three times with one key: the provider's books have %d more",
			verb.capability,
			n,
		)
	}
}

// again repeats a call that the provider has carried out; first is the
// provider's reference, when it is known.
func (run *caseRun) again(verb verbSpec, call verbCall, first string) {
	reference, err := call.send(run.ctx, run.account)
	guarantee := call.guarantee.Retry

	// An original is the same one; a duplicate is refused, or names the
	// original.
	switch {
	case (err != nil) && (guarantee == sdk.RetryReturnsOriginal):
		run.fail("the repeat of %s must answer with the original: %v", verb.capability, err)
	case err != nil:
		run.want(
			err,
			sdk.CodeDuplicate,
			sdk.OutcomeUnknown,
			"the repeat of %s",
			verb.capability,
		)

	case (first != "") && (reference != first):
		run.fail(
			"the repeat of %s answers with %q, the first was %q",
			verb.capability,
			reference,
			first,
		)
	case (guarantee == sdk.RetryRejectsDuplicates) && (reference == ""):
		run.fail("the repeat of %s succeeded and names no original: it must be a duplicate",
			verb.capability)
	}
}

// repeatLost repeats a call whose answer was lost, which matters most: the
// provider has carried the first attempt out, and the host does not know.
func (run *caseRun) repeatLost(verb verbSpec, call verbCall) {
	before := run.total(call.kind)
	run.inject(fault.Fault{Kind: fault.LostResponse}, moving(run.usual(verb)))
	_, err := call.send(run.ctx, run.account)
	run.proxy.Faults.Clear()
	run.want(err, "", sdk.OutcomeUnknown, "%s whose answer is lost", verb.capability)

	run.again(verb, call, "")
	if n := run.total(call.kind) - before; (n != 1) || (run.executedBy(call) != 1) {
		run.fail("%s and its repeat after a lost answer: the provider's books have %d more",
			verb.capability, n)
	}
}

var loadCases = []testCase{
	{
		name: "creates at once",
		rule: "A host may call any verb at any time, also several at once for one account.",
		run:  createsAtOnce,
	},
}

// parallel is how many creates run at once.
const parallel = 16

func createsAtOnce(run *caseRun) {
	for _, verb := range run.able(true) {
		switch verb.capability {
		case sdk.CapabilityCreatePayment, sdk.CapabilityCreatePayout:
			run.part(string(verb.capability), func(run *caseRun) { run.atOnce(verb) })
		}
	}
}

// atOnce makes many creates in parallel. State that is kept in the provider
// value instead of the call shows as answers that belong to another call.
func (run *caseRun) atOnce(verb verbSpec) {
	var calls [parallel]verbCall
	for i := range calls {
		calls[i] = verb.prepare(run)
	}

	// Every call has its own place: the calls share nothing.
	var (
		group      sync.WaitGroup
		references [parallel]string
		errs       [parallel]error
	)
	for i := range calls {
		group.Go(func() { references[i], errs[i] = calls[i].send(run.ctx, run.account) })
	}

	group.Wait()

	// An answer of another call has that call's reference.
	owner := map[string]int{} // of a reference, the call
	for i, call := range calls {
		if errs[i] != nil {
			run.fatal("%s, one of %d at once: %v", verb.capability, parallel, errs[i])
		}
		if n := run.executedBy(call); (n >= 0) && (n != 1) {
			run.fail("%s, one of %d at once: the provider's books have it %d times",
				verb.capability, parallel, n)
		}

		other, taken := owner[references[i]]
		if taken && (references[i] != "") {
			run.fail("%s: of %d at once, %d and %d got the same reference %q",
				verb.capability, parallel, other, i, references[i])
		}

		owner[references[i]] = i
	}
}
