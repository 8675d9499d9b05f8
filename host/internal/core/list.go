package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// A provider that can be asked about many intents in one call is: by their references or, where it only lists by time, by
// the range in which they were made. What a list does not answer beyond doubt is asked about by itself.

const (
	// listAtMost is how many intents one list is about.
	listAtMost = 50
	// listPages is how many pages of one answer are read. A list by time also has what nobody asked about.
	listPages = 20
	// listSpan is within what time intents must have been made to be listed together by time.
	listSpan = time.Hour
	// listMargin is added at both ends: the provider's clock is not ours, and it counts from when it got the call.
	listMargin = 10 * time.Minute
)

// errIncomplete is for an answer with more pages than are read: what is not on those may be on another.
var errIncomplete = fmt.Errorf("the list goes on after %d pages", listPages)

// listing is how the intents of a kind can be listed, as the plugin declares and the account can.
type listing struct{ byReference, byTime bool }

func (m listing) possible() bool { return m.byReference || m.byTime }

func listingOf(l Lease, kind payment.Kind) listing {
	switch info := l.Info(); {
	case kind == payment.KindPayment && l.Has(sdk.CapabilityListPayments):
		return listing{info.PaymentLookup.ListByReference, info.PaymentLookup.ListByTime}
	case kind == payment.KindPayout && l.Has(sdk.CapabilityListPayouts):
		return listing{info.PayoutLookup.ListByReference, info.PayoutLookup.ListByTime}
	}
	return listing{}
}

// listTogether gives the largest part of list, which is in order, that one call can be about: of one kind and, where that
// is what is listed by, of one time.
func (c *Core) listTogether(l Lease, list []*intent.Intent) (together []*intent.Intent) {
	for _, i := range list {
		how := listingOf(l, i.Kind)
		if !how.possible() || !c.asking(l, i).Possible {
			continue
		}
		if len(together) > 0 && (i.Kind != together[0].Kind || !how.byReference && i.CreatedAt.Sub(together[0].CreatedAt).Abs() > listSpan) {
			continue
		}
		together = append(together, i)
	}
	return together[:min(len(together), listAtMost)]
}

// row is what a list says of one payment or payout.
type row struct {
	reference string // ours, "" when the provider does not say
	report    intent.Report
}

// answers are what a whole list says, by the intents' ids.
type answers struct {
	reports map[string]intent.Report
	// doubtful are those that several rows are about: nobody can tell which of them is true.
	doubtful map[string]bool
}

// askAll asks about intents of one kind in one call. Only a whole list counts: it is then known that no other row is about
// the same intent.
func (c *Core) askAll(ctx context.Context, l Lease, list []*intent.Intent) (answers, error) {
	ctx, cancel := context.WithTimeout(ctx, l.Config().Timeout)
	defer cancel()
	var rows []row
	token := ""
	for range listPages {
		page, next, err := c.listPage(ctx, l, list, token)
		if err != nil {
			return answers{}, err
		}
		rows = append(rows, page...)
		if next == "" {
			return matched(list, rows), nil
		}
		token = next
	}
	return answers{}, errIncomplete
}

// listPage makes one call.
func (c *Core) listPage(ctx context.Context, l Lease, list []*intent.Intent, token string) (rows []row, next string, err error) {
	kind := list[0].Kind
	var from, to time.Time
	if !listingOf(l, kind).byReference {
		from, to = made(list)
	}
	if kind == payment.KindPayout {
		req := sdk.ListPayoutsRequest{From: from, To: to, PageToken: token}
		for _, i := range list {
			if from.IsZero() {
				req.Payouts = append(req.Payouts, PayoutContext(i))
			}
		}
		page, err := l.ListPayouts(ctx, req)
		if err != nil {
			return nil, "", err
		}
		for _, p := range page.Payouts {
			rows = append(rows, row{p.Reference, payoutReport(actorPoll, intent.Answer, &p.Payout)})
		}
		return rows, page.NextPageToken, nil
	}
	req := sdk.ListPaymentsRequest{From: from, To: to, PageToken: token}
	for _, i := range list {
		if from.IsZero() {
			req.Payments = append(req.Payments, PaymentContext(i))
		}
	}
	page, err := l.ListPayments(ctx, req)
	if err != nil {
		return nil, "", err
	}
	for _, p := range page.Payments {
		rows = append(rows, row{p.Reference, paymentReport(actorPoll, intent.Answer, &p.Payment)})
	}
	return rows, page.NextPageToken, nil
}

