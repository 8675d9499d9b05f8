package suite

import (
	"encoding/json"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/internal/proxy"
)

var accountCases = []testCase{
	{
		name:         "account unknown",
		unconfigured: true,
		rule:         "A verb for an account that is not configured does nothing: its outcome is not_sent.",
		run:          accountUnknown,
	},
	{
		name: "account forgotten",
		rule: "Deconfigure forgets an account. Unknown accounts are not an error: it may be repeated.",
		run:  accountForgotten,
	},
	{
		name: "account after a failed configure",
		rule: "On failure the account, if it existed, stays as it was.",
		run:  accountAfterFailedConfigure,
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

// accountUnknown calls every verb. A host that is ahead of its plugin, or
// behind it, must not be left in doubt about money.
func accountUnknown(run *caseRun) {
	for _, verb := range run.verbs() {
		if !run.can(verb.capability) {
			continue
		}
		// The call must not reach the provider: the account has no address of
		// it.
		run.proxy.Mark()
		err := verb.bare(run.ctx, run.client.Account(accountName))
		run.want(
			err,
			"",
			sdk.OutcomeNotSent,
			"%s for an account that is not there",
			verb.capability,
		)

		run.quiet(string(verb.capability))
	}
}

func accountForgotten(run *caseRun) {
	for range 2 {
		run.must(run.client.Deconfigure(run.ctx, accountName), "Deconfigure")
	}
	accountUnknown(run)
}

func accountAfterFailedConfigure(run *caseRun) {
	run.works("before")
	for _, config := range []map[string]json.RawMessage{
		with(run.members(), "no_such_key", `1`),
		with(run.members(), "environment", ""),
	} {
		if _, err := run.client.Configure(run.ctx, accountName, written(config)); err == nil {
			run.fail("a wrong configuration was accepted")
		}
	}

	run.works("after a configuration that was refused")
}

// accountBesideAnother configures a second account for a provider that is away,
// so that whatever of it leaks into the first one shows.
func accountBesideAnother(run *caseRun) {
	const other = "other"
	verb := run.anyVerb()
	_, err := run.client.Configure(run.ctx, other, run.configAt(proxy.AwayURL))
	run.must(err, "Configure of a second account")

	// The payment of the call exists at the real provider: only the address can
	// stop it.
	call := verb.prepare(run)
	run.proxy.Mark()
	_, err = call.send(run.ctx, run.client.Account(other))
	run.want(err, sdk.CodeUnavailable, sdk.OutcomeNotSent,
		"%s of an account whose provider is away", verb.capability)
	run.quiet("the other account's " + string(verb.capability))
	run.works("beside an account whose provider is away")

	// The first account must not go with the second.
	run.must(run.client.Deconfigure(run.ctx, other), "Deconfigure")
	run.works("after the other account was forgotten")
}

// accountReplaced holds a call at the provider while its account is configured
// for a provider that is away. Only a call that began later may notice.
func accountReplaced(run *caseRun) {
	verb := run.anyVerb()
	call := verb.prepare(run)
	later := verb.prepare(run)

	// Hold the request until the new configuration is there.
	came := make(chan struct{}, 64)
	gone := make(chan struct{}, 64)
	release := make(chan struct{})
	run.proxy.Hold("", came, gone, release)
	result := make(chan error, 1)
	go func() {
		_, err := call.send(run.ctx, run.account)
		result <- err
	}()

	run.await(came, "the request of "+string(verb.capability))

	_, err := run.client.Configure(run.ctx, accountName, run.configAt(proxy.AwayURL))
	// Released before any failure ends the case: the call must not hang.
	close(release)
	run.must(err, "Configure during a call")
	if err := <-result; err != nil {
		run.fail("%s, begun before Configure: %v", verb.capability, err)
	}

	// A call that begins now must use the new configuration.
	_, err = later.send(run.ctx, run.account)
	run.want(err, sdk.CodeUnavailable, sdk.OutcomeNotSent,
		"%s with the new configuration", verb.capability)
}

// calling returns the verbs that speak to the provider.
func (run *caseRun) calling() []verbSpec {
	var list []verbSpec
	for _, verb := range run.ableAll() {
		if len(run.usual(verb)) > 0 {
			list = append(list, verb)
		}
	}
	return list
}

// usual returns the methods of the requests that one call of the verb makes
// when nothing goes wrong.
func (run *caseRun) usual(verb verbSpec) []string {
	if methods, known := run.usualRequests[verb.capability]; known {
		return methods
	}

	call := verb.prepare(run)
	run.proxy.Mark()
	_, err := call.send(run.ctx, run.account)
	run.must(err, "%s with nothing wrong", verb.capability)
	methods := run.proxy.Since()
	run.usualRequests[verb.capability] = methods

	return methods
}

// anyVerb returns a verb that speaks to the provider, and fails when that is
// away: CheckHealth does not.
func (run *caseRun) anyVerb() verbSpec {
	for _, verb := range run.calling() {
		if verb.capability != sdk.CapabilityCheckHealth {
			return verb
		}
	}
	run.fatal("no verb of the account calls the provider")
	return verbSpec{}
}

// works tries the account with a call.
func (run *caseRun) works(when string) {
	verb := run.anyVerb()
	if _, err := verb.prepare(run).send(run.ctx, run.account); err != nil {
		run.fail("%s %s: %v", verb.capability, when, err)
	}
}
