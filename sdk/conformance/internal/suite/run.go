package suite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// caseRun is one run of one case: a fresh process of the plugin with the
// account configured, unless the case wants none.
type caseRun struct {
	*target
	report Reporter
	rule   string
	ctx    context.Context
	client *client.Client
	// account is that of the good configuration.
	account *client.Account
	process Process
	stopped bool // the case has ended the process itself
}

// run runs a case.
func (t *target) run(r Reporter, c testCase) {
	ctx, cancel := context.WithTimeout(context.Background(), caseTime)
	defer cancel()

	run := &caseRun{target: t, report: r, rule: c.rule, ctx: ctx}
	process, err := t.start()
	if err != nil {
		run.fatal("the plugin does not start: %v", err)
	}

	run.process = process
	run.client = process.Client()
	run.account = run.client.Account(accountName)
	defer run.end()

	// Most cases begin with an account that works.
	if !c.unconfigured {
		_, err := run.client.Configure(ctx, accountName, t.goodConfig())
		run.must(err, "Configure with the good configuration")
	}

	c.run(run)
}

// end puts everything back that cases share, and looks at what the plugin said.
func (run *caseRun) end() {
	run.proxy.Faults.Clear()
	run.proxy.Instead(nil)
	run.stop()

	for _, found := range run.scanner.Findings() {
		run.report.Errorf("%s\n\tThe contract: %q", found, secretRule)
	}
}

// stop ends the plugin, if the case has not done so already.
func (run *caseRun) stop() {
	if run.stopped {
		return
	}
	run.stopped = true
	if err := run.process.Stop(); err != nil {
		run.fail("the plugin's end: %v", err)
	}
}

// part runs a piece of the case under a name of its own. The part shares the
// process with the case; a failure ends the part alone.
func (run *caseRun) part(name string, f func(*caseRun)) {
	run.report.Run(name, func(r Reporter) {
		part := *run
		part.report = r
		f(&part)
	})
}

// fail reports what the plugin did, and which sentence of the contract it
// breaks.
func (run *caseRun) fail(format string, args ...any) {
	run.report.Errorf("%s\n\tThe contract: %q", fmt.Sprintf(format, args...), run.rule)
}

// fatal is a failure after which nothing of the part is left to try. It does
// not return.
func (run *caseRun) fatal(format string, args ...any) {
	run.fail(format, args...)
	run.report.FailNow()
}

// unproven ends a part that needs something which the simulator cannot do. It
// does not return.
func (run *caseRun) unproven(what string) {
	run.report.LeaveOut(
		fmt.Sprintf("the simulator has no %s, which the rest of this case needs", what),
	)
}

// must ends the part when a step that has to work does not.
func (run *caseRun) must(err error, format string, args ...any) {
	if err != nil {
		run.fatal("%s: %v", fmt.Sprintf(format, args...), err)
	}
}

// want compares an error with the code and outcome that it must have, and
// reports whether they fit. "" is any; several between bars are one of these.
func (run *caseRun) want(
	err error,
	code sdk.Code,
	outcome sdk.Outcome,
	format string,
	args ...any,
) bool {
	what := fmt.Sprintf(format, args...)
	if err == nil {
		run.fail(
			"%s succeeded; it must fail with code %q and outcome %q",
			what,
			code,
			outcome,
		)

		return false
	}

	fits := func(want, got string) bool {
		return (want == "") || strings.Contains("|"+want+"|", "|"+got+"|")
	}
	// Both must fit: the host decides by the two together.
	gotCode, gotOutcome := sdk.CodeOf(err), sdk.OutcomeOf(err)
	if fits(string(code), string(gotCode)) && fits(string(outcome), string(gotOutcome)) {
		return true
	}

	run.fail("%s: got code %q and outcome %q, want %q and %q: %v",
		what, gotCode, gotOutcome, code, outcome, err)
	return false
}

// books returns everything that the provider has entered.
func (run *caseRun) books() []ledger.Entry {
	if run.control.Books == nil {
		run.unproven("books")
	}
	list, err := run.control.Books(run.ctx)
	run.must(err, "the simulator's books")
	return list
}

// entries returns what the provider's books have under one of our references.
func (run *caseRun) entries(kind ledger.Kind, reference string) []ledger.Entry {
	var list []ledger.Entry
	for _, entry := range run.books() {
		if (entry.Kind == kind) &&
			(names(entry.OrderID, reference) || names(entry.Recipient, reference)) {
			list = append(list, entry)
		}
	}
	return list
}

// names reports whether a reference is in an order id, which a plugin may have
// added to, or in a payout's recipient.
func names(text, reference string) bool {
	return (reference != "") &&
		strings.Contains(strings.ToLower(text), strings.ToLower(reference))
}

// executed counts the entries under one of our references.
func (run *caseRun) executed(kind ledger.Kind, reference string) int {
	return len(run.entries(kind, reference))
}

// executedBy counts the entries of a call; -1 where the books do not know the
// verb, or there are none.
func (run *caseRun) executedBy(call verbCall) int {
	if (call.kind == "") || (run.control.Books == nil) {
		return -1
	}
	return run.executed(call.kind, call.reference)
}

// total counts everything of the kind: a second payment under another name
// shows here.
func (run *caseRun) total(kind ledger.Kind) int {
	count := 0
	for _, entry := range run.books() {
		if entry.Kind == kind {
			count++
		}
	}
	return count
}

// booked compares the provider's books with what was asked for: one entry under
// the reference, of this amount.
func (run *caseRun) booked(kind ledger.Kind, reference string, want sdk.Money) {
	entries := run.entries(kind, reference)
	if len(entries) != 1 {
		run.fail("the provider's books have the %s %d times", kind, len(entries))
	}

	for _, entry := range entries {
		got := sdk.Money{Amount: entry.Amount, Currency: entry.Currency}
		if !got.Equal(want) {
			run.fail("the provider's books have a %s of %s, not of %s", kind, got, want)
		}
	}
}

// settle makes the customer pay, or the provider finish a payout or refund.
func (run *caseRun) settle(reference string) {
	if run.control.Settle == nil {
		run.unproven("way to make a customer pay")
	}
	run.must(run.control.Settle(run.ctx, reference), "the simulator's settling")
}

// quiet fails when the provider was called since the proxy was marked.
func (run *caseRun) quiet(what string) {
	if n := run.proxy.All(); n > 0 {
		run.fail(
			"%s: the provider's API was called %d times; it must not be called",
			what,
			n,
		)
	}
}

// await ends the part when what should happen at once does not.
func (run *caseRun) await(event <-chan struct{}, what string) {
	if !run.happened(event) {
		run.fatal("%s did not come within %s", what, run.patience)
	}
}

// happened waits for what should happen at once, and reports whether it did.
func (run *caseRun) happened(event <-chan struct{}) bool {
	select {
	case <-event:
		return true
	case <-time.After(run.patience):
		return false
	}
}
