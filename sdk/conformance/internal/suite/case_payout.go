package suite

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

var payoutCases = []testCase{
	{
		name:  "create payout",
		needs: needs(sdk.CapabilityCreatePayout),
		rule:  "CreatePayout sends money to a recipient.",
		run:   createPayout,
	},
	{
		name:  "get payout",
		needs: needs(sdk.CapabilityCreatePayout, sdk.CapabilityGetPayout),
		rule:  "GetPayout asks for the payout's status and changes nothing.",
		run:   getPayout,
	},
	{
		name:  "get payout not found",
		needs: needs(sdk.CapabilityGetPayout),
		rule:  notFoundRule,
		run:   getPayoutNotFound,
	},
}

// checkPayout looks at what a plugin says of a payout; want is the amount that
// it was created with.
func (run *caseRun) checkPayout(what string, payout *sdk.Payout, want sdk.Money) {
	if !oneOf(
		payout.Status,
		sdk.PayoutProcessing,
		sdk.PayoutSucceeded,
		sdk.PayoutFailed,
		sdk.PayoutUnderReview,
	) {
		run.fail("%s: there is no payout status %q", what, payout.Status)
	}

	if (payout.Amount != nil) && !payout.Amount.Equal(want) {
		run.fail(
			"%s: the provider's amount is %s, the payout is of %s",
			what,
			payout.Amount,
			want,
		)
	}
}

// createPayout is the one case whose failure costs money at once: amount and
// count are read from the provider's own books.
func createPayout(run *caseRun) {
	req, payout := run.payOut()
	run.checkPayout("CreatePayout", payout, req.Amount)
	if payout.Status == sdk.PayoutFailed {
		run.fail("a payout with nothing wrong failed: %s", payout.Message)
	}
	run.booked(ledger.Payout, req.Reference, req.Amount)
}

// getPayout asks for a finished payout. Asking must find it in its last state,
// and must not make another one.
func getPayout(run *caseRun) {
	req, payout := run.payOut()
	known := payoutContextOf(req, payout)
	run.settle(req.Reference)

	for range 2 { // the second must say the same: asking changes nothing
		got, err := run.account.GetPayout(run.ctx, sdk.GetPayoutRequest{Payout: known})
		run.must(err, "GetPayout")
		run.checkPayout("GetPayout", got, req.Amount)
		if got.Status != sdk.PayoutSucceeded {
			run.fail("the provider has finished the payout, and it is %s", got.Status)
		}

		if run.info.PayoutLookup.Amounts && (got.Amount == nil) {
			run.fail("Lookup.Amounts is declared, and the answer has no amount")
		}
	}

	// After a lost answer our reference is all that the host has.
	if run.info.PayoutLookup.ByReference {
		known.ProviderReference = ""
		known.State = nil
		got, err := run.account.GetPayout(run.ctx, sdk.GetPayoutRequest{Payout: known})
		run.must(err, "GetPayout without the provider's reference")
		if got.Status != sdk.PayoutSucceeded {
			run.fail("without the provider's reference the payout is %s", got.Status)
		}
	}

	run.booked(ledger.Payout, req.Reference, req.Amount)
}

// getPayoutNotFound asks for a payout that was never made. A host sends a
// doubtful payout again because of "not found", so it has to be true.
func getPayoutNotFound(run *caseRun) {
	lookup := run.info.PayoutLookup
	got, err := run.account.GetPayout(
		run.ctx,
		sdk.GetPayoutRequest{Payout: run.strangePayout()},
	)
	if lookup.Immediate && lookup.ByReference {
		run.want(err, sdk.CodeNotFound, "", "GetPayout of a payout that was never made")
		return
	}

	if (err == nil) && oneOf(got.Status, sdk.PayoutSucceeded, sdk.PayoutFailed) {
		run.fail("a payout that was never made is %s", got.Status)
	}
}
