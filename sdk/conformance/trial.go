package conformance

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

// trial is one run of one case: a fresh plugin process with the account configured, unless the case wants none.
type trial struct {
	*subject
	report Reporter
	rule   string
	ctx    context.Context
	client *client.Client
	// a is the account of the good configuration.
	a       *client.Account
	process *Process
}

// try runs a case.
func (s *subject) try(r Reporter, c testCase) {
	ctx, cancel := context.WithTimeout(context.Background(), caseTime)
	defer cancel()
	x := &trial{subject: s, report: r, rule: c.rule, ctx: ctx}
	p, err := s.launch(s.watch)
	if err != nil {
		x.fatal("the plugin does not start: %v", err)
	}
	x.process, x.client, x.a = p, p.Client, p.Client.Account(accountName)
	defer x.end()
	if !c.unconfigured {
		_, err := x.client.Configure(ctx, accountName, s.goodConfig())
		x.must(err, "Configure with the good configuration")
	}
	c.run(x)
}

// end puts everything back that cases share.
func (x *trial) end() {
	x.tap.faults.Clear()
	x.tap.instead(nil)
	if err := x.process.Stop(); err != nil {
		x.fail("the plugin's end: %v", err)
	}
	for _, found := range x.watch.findings() {
		x.report.Errorf("%s\n\tThe contract: %q", found, secretRule)
	}
}

// part runs a piece of the case under a name of its own.
// The part shares the process with the case; a failure ends the part alone.
func (x *trial) part(name string, f func(*trial)) {
	x.report.Run(name, func(r Reporter) {
		y := *x
		y.report = r
		f(&y)
	})
}

// fail says what the provider did, and which sentence of the contract it breaks.
func (x *trial) fail(format string, args ...any) {
	x.report.Errorf("%s\n\tThe contract: %q", fmt.Sprintf(format, args...), x.rule)
}

// fatal is for what leaves nothing to go on with. It does not return.
func (x *trial) fatal(format string, args ...any) {
	x.fail(format, args...)
	x.report.FailNow()
}

// must ends the part when a step that has to work does not.
func (x *trial) must(err error, format string, args ...any) {
	if err != nil {
		x.fatal("%s: %v", fmt.Sprintf(format, args...), err)
	}
}

// want compares an error with the code and outcome that it must have; "" is any, a code may be one of several between
// bars. It reports whether they fit.
func (x *trial) want(err error, code sdk.Code, outcome sdk.Outcome, format string, args ...any) bool {
	what := fmt.Sprintf(format, args...)
	if err == nil {
		x.fail("%s succeeded; it must fail with code %q and outcome %q", what, code, outcome)
		return false
	}
	fits := func(want, got string) bool {
		return want == "" || strings.Contains("|"+want+"|", "|"+got+"|")
	}
	if !fits(string(code), string(sdk.CodeOf(err))) || !fits(string(outcome), string(sdk.OutcomeOf(err))) {
		x.fail("%s: got code %q and outcome %q, want %q and %q: %v",
			what, sdk.CodeOf(err), sdk.OutcomeOf(err), code, outcome, err)
		return false
	}
	return true
}

// entries are what the provider's books have under one of our references.
func (x *trial) entries(kind fault.EntryKind, reference string) []fault.Entry {
	var out []fault.Entry
	for _, e := range x.books() {
		if e.Kind == kind && (names(e.OrderID, reference) || names(e.Recipient, reference)) {
			out = append(out, e)
		}
	}
	return out
}

// books are everything that the provider has entered.
func (x *trial) books() []fault.Entry {
	if x.control.books == nil {
		x.unproven("books")
	}
	list, err := x.control.books(x.ctx)
	x.must(err, "the simulator's books")
	return list
}

// executed counts them.
func (x *trial) executed(kind fault.EntryKind, reference string) int {
	return len(x.entries(kind, reference))
}

// names finds a reference in an order id, which a plugin may have added to, or in a payout's recipient.
func names(text, reference string) bool {
	return reference != "" && strings.Contains(strings.ToLower(text), strings.ToLower(reference))
}

// total counts everything of the kind: a second one that goes by another name shows here.
func (x *trial) total(kind fault.EntryKind) int {
	count := 0
	for _, e := range x.books() {
		if e.Kind == kind {
			count++
		}
	}
	return count
}

// settle makes the customer pay.
func (x *trial) settle(reference string) {
	if x.control.settle == nil {
		x.unproven("way to make a customer pay")
	}
	x.must(x.control.settle(x.ctx, reference), "the simulator's settling")
}

// quiet fails when the provider was called since the tap was marked.
func (x *trial) quiet(what string) {
	if n := x.tap.all(); n > 0 {
		x.fail("%s: the provider's API was called %d times; it must not be called", what, n)
	}
}

// await waits for what should happen at once.
func (x *trial) await(event <-chan struct{}, what string) {
	if !x.happened(event) {
		x.fatal("%s did not come within %s", what, x.patience)
	}
}

// happened waits for what should happen at once, and reports whether it did.
func (x *trial) happened(event <-chan struct{}) bool {
	select {
	case <-event:
		return true
	case <-time.After(x.patience):
		return false
	}
}

// stop ends the plugin before its case does.
func (x *trial) stop() {
	stop := x.process.Stop
	x.process.Stop = func() error { return nil }
	if err := stop(); err != nil {
		x.fail("the plugin's end: %v", err)
	}
}