// made is the range in which a provider must have made intents.
func made(list []*intent.Intent) (from, to time.Time) {
	for _, i := range list {
		if from.IsZero() || i.CreatedAt.Before(from) {
			from = i.CreatedAt
		}
		if i.CreatedAt.After(to) {
			to = i.CreatedAt
		}
	}
	return from.Add(-listMargin), to.Add(listMargin)
}

// matched finds the rows that are about the intents of a list. One that is about none of them is somebody else's.
func matched(list []*intent.Intent, rows []row) answers {
	a := answers{map[string]intent.Report{}, map[string]bool{}}
	for _, r := range rows {
		id := r.about(list)
		if _, twice := a.reports[id]; twice {
			a.doubtful[id] = true
		}
		if id != "" {
			a.reports[id] = r.report
		}
	}
	for id := range a.doubtful {
		delete(a.reports, id)
	}
	return a
}

// about gives the id of the only intent that a row can be about: by our reference or, where it has none, by the provider's.
func (r row) about(list []*intent.Intent) (id string) {
	for _, i := range list {
		switch {
		case r.reference == i.ID:
			return i.ID
		case r.reference != "", r.report.ProviderReference == "":
		case i.ProviderReference == r.report.ProviderReference || slices.Contains(i.References, r.report.ProviderReference):
			if id != "" {
				return "" // two of ours
			}
			id = i.ID
		}
	}
	return id
}

// listOne asks about one intent by a list. That a list by reference lacks it means that the provider does not know it; one
// by time may lack it for other reasons, and proves nothing.
func (c *Core) listOne(ctx context.Context, l Lease, i *intent.Intent) (intent.Report, error) {
	a, err := c.askAll(ctx, l, []*intent.Intent{i})
	if err != nil {
		return intent.Report{}, err
	}
	if report, ok := a.reports[i.ID]; ok {
		return report, nil
	}
	if a.doubtful[i.ID] || !listingOf(l, i.Kind).byReference {
		return intent.Report{}, &sdk.Error{Code: sdk.CodeUnavailable, Outcome: sdk.OutcomeUnknown,
			Message: "the provider's list does not tell what became of " + i.ID}
	}
	return intent.Report{}, &sdk.Error{Code: sdk.CodeNotFound, Outcome: sdk.OutcomeRefused, Message: "the provider's list does not have " + i.ID}
}

// settleAll asks about intents in one call, and gives those that it did not answer.
func (c *Core) settleAll(ctx context.Context, l Lease, list []*intent.Intent) (rest []*intent.Intent, err error) {
	asked := c.nowMicro()
	a, err := c.askAll(ctx, l, list)
	if err != nil {
		return list, fmt.Errorf("list %d intents in one call (each is now asked about by itself): %w", len(list), err)
	}
	failures := make([]error, len(list))
	var writes sync.WaitGroup
	for k, i := range list {
		report, ok := a.reports[i.ID]
		if !ok {
			rest = append(rest, i)
			continue
		}
		writes.Go(func() { // at once, so that they share a commit
			failures[k] = c.change(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
				if err := c.answered(ctx, tx, current, report, c.asking(l, current), asked); err != nil {
					return err
				}
				return c.expireIn(ctx, tx, current)
			})
		})
	}
	writes.Wait()
	return rest, errors.Join(failures...)
}
