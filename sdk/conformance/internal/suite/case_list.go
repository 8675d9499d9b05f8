package suite

import (
	"time"

	"github.com/payhost/payhost/sdk"
)

// listed is how many a list is asked for.
const listed = 5

// maxPages bounds a list that never ends.
const maxPages = 1000

var listCases = []testCase{
	{
		name: "list payments", needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityListPayments),
		rule: "ListPayments asks for many payments at once, by reference or by time, as GetInfo.payment_lookup declares.",
		run:  listPayments,
	},
	{
		name: "list payouts", needs: needs(sdk.CapabilityCreatePayout, sdk.CapabilityListPayouts),
		rule: "ListPayouts asks for many payouts at once, by reference or by time, as GetInfo.payout_lookup declares.",
		run:  listPayouts,
	},
}

// item is what a list says of one.
type item struct {
	ours, theirs, status string
	succeeded            bool
}

// ways are the requests that a lookup allows: with references, with times, or both one after the other.
func (run *caseRun) ways(l sdk.Lookup, since time.Time, list func(references bool, from, to time.Time) []item, want map[string]string) {
	if l.ListByReference {
		run.compare("by reference", list(true, time.Time{}, time.Time{}), want, true)
	}
	if l.ListByTime {
		run.compare("by time", list(false, since, time.Now().Add(time.Minute)), want, false)
	}
}

// compare finds every wanted payment, by our reference or theirs, once. exactly: nothing else may be there.
func (run *caseRun) compare(how string, got []item, want map[string]string, exactly bool) {
	found := map[string]int{}
	for _, i := range got {
		wanted := false
		for ours, theirs := range want {
			if i.ours == ours || i.ours == "" && theirs != "" && i.theirs == theirs {
				found[ours]++
				wanted = true
				if !i.succeeded {
					run.fail("listed %s, the finished %s is %s", how, ours, i.status)
				}
			}
		}
		if exactly && !wanted {
			run.fail("listed %s: %q (%q) was not asked for", how, i.ours, i.theirs)
		}
	}
	for ours := range want {
		if found[ours] != 1 {
			run.fail("listed %s, %s is there %d times", how, ours, found[ours])
		}
	}
}

// More are made than fit a usual first page of a small simulator, so that page tokens are used.
func listPayments(run *caseRun) {
	since := time.Now().Add(-time.Minute)
	var made []sdk.PaymentContext
	want := map[string]string{}
	for range listed {
		c := run.paid(nil)
		made = append(made, c)
		want[c.Reference] = c.ProviderReference
	}
	run.ways(run.info.PaymentLookup, since, func(references bool, from, to time.Time) []item {
		req := sdk.ListPaymentsRequest{From: from, To: to}
		if references {
			req.Payments = made
		}
		var out []item
		for range maxPages {
			page, err := run.account.ListPayments(run.ctx, req)
			run.must(err, "ListPayments")
			for _, l := range page.Payments {
				out = append(out, item{
					l.Reference, l.Payment.ProviderReference, string(l.Payment.Status), l.Payment.Status == sdk.PaymentSucceeded,
				})
			}
			if req.PageToken = page.NextPageToken; req.PageToken == "" {
				return out
			}
		}
		run.fatal("the list does not end within %d pages", maxPages)
		return nil
	}, want)
}

// The same as for payments: the two lookups are declared apart, and are often written apart.
func listPayouts(run *caseRun) {
	since := time.Now().Add(-time.Minute)
	var made []sdk.PayoutContext
	want := map[string]string{}
	for range listed {
		c := payoutContextOf(run.payOut())
		run.settle(c.Reference)
		made = append(made, c)
		want[c.Reference] = c.ProviderReference
	}
	run.ways(run.info.PayoutLookup, since, func(references bool, from, to time.Time) []item {
		req := sdk.ListPayoutsRequest{From: from, To: to}
		if references {
			req.Payouts = made
		}
		var out []item
		for range maxPages {
			page, err := run.account.ListPayouts(run.ctx, req)
			run.must(err, "ListPayouts")
			for _, l := range page.Payouts {
				out = append(out, item{
					l.Reference, l.Payout.ProviderReference, string(l.Payout.Status), l.Payout.Status == sdk.PayoutSucceeded,
				})
			}
			if req.PageToken = page.NextPageToken; req.PageToken == "" {
				return out
			}
		}
		run.fatal("the list does not end within %d pages", maxPages)
		return nil
	}, want)
}
