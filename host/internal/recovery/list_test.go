package recovery_test

import (
	"context"
	"fmt"
	"github.com/payhost/payhost/host/internal/coretest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// books are a provider's books, and how often it was asked.
type books struct {
	mu    sync.Mutex
	paid  map[string]*sdk.Payment // by our reference
	order []string
	lists []sdk.ListPaymentsRequest
	gets  []string
	// answer makes a page; get answers about one payment. A test may replace
	// both.
	answer func(r sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error)
}

// listing returns a rig whose provider lists, with payments that have been paid
// since they were made.
func listing(t *testing.T, lookup sdk.Lookup, payments int) (*coretest.Rig, *books, []string) {
	t.Helper()
	r, b := coretest.NewRig(t), &books{paid: map[string]*sdk.Payment{}}
	r.Account.OnInfo.PaymentLookup = lookup
	r.Account.Create = func(_ context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		theirs := fmt.Sprintf("theirs-%d", len(b.paid)+1)
		b.paid[req.Reference] = &sdk.Payment{
			ProviderReference: theirs,
			Status:            sdk.PaymentSucceeded,
			Amount:            &req.Amount,
		}

		b.order = append(b.order, req.Reference)
		return &sdk.Payment{ProviderReference: theirs, Status: sdk.PaymentProcessing}, nil
	}

	r.Account.List = b.list
	r.Account.Get = b.get
	b.answer = b.all
	var ids []string
	for k := range payments {
		ids = append(ids, r.Pay(t, fmt.Sprintf("k%d", k)).ID)
	}

	r.Clock.Add(time.Minute)
	return r, b, ids
}

func (b *books) list(
	_ context.Context,
	r sdk.ListPaymentsRequest,
) (*sdk.ListPaymentsResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lists = append(b.lists, r)
	return b.answer(r)
}

func (b *books) get(_ context.Context, r sdk.GetPaymentRequest) (*sdk.Payment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gets = append(b.gets, r.Payment.Reference)
	if p, ok := b.paid[r.Payment.Reference]; ok {
		return p, nil
	}
	return nil, coretest.Failing(sdk.CodeNotFound, sdk.OutcomeRefused)
}

// all is a page with everything that was asked about.
func (b *books) all(r sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	out := &sdk.ListPaymentsResponse{}
	for _, id := range b.order {
		asked := len(r.Payments) == 0 || slices.Contains(r.References(), id)
		if p := b.paid[id]; p != nil && asked {
			out.Payments = append(
				out.Payments,
				sdk.ListedPayment{Reference: id, Payment: *p},
			)
		}
	}

	return out, nil
}

func (b *books) asked() (lists, gets int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.lists), len(b.gets)
}

var byReference = sdk.Lookup{ByReference: true, Amounts: true, ListByReference: true}

// What a list can say, and how many calls it takes until every payment is known
// to have succeeded.
func TestManyAreAskedAboutInOneCall(t *testing.T) {
	byTime := sdk.Lookup{ByReference: true, Amounts: true, ListByTime: true}
	for _, c := range []struct {
		name        string
		lookup      sdk.Lookup
		answer      func(b *books, r sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error)
		lists, gets int
	}{
		{"all of them", byReference, (*books).all, 1, 0},
		{"by time", byTime, (*books).all, 1, 0},
		{"neither declared", sdk.Lookup{ByReference: true}, (*books).all, 0, 5},
		{"in pages, one of them empty", byReference, paged, 4, 0},
		{"without our references", byReference, nameless, 1, 0},
		{"with rows of others", byReference, withOthers, 1, 0},
		{"one is missing", byReference, without(1), 1, 1},
		{"all are missing", byReference, without(5), 1, 5},
		{"one is there twice", byReference, twice, 1, 1},
		{"pages without end", byReference, endless, 20, 5},
		{"the list fails", byReference, refusing, 1, 5},
		{"the second page fails", byReference, brokenOff, 2, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, b, ids := listing(t, c.lookup, 5)
			b.answer = func(r sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) { return c.answer(b, r) }
			if err := r.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}

			for _, id := range ids {
				if got := r.PaymentStatus(t, id); got != payment.Succeeded {
					t.Errorf("%s is %s", id, got)
				}
			}

			if lists, gets := b.asked(); lists != c.lists || gets != c.gets {
				t.Errorf(
					"%d lists and %d single questions, want %d and %d",
					lists,
					gets,
					c.lists,
					c.gets,
				)
			}
		})
	}
}

func paged(b *books, r sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	all, err := b.all(r)
	switch r.PageToken {
	case "":
		return &sdk.ListPaymentsResponse{
			Payments:      all.Payments[:2],
			NextPageToken: "2",
		}, err
	case "2":
		return &sdk.ListPaymentsResponse{NextPageToken: "3"}, err
	case "3":
		return &sdk.ListPaymentsResponse{
			Payments:      all.Payments[2:4],
			NextPageToken: "4",
		}, err
	}

	return &sdk.ListPaymentsResponse{Payments: all.Payments[4:]}, err
}

