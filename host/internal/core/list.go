package core

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// This file queries the status of many intents in one call, where the provider
// can list them: by their references or, where it only lists by time, by the
// range in which they were made. An intent that a list does not answer beyond
// doubt is queried by itself.

const (
	// MaxListed is how many intents one list is about at most.
	MaxListed = 50
	// listPages is how many pages of one answer are read. A list by time also
	// has intents that the query is not about.
	listPages = 20
	// listSpan is within what time intents must have been made to be listed
	// together by time.
	listSpan = time.Hour
	// listMargin is added at both ends: the provider's clock is not the host's,
	// and it counts from when it got the call.
	listMargin = 10 * time.Minute
)

// errIncomplete is for an answer with more pages than are read: an intent that
// is not on those may be on another.
var errIncomplete = fmt.Errorf("the list goes on after %d pages", listPages)

// listing is how the intents of a kind can be listed, as the plugin declares
// and the account can.
type listing struct{ byReference, byTime bool }

func (l listing) possible() bool { return l.byReference || l.byTime }

// listingOf returns how intents of a kind can be listed through a lease.
// Refunds cannot.
func listingOf(lease Lease, kind payment.Kind) listing {
	lookup := sdk.Lookup{}
	switch {
	case kind == payment.KindPayment && lease.Has(sdk.CapabilityListPayments):
		lookup = lease.Info().PaymentLookup
	case kind == payment.KindPayout && lease.Has(sdk.CapabilityListPayouts):
		lookup = lease.Info().PayoutLookup
	}
	return listing{byReference: lookup.ListByReference, byTime: lookup.ListByTime}
}

// Listable returns the largest part of intents, which are in order, that one
// list can be about: of one kind and, where that is what is listed by, of one
// time.
func Listable(lease Lease, intents []*intent.Intent) (together []*intent.Intent) {
	for _, i := range intents {
		how := listingOf(lease, i.Kind)
		if !how.possible() || !CanQuery(lease, i) {
			continue
		}
		if len(together) > 0 && !fits(together[0], i, how) {
			continue
		}

		together = append(together, i)
	}

	return together[:min(len(together), MaxListed)]
}

// fits reports whether an intent can be listed in one call with the first one.
func fits(first, i *intent.Intent, how listing) bool {
	if i.Kind != first.Kind {
		return false
	}
	return how.byReference || i.CreatedAt.Sub(first.CreatedAt).Abs() <= listSpan
}

// QueryList queries the status of intents of one kind in one list, and returns
// the answers by the intents' ids. An intent that is missing there is not
// answered beyond doubt. Only a whole list counts: it is then known that no
// other row is about the same intent. The error is the provider's or its
// plugin's.
func QueryList(ctx context.Context, lease Lease, intents []*intent.Intent,
) (map[string]intent.Report, error) {
	found, err := queryList(ctx, lease, intents)
	return found.reports, err
}

// queryList reads a whole list, page by page, within one call's timeout.
func queryList(
	ctx context.Context,
	lease Lease,
	intents []*intent.Intent,
) (answers, error) {
	ctx, cancel := context.WithTimeout(ctx, lease.Config().Timeout)
	defer cancel()

	// Only a whole list counts, so nothing is matched before its last page.
	var rows []row
	token := ""

	for range listPages {
		page, next, err := listPage(ctx, lease, intents, token)
		if err != nil {
			return answers{}, err
		}
		rows = append(rows, page...)
		if next == "" {
			return matched(intents, rows), nil
		}

		token = next
	}

	return answers{}, errIncomplete
}

// listOne queries the status of one intent by a list. An intent that is missing
// in a list by reference is not known to the provider; one by time may lack it
// for other reasons, and proves nothing.
func listOne(ctx context.Context, lease Lease, i *intent.Intent) (intent.Report, error) {
	found, err := queryList(ctx, lease, []*intent.Intent{i})
	if err != nil {
		return intent.Report{}, err
	}
	if report, ok := found.reports[i.ID]; ok {
		return report, nil
	}

	// "Not found" may lead to a retry: it needs a list that would have the
	// intent.
	if found.doubtful[i.ID] || !listingOf(lease, i.Kind).byReference {
		return intent.Report{}, &sdk.Error{
			Code:    sdk.CodeUnavailable,
			Outcome: sdk.OutcomeUnknown,
			Message: "the provider's list does not tell what became of " + i.ID,
		}
	}

	return intent.Report{}, &sdk.Error{
		Code:    sdk.CodeNotFound,
		Outcome: sdk.OutcomeRefused,
		Message: "the provider's list does not have " + i.ID,
	}
}

