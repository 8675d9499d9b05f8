package suite

import (
	"encoding/json"

	"github.com/payhost/payhost/sdk"
)

var accountCases = []testCase{
	{
		name: "account unknown", unconfigured: true,
		rule: "A verb for an account that is not configured does nothing: its outcome is not_sent.",
		run:  accountUnknown,
	},
	{
		name: "account forgotten",
		rule: "Deconfigure forgets an account. Unknown accounts are not an error: it may be repeated.",
		run: func(run *caseRun) {
			for range 2 {
				run.must(run.client.Deconfigure(run.ctx, accountName), "Deconfigure")
			}
			accountUnknown(run)
		},
	},
	{
		name: "account after a failed configure",
		rule: "On failure the account, if it existed, stays as it was.",
		run: func(run *caseRun) {
			run.works("before")
			for _, config := range []map[string]json.RawMessage{
				with(run.members(), "no_such_key", `1`), with(run.members(), "environment", ""),
			} {
				if _, err := run.client.Configure(run.ctx, accountName, written(config)); err == nil {
					run.fail("a wrong configuration was accepted")
				}
			}
			run.works("after a configuration that was refused")
		},
	},
	{
		name: "account beside another",
		rule: "One plugin process serves every configured account of that plugin and version.",
		run:  accountBesideAnother,
	},
	{
		name: "account replaced during a call",
		rule: "A call in flight keeps the configuration that it began with.",
		run:  accountReplaced,
	},
}

// calling gives the verbs that speak to the provider.
func (run *caseRun) calling() []verbSpec {
	var out []verbSpec
	for _, verb := range run.ableAll() {
		if len(run.usual(verb)) > 0 {
			out = append(out, verb)
		}
	}
	return out
}

// usual gives the methods of the requests that one call of v makes when nothing goes wrong.
func (run *caseRun) usual(verb verbSpec) []string {
	if methods, known := run.usualRequests[verb.capability]; known {
		return methods
	}
	call := verb.prepare(run)
	run.proxy.Mark()
	_, err := call.send(run.ctx, run.account)
	run.must(err, "%s with nothing wrong", verb.capability)
	run.usualRequests[verb.capability] = run.proxy.Since()
	return run.usualRequests[verb.capability]
}

// one gives any verb that speaks to the provider and fails when it cannot: CheckHealth does not.
func (run *caseRun) one() verbSpec {
	for _, verb := range run.calling() {
		if verb.capability != sdk.CapabilityCheckHealth {
			return verb
		}
	}
	run.fatal("no verb of the account calls the provider")
	return verbSpec{}
}

// works proves the account with a call.
func (run *caseRun) works(when string) {
	verb := run.one()
	if _, err := verb.prepare(run).send(run.ctx, run.account); err != nil {
		run.fail("%s %s: %v", verb.capability, when, err)
	}
}

// A host that is ahead of its plugin, or behind it, must not be left in doubt about money.
func accountUnknown(run *caseRun) {
	for _, verb := range run.verbs() {
		if !run.can(verb.capability) {
			continue
		}
		run.proxy.Mark()
		run.want(verb.bare(run.ctx, run.client.Account(accountName)), "", sdk.OutcomeNotSent, "%s for an account that is not there", verb.capability)
		run.quiet(string(verb.capability))
	}
}

// The second account points at nobody, so whatever of it leaks into the first one shows.
func accountBesideAnother(run *caseRun) {
	verb := run.one()
	const other = "other"
	_, err := run.client.Configure(run.ctx, other, run.configAway())
	run.must(err, "Configure of a second account")
	call := verb.prepare(run)
	run.proxy.Mark()
	_, err = call.send(run.ctx, run.client.Account(other))
	run.want(err, sdk.CodeUnavailable, sdk.OutcomeNotSent, "%s of an account whose provider is away", verb.capability)
	run.quiet("the other account's " + string(verb.capability))
	run.works("beside an account whose provider is away")
	run.must(run.client.Deconfigure(run.ctx, other), "Deconfigure")
	run.works("after the other account was forgotten")
}

// The call is held at the provider while its account is pointed at nobody; only a call that began later may notice.
func accountReplaced(run *caseRun) {
	verb := run.one()
	call, next := verb.prepare(run), verb.prepare(run)
	came, gone, release := make(chan struct{}, 64), make(chan struct{}, 64), make(chan struct{})
	run.proxy.Hold("", came, gone, release)
	result := make(chan error, 1)
	go func() {
		_, err := call.send(run.ctx, run.account)
		result <- err
	}()
	run.await(came, "the request of "+string(verb.capability))
	_, err := run.client.Configure(run.ctx, accountName, run.configAway())
	close(release)
	run.must(err, "Configure during a call")
	if err := <-result; err != nil {
		run.fail("%s, begun before Configure: %v", verb.capability, err)
	}
	_, err = next.send(run.ctx, run.account)
	run.want(err, sdk.CodeUnavailable, sdk.OutcomeNotSent, "%s with the new configuration", verb.capability)
}
