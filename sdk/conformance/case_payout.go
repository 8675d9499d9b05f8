package conformance

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
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
func (x *trial) checkPayout(what string, p *sdk.Payout, want sdk.Money) {
	if !oneOf(p.Status, sdk.PayoutProcessing, sdk.PayoutSucceeded, sdk.PayoutFailed, sdk.PayoutUnderReview) {
		x.fail("%s: there is no payout status %q", what, p.Status)
	}
	if p.Amount != nil && !p.Amount.Equal(want) {
		x.fail("%s: the provider's amount is %s, the payout is of %s", what, p.Amount, want)
	}
}

// booked compares what the provider's books have under a reference: once, and of this amount.
func (x *trial) booked(kind fault.EntryKind, reference string, want sdk.Money) {
	if n := x.executed(kind, reference); n != 1 {
		x.fail("the provider's books have the %s %d times", kind, n)
	}
	for _, e := range x.entries(kind, reference) {
		if got := (sdk.Money{Amount: e.Amount, Currency: e.Currency}); !got.Equal(want) {
			x.fail("the provider's books have a %s of %s, not of %s", kind, got, want)
		}
	}
}

// The one case whose failure costs money at once: amount and count are read from the provider's own books.
func createPayout(x *trial) {
	req, p := x.payOut()
	x.checkPayout("CreatePayout", p, req.Amount)
	if p.Status == sdk.PayoutFailed {
		x.fail("a payout with nothing wrong failed: %s", p.Message)
	}
	x.booked(fault.Payout, req.Reference, req.Amount)
}

// Asking must find the payout in its last state, and must not make another one.
func getPayout(x *trial) {
	req, p := x.payOut()
	c := payoutContextOf(req, p)
	x.settle(req.Reference)
	for range 2 { // the second is to say the same: asking changes nothing
		got, err := x.a.GetPayout(x.ctx, sdk.GetPayoutRequest{Payout: c})
		x.must(err, "GetPayout")
		x.checkPayout("GetPayout", got, req.Amount)
		if got.Status != sdk.PayoutSucceeded {
			x.fail("the provider has finished the payout, and it is %s", got.Status)
		}
		if x.info.PayoutLookup.Amounts && got.Amount == nil {
			x.fail("Lookup.Amounts is declared, and the answer has no amount")
		}
	}
	if x.info.PayoutLookup.ByReference {
		c.ProviderReference, c.State = "", nil
		got, err := x.a.GetPayout(x.ctx, sdk.GetPayoutRequest{Payout: c})
		x.must(err, "GetPayout without the provider's reference")
		if got.Status != sdk.PayoutSucceeded {
			x.fail("without the provider's reference the payout is %s", got.Status)
		}
	}
	x.booked(fault.Payout, req.Reference, req.Amount)
}

// "Not found" is what lets a host send a doubtful payout again, so it has to be true.
func getPayoutNotFound(x *trial) {
	p, err := x.a.GetPayout(x.ctx, sdk.GetPayoutRequest{Payout: payoutContextOf(x.newPayout(), nil)})
	switch {
	case x.info.PayoutLookup.Immediate && x.info.PayoutLookup.ByReference:
		x.want(err, sdk.CodeNotFound, "", "GetPayout of a payout that was never made")
	case err == nil && oneOf(p.Status, sdk.PayoutSucceeded, sdk.PayoutFailed):
		x.fail("a payout that was never made is %s", p.Status)
	}
}