// row is what a list says of one payment or payout.
type row struct {
	reference string // the host's, "" when the provider does not say
	report    intent.Report
}

// listPage makes one call. A list by time has no references, one by reference
// no times.
func listPage(ctx context.Context, lease Lease, intents []*intent.Intent, token string,
) (rows []row, next string, err error) {
	kind := intents[0].Kind
	var from, to time.Time
	if !listingOf(lease, kind).byReference {
		from, to = made(intents)
		intents = nil
	}

	if kind == payment.KindPayout {
		return listPayouts(ctx, lease, intents, sdk.ListPayoutsRequest{
			From:      from,
			To:        to,
			PageToken: token,
		})
	}

	return listPayments(ctx, lease, intents, sdk.ListPaymentsRequest{
		From:      from,
		To:        to,
		PageToken: token,
	})
}

// listPayouts asks for a page of payouts; intents are those that it is about,
// nil in a list by time.
func listPayouts(
	ctx context.Context,
	lease Lease,
	intents []*intent.Intent,
	request sdk.ListPayoutsRequest,
) (rows []row, next string, err error) {
	for _, i := range intents {
		request.Payouts = append(request.Payouts, PayoutContext(i))
	}
	page, err := lease.ListPayouts(ctx, request)
	if err != nil {
		return nil, "", err
	}

	for _, listed := range page.Payouts {
		report := payoutReport(actorPoll, intent.Answer, &listed.Payout)
		rows = append(rows, row{listed.Reference, report})
	}

	return rows, page.NextPageToken, nil
}

// listPayments is listPayouts for payments.
func listPayments(
	ctx context.Context,
	lease Lease,
	intents []*intent.Intent,
	request sdk.ListPaymentsRequest,
) (rows []row, next string, err error) {
	for _, i := range intents {
		request.Payments = append(request.Payments, PaymentContext(i))
	}
	page, err := lease.ListPayments(ctx, request)
	if err != nil {
		return nil, "", err
	}

	for _, listed := range page.Payments {
		report := paymentReport(actorPoll, intent.Answer, &listed.Payment)
		rows = append(rows, row{listed.Reference, report})
	}

	return rows, page.NextPageToken, nil
}

// made returns the range in which a provider must have made intents.
func made(intents []*intent.Intent) (from, to time.Time) {
	for _, i := range intents {
		if from.IsZero() || i.CreatedAt.Before(from) {
			from = i.CreatedAt
		}
		if i.CreatedAt.After(to) {
			to = i.CreatedAt
		}
	}
	return from.Add(-listMargin), to.Add(listMargin)
}

// answers are what a whole list says, by the intents' ids.
type answers struct {
	reports map[string]intent.Report
	// doubtful are those that several rows are about: it cannot be told which
	// of them is true.
	doubtful map[string]bool
}

// matched finds the rows that are about intents. A row that is about none of
// them is about what the host did not ask.
func matched(intents []*intent.Intent, rows []row) answers {
	found := answers{map[string]intent.Report{}, map[string]bool{}}
	for _, r := range rows {
		id := r.about(intents)
		if _, twice := found.reports[id]; twice {
			found.doubtful[id] = true
		}
		if id != "" {
			found.reports[id] = r.report
		}
	}

	// Two rows about one intent may contradict each other: neither is believed.
	for id := range found.doubtful {
		delete(found.reports, id)
	}

	return found
}

// about returns the id of the only intent that a row can be about: by the
// host's reference or, where the row has none, by the provider's.
func (r row) about(intents []*intent.Intent) (id string) {
	theirs := r.report.ProviderReference
	for _, i := range intents {
		switch {
		case r.reference == i.ID:
			return i.ID
		case r.reference != "", theirs == "":
		case i.ProviderReference == theirs || slices.Contains(i.References, theirs):
			if id != "" {
				return "" // two of them
			}
			id = i.ID
		}
	}

	return id
}
