package suite

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

var payoutCases = []testCase{
	{
		name: "create payout", needs: needs(sdk.CapabilityCreatePayout),
		rule: "CreatePayout sends money to a recipient.",
		run:  createPayout,
	},
	{
		name: "get payout", needs: needs(sdk.CapabilityCreatePayout, sdk.CapabilityGetPayout),
		rule: "GetPayout asks for the payout's status and changes nothing.",
		run:  getPayout,
	},
	{
		name: "get payout not found", needs: needs(sdk.CapabilityGetPayout),
		rule: `Lookup.Immediate: "not found" proves that the provider never received it.`,
		run:  getPayoutNotFound,
	},
}

// checkPayout looks at what a provider says of a payout.
func (run *caseRun) checkPayout(what string, p *sdk.Payout, want sdk.Money) {
	if !oneOf(p.Status, sdk.PayoutProcessing, sdk.PayoutSucceeded, sdk.PayoutFailed, sdk.PayoutUnderReview) {
		run.fail("%s: there is no payout status %q", what, p.Status)
	}
	if p.Amount != nil && !p.Amount.Equal(want) {
		run.fail("%s: the provider's amount is %s, the payout is of %s", what, p.Amount, want)
	}
}

// The one case whose failure costs money at once: amount and count are read from the provider's own books.
func createPayout(run *caseRun) {
	req, p := run.payOut()
	run.checkPayout("CreatePayout", p, req.Amount)
	if p.Status == sdk.PayoutFailed {
		run.fail("a payout with nothing wrong failed: %s", p.Message)
	}
	run.booked(ledger.Payout, req.Reference, req.Amount)
}

// Asking must find the payout in its last state, and must not make another one.
func getPayout(run *caseRun) {
	req, p := run.payOut()
	c := payoutContextOf(req, p)
	run.settle(req.Reference)
	for range 2 { // the second is to say the same: asking changes nothing
		got, err := run.account.GetPayout(run.ctx, sdk.GetPayoutRequest{Payout: c})
		run.must(err, "GetPayout")
		run.checkPayout("GetPayout", got, req.Amount)
		if got.Status != sdk.PayoutSucceeded {
			run.fail("the provider has finished the payout, and it is %s", got.Status)
		}
		if run.info.PayoutLookup.Amounts && got.Amount == nil {
			run.fail("Lookup.Amounts is declared, and the answer has no amount")
		}
	}
	if run.info.PayoutLookup.ByReference {
		c.ProviderReference, c.State = "", nil
		got, err := run.account.GetPayout(run.ctx, sdk.GetPayoutRequest{Payout: c})
		run.must(err, "GetPayout without the provider's reference")
		if got.Status != sdk.PayoutSucceeded {
			run.fail("without the provider's reference the payout is %s", got.Status)
		}
	}
	run.booked(ledger.Payout, req.Reference, req.Amount)
}

// "Not found" is what lets a host send a doubtful payout again, so it has to be true.
func getPayoutNotFound(run *caseRun) {
	p, err := run.account.GetPayout(run.ctx, sdk.GetPayoutRequest{Payout: payoutContextOf(run.newPayout(), nil)})
	switch {
	case run.info.PayoutLookup.Immediate && run.info.PayoutLookup.ByReference:
		run.want(err, sdk.CodeNotFound, "", "GetPayout of a payout that was never made")
	case err == nil && oneOf(p.Status, sdk.PayoutSucceeded, sdk.PayoutFailed):
		run.fail("a payout that was never made is %s", p.Status)
	}
}
