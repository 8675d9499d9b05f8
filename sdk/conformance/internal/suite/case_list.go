package suite

import (
	"time"

	"github.com/payhost/payhost/sdk"
)

const (
	// listed is how many payments or payouts a list is asked for: more than fit
	// a usual first page of a small simulator, so that page tokens are used.
	listed = 5
	// maxPages bounds a list that never ends.
	maxPages = 1000
)

var listCases = []testCase{
	{
		name:  "list payments",
		needs: needs(sdk.CapabilityCreatePayment, sdk.CapabilityListPayments),
		rule: "ListPayments asks for many payments at once, by reference or by time, " +
			"as GetInfo.payment_lookup declares.",
		run: listPayments,
	},
	{
		name:  "list payouts",
		needs: needs(sdk.CapabilityCreatePayout, sdk.CapabilityListPayouts),
		rule: "ListPayouts asks for many payouts at once, by reference or by time, " +
			"as GetInfo.payout_lookup declares.",
		run: listPayouts,
	},
}

// item is what a list says of one payment or payout.
type item struct {
	ours, theirs, status string
	succeeded            bool
}

// listing is one list verb with what was made for it.
type listing struct {
	lookup sdk.Lookup
	since  time.Time
	made   map[string]string // by our reference, the provider's
	// byReference and byTime ask for the list, all its pages.
	byReference func() []item
	byTime      func(from, to time.Time) []item
}

// checkList asks for the list in the ways that the lookup allows.
func (run *caseRun) checkList(list listing) {
	if list.lookup.ListByReference {
		got := list.byReference()
		run.compareList("by reference", got, list.made)
		run.noStrangers("by reference", got, list.made)
	}
	if list.lookup.ListByTime {
		got := list.byTime(list.since, time.Now().Add(time.Minute))
		run.compareList("by time", got, list.made)
	}
}

// is reports whether the item is about a payment or payout, by our reference or
// the provider's.
func (i item) is(ours, theirs string) bool {
	return (i.ours == ours) || ((i.ours == "") && (theirs != "") && (i.theirs == theirs))
}

// compareList wants everything that was made to be in the list once, and
// finished.
func (run *caseRun) compareList(how string, got []item, made map[string]string) {
	for ours, theirs := range made {
		found := 0
		for _, entry := range got {
			if !entry.is(ours, theirs) {
				continue
			}
			found++
			if !entry.succeeded {
				run.fail("listed %s, the finished %s is %s", how, ours, entry.status)
			}
		}

		// A payment that is listed twice would be counted twice.
		if found != 1 {
			run.fail("listed %s, %s is there %d times", how, ours, found)
		}
	}
}

// noStrangers wants nothing in the list that was not asked for.
func (run *caseRun) noStrangers(how string, got []item, made map[string]string) {
	for _, entry := range got {
		asked := false
		for ours, theirs := range made {
			asked = asked || entry.is(ours, theirs)
		}
		if !asked {
			run.fail("listed %s: %q (%q) was not asked for", how, entry.ours, entry.theirs)
		}
	}
}

func listPayments(run *caseRun) {
	list := listing{
		lookup: run.info.PaymentLookup,
		since:  time.Now().Add(-time.Minute),
		made:   map[string]string{},
	}
	var payments []sdk.PaymentContext

	for range listed {
		payment := run.paid(nil)
		payments = append(payments, payment)
		list.made[payment.Reference] = payment.ProviderReference
	}

	// Both ways must find the same payments.
	list.byReference = func() []item {
		return run.paymentPages(sdk.ListPaymentsRequest{Payments: payments})
	}
	list.byTime = func(from, to time.Time) []item {
		return run.paymentPages(sdk.ListPaymentsRequest{From: from, To: to})
	}

	run.checkList(list)
}

// paymentPages asks for all pages of a list.
func (run *caseRun) paymentPages(req sdk.ListPaymentsRequest) []item {
	var items []item
	for range maxPages {
		page, err := run.account.ListPayments(run.ctx, req)
		run.must(err, "ListPayments")

		for _, entry := range page.Payments {
			items = append(items, item{
				ours:      entry.Reference,
				theirs:    entry.Payment.ProviderReference,
				status:    string(entry.Payment.Status),
				succeeded: entry.Payment.Status == sdk.PaymentSucceeded,
			})
		}

		req.PageToken = page.NextPageToken
		if req.PageToken == "" {
			return items
		}
	}

	run.fatal("the list does not end within %d pages", maxPages)
	return nil
}

// listPayouts does the same for payouts: the two lookups are declared apart,
// and are often written apart.
func listPayouts(run *caseRun) {
	list := listing{
		lookup: run.info.PayoutLookup,
		since:  time.Now().Add(-time.Minute),
		made:   map[string]string{},
	}
	var payouts []sdk.PayoutContext

	for range listed {
		payout := payoutContextOf(run.payOut())
		run.settle(payout.Reference)
		payouts = append(payouts, payout)
		list.made[payout.Reference] = payout.ProviderReference
	}

	// Both ways must find the same payouts.
	list.byReference = func() []item {
		return run.payoutPages(sdk.ListPayoutsRequest{Payouts: payouts})
	}
	list.byTime = func(from, to time.Time) []item {
		return run.payoutPages(sdk.ListPayoutsRequest{From: from, To: to})
	}

	run.checkList(list)
}

// payoutPages asks for all pages of a list.
func (run *caseRun) payoutPages(req sdk.ListPayoutsRequest) []item {
	var items []item
	for range maxPages {
		page, err := run.account.ListPayouts(run.ctx, req)
		run.must(err, "ListPayouts")

		for _, entry := range page.Payouts {
			items = append(items, item{
				ours:      entry.Reference,
				theirs:    entry.Payout.ProviderReference,
				status:    string(entry.Payout.Status),
				succeeded: entry.Payout.Status == sdk.PayoutSucceeded,
			})
		}

		req.PageToken = page.NextPageToken
		if req.PageToken == "" {
			return items
		}
	}

	run.fatal("the list does not end within %d pages", maxPages)
	return nil
}