func nameless(b *books, r sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	all, err := b.all(r)
	for k := range all.Payments {
		all.Payments[k].Reference = ""
	}
	return all, err
}

func withOthers(b *books, r sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	all, err := b.all(r)
	failed := sdk.Payment{ProviderReference: "somebody-elses", Status: sdk.PaymentFailed}

	// A row that says whose it is is theirs, also under a reference that we
	// know.
	known := sdk.Payment{ProviderReference: "theirs-1", Status: sdk.PaymentFailed}
	all.Payments = append(
		all.Payments,
		sdk.ListedPayment{Payment: failed},
		sdk.ListedPayment{Reference: "pay_of_others", Payment: known},
	)

	return all, err
}

// without leaves the first n out.
func without(
	n int,
) func(*books, sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	return func(b *books, r sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
		all, err := b.all(r)
		all.Payments = all.Payments[n:]
		return all, err
	}
}

func twice(b *books, r sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	all, err := b.all(r)
	again := all.Payments[0]
	again.Payment.Status = sdk.PaymentFailed
	all.Payments = append(all.Payments, again)
	return all, err
}

func endless(b *books, r sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	all, err := b.all(r)
	if r.PageToken != "" {
		all.Payments = nil
	}
	all.NextPageToken = "more"
	return all, err
}

func refusing(*books, sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	return nil, coretest.Failing(sdk.CodeInternal, sdk.OutcomeUnknown)
}

func brokenOff(b *books, r sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	if r.PageToken != "" {
		return refusing(b, r)
	}
	all, err := b.all(r)
	all.NextPageToken = "2"
	return all, err
}

func TestAListedAmountThatDiffersIsUnderReview(t *testing.T) {
	r, b, ids := listing(t, byReference, 3)
	b.paid[ids[1]].Amount = &sdk.Money{
		Amount:   decimal.RequireFromString("6"),
		Currency: "USD",
	}
	if err := r.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}

	for k, want := range []payment.Status{payment.Succeeded, payment.UnderReview, payment.Succeeded} {
		if got := r.PaymentStatus(t, ids[k]); got != want {
			t.Errorf("payment %d is %s, want %s", k, got, want)
		}
	}

	if lists, gets := b.asked(); lists != 1 || gets != 0 {
		t.Errorf("%d lists and %d single questions", lists, gets)
	}
}

// A list by time asks about the time in which they were made, and not about
// what was made at quite another time.
func TestAListByTimeCoversWhenTheyWereMade(t *testing.T) {
	r, b, _ := listing(t, sdk.Lookup{ByReference: true, Amounts: true, ListByTime: true}, 2)
	first := r.Clock.Now().Add(-time.Minute)
	r.Clock.Add(2 * time.Hour)
	r.Pay(t, "much-later")
	r.Clock.Add(time.Minute)
	if err := r.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}

	lists, gets := b.asked()
	if lists != 1 || gets != 1 {
		t.Fatalf(
			"%d lists and %d single questions, want one for the two that were made together, and one",
			lists,
			gets,
		)
	}

	if l := b.lists[0]; len(l.Payments) != 0 || l.From.After(first) || !l.To.After(first) ||
		l.To.Sub(l.From) > time.Hour {
		t.Errorf("asked about %s to %s, and they were made at %s", l.From, l.To, first)
	}
}

// What a provider that can only list says of a create in doubt: that a list by
// reference lacks it is "not found", and counts when the search is immediate;
// one by time never proves anything.
func TestWhatAListLacksIsRepeatedOnlyWhenThatProvesSomething(t *testing.T) {
	for _, c := range []struct {
		name    string
		lookup  sdk.Lookup
		creates int64
	}{
		{"by reference, immediate", sdk.Lookup{ByReference: true, ListByReference: true, Immediate: true}, 2},
		{"by reference, perhaps later", sdk.Lookup{ByReference: true, ListByReference: true}, 1},
		{"by time", sdk.Lookup{ByReference: true, ListByTime: true, Immediate: true}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := coretest.NewRig(t)
			r.Account.OnInfo.PayoutLookup = c.lookup
			r.Account.OnInfo.CreatePayout = sdk.IdempotencySupport{
				Retry: sdk.RetryRejectsDuplicates,
			}
			r.Account.PayoutList = func(context.Context, sdk.ListPayoutsRequest) (*sdk.ListPayoutsResponse, error) {
				return &sdk.ListPayoutsResponse{}, nil
			}

			r.Account.Payout = func(_ context.Context, req sdk.CreatePayoutRequest) (*sdk.Payout, error) {
				if req.Attempt == 1 {
					return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
				}
				return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
			}

			r.PayOut(t, "k")
			for range 5 {
				r.Clock.Add(20 * time.Second)
				if err := r.Recover(t.Context()); err != nil {
					t.Fatal(err)
				}
			}

			if got := r.Account.Creates(); got != c.creates {
				t.Errorf("created %d times, want %d", got, c.creates)
			}
		})
	}
}
