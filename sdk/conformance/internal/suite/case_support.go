package suite

import "github.com/payhost/payhost/sdk"

var supportCases = []testCase{
	{
		name: "not supported",
		rule: "A verb whose capability the account lacks answers CODE_NOT_SUPPORTED with OUTCOME_NOT_SENT " +
			"and does nothing.",
		run: notSupported,
	},
}

// notSupported calls every verb, also those that the account can do: there the
// answer may be anything but "not supported". A plugin may say that of one
// payment, such as one whose reference it was not told: then it is asked about
// a real one.
func notSupported(run *caseRun) {
	for _, verb := range run.verbs() {
		run.proxy.Mark()
		err := verb.bare(run.ctx, run.account)
		if !run.can(verb.capability) {
			run.want(err, sdk.CodeNotSupported, sdk.OutcomeNotSent,
				"%s, which the account lacks", verb.capability)
			run.quiet(string(verb.capability))
			continue
		}

		// Asked about a payment that the provider knows.
		if (sdk.CodeOf(err) == sdk.CodeNotSupported) && (verb.prepare != nil) {
			_, err = verb.prepare(run).send(run.ctx, run.account)
		}
		if sdk.CodeOf(err) == sdk.CodeNotSupported {
			run.fail("%s, which the account declares: %v", verb.capability, err)
		}
	}
}
