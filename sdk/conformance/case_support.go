package conformance

import "github.com/payhost/payhost/sdk"

var supportCases = []testCase{
	{
		name: "not supported",
		rule: "A verb whose capability the account lacks answers CODE_NOT_SUPPORTED with OUTCOME_NOT_SENT and does nothing.",
		run:  notSupported,
	},
}

// Every verb is called, also those that the account can do: there the answer
// may be anything but "not supported". A plugin may say that of one payment,
// such as one whose reference it was not told: then it is asked about a real
// one.
func notSupported(x *trial) {
	for _, v := range x.verbs() {
		x.tap.mark()
		err := v.bare(x.ctx, x.a)
		switch {
		case !x.can(v.capability):
			x.want(err, sdk.CodeNotSupported, sdk.OutcomeNotSent, "%s, which the account lacks", v.capability)
			x.quiet(string(v.capability))
		case sdk.CodeOf(err) == sdk.CodeNotSupported:
			if v.ready != nil {
				_, err = v.ready(x).call(x.ctx, x.a)
			}
			if sdk.CodeOf(err) != sdk.CodeNotSupported {
				continue
			}
			x.fail("%s, which the account declares: %v", v.capability, err)
		}
	}
}
