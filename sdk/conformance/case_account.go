package conformance

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
		run: func(x *trial) {
			for range 2 {
				x.must(x.client.Deconfigure(x.ctx, accountName), "Deconfigure")
			}
			accountUnknown(x)
		},
	},
	{
		name: "account after a failed configure",
		rule: "On failure the account, if it existed, stays as it was.",
		run: func(x *trial) {
			x.works("before")
			for _, config := range []map[string]json.RawMessage{
				with(x.members(), "no_such_key", `1`), with(x.members(), "environment", ""),
			} {
				if _, err := x.client.Configure(x.ctx, accountName, written(config)); err == nil {
					x.fail("a wrong configuration was accepted")
				}
			}
			x.works("after a configuration that was refused")
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
func (x *trial) calling() []verb {
	var out []verb
	for _, v := range append(x.able(false), x.able(true)...) {
		if len(x.usual(v)) > 0 {
			out = append(out, v)
		}
	}
	return out
}

// usual gives the methods of the requests that one call of v makes when nothing goes wrong.
func (x *trial) usual(v verb) []string {
	if methods, known := x.subject.calls[v.capability]; known {
		return methods
	}
	shot := v.ready(x)
	x.tap.mark()
	_, err := shot.call(x.ctx, x.a)
	x.must(err, "%s with nothing wrong", v.capability)
	x.subject.calls[v.capability] = x.tap.since()
	return x.subject.calls[v.capability]
}

// one gives any verb that speaks to the provider and fails when it cannot: CheckHealth does not.
func (x *trial) one() verb {
	for _, v := range x.calling() {
		if v.capability != sdk.CapabilityCheckHealth {
			return v
		}
	}
	x.fatal("no verb of the account calls the provider")
	return verb{}
}

// works proves the account with a call.
func (x *trial) works(when string) {
	v := x.one()
	if _, err := v.ready(x).call(x.ctx, x.a); err != nil {
		x.fail("%s %s: %v", v.capability, when, err)
	}
}

// A host that is ahead of its plugin, or behind it, must not be left in doubt about money.
func accountUnknown(x *trial) {
	for _, v := range x.verbs() {
		if !x.can(v.capability) {
			continue
		}
		x.tap.mark()
		x.want(v.bare(x.ctx, x.client.Account(accountName)), "", sdk.OutcomeNotSent, "%s for an account that is not there", v.capability)
		x.quiet(string(v.capability))
	}
}

// The second account points at nobody, so whatever of it leaks into the first one shows.
func accountBesideAnother(x *trial) {
	v := x.one()
	const other = "other"
	_, err := x.client.Configure(x.ctx, other, json.RawMessage(x.config(awayURL)))
	x.must(err, "Configure of a second account")
	shot := v.ready(x)
	x.tap.mark()
	_, err = shot.call(x.ctx, x.client.Account(other))
	x.want(err, sdk.CodeUnavailable, sdk.OutcomeNotSent, "%s of an account whose provider is away", v.capability)
	x.quiet("the other account's " + string(v.capability))
	x.works("beside an account whose provider is away")
	x.must(x.client.Deconfigure(x.ctx, other), "Deconfigure")
	x.works("after the other account was forgotten")
}

// The call is held at the provider while its account is pointed at nobody; only a call that began later may notice.
func accountReplaced(x *trial) {
	v := x.one()
	shot, next := v.ready(x), v.ready(x)
	came, gone, release := make(chan struct{}, 64), make(chan struct{}, 64), make(chan struct{})
	x.tap.hold("", came, gone, release)
	result := make(chan error, 1)
	go func() {
		_, err := shot.call(x.ctx, x.a)
		result <- err
	}()
	x.await(came, "the request of "+string(v.capability))
	_, err := x.client.Configure(x.ctx, accountName, json.RawMessage(x.config(awayURL)))
	close(release)
	x.must(err, "Configure during a call")
	if err := <-result; err != nil {
		x.fail("%s, begun before Configure: %v", v.capability, err)
	}
	_, err = next.call(x.ctx, x.a)
	x.want(err, sdk.CodeUnavailable, sdk.OutcomeNotSent, "%s with the new configuration", v.capability)
}
