package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

func caps(text ...string) (list []sdk.Money) {
	for _, one := range text {
		digits, currency, _ := strings.Cut(one, " ")
		list = append(
			list,
			sdk.Money{Amount: decimal.RequireFromString(digits), Currency: currency},
		)
	}
	return list
}

// payout asks for a payout of an amount such as "5.00 USD".
func payout(c *coretest.Node, text, key string) (*payment.Payout, error) {
	money := caps(text)[0]
	request := coretest.PayoutRequest()
	request.Amount, request.Currency = money.Amount, money.Currency
	made, _, err := c.CreatePayout(context.Background(), request, key)
	return made, err
}

// succeed makes every payout succeed.
func succeed(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
	return &sdk.Payout{ProviderReference: "p", Status: sdk.PayoutSucceeded}, nil
}

// wantLimit checks that a request was refused because of a cap.
func wantLimit(t *testing.T, err error, retry payment.Retry) *payment.Error {
	t.Helper()
	problem := coretest.Problem(t, err)
	if (problem.Code != string(sdk.CodeLimit)) || (problem.Outcome != sdk.OutcomeNotSent) ||
		(problem.Provider != "acme") || (problem.Advise().Retry != retry) {
		t.Errorf("got %v, %+v", problem, problem.Advise())
	}
	return problem
}

// One payment or payout above its cap is refused and not recorded, one at the
// cap and one in another currency are made, and the same key serves when the
// cap is higher.
func TestOneAboveItsCapIsNotRecorded(t *testing.T) {
	r := newRig(t)
	r.Account.Payout = succeed
	r.Account.Create = coretest.Redirecting
	r.Account.Settings.Limits = config.Limits{
		PaymentMax: caps("60.00 USD"),
		PayoutMax:  caps("5 USD", "1 EUR"),
	}

	request := coretest.Request()
	request.Amount, request.Currency = decimal.RequireFromString("60.01"), "USD"
	_, _, err := r.CreatePayment(t.Context(), request, "payment")
	problem := wantLimit(t, err, payment.RetryNever)
	if !strings.Contains(problem.Message, "60.00 USD") {
		t.Errorf("the message is %q", problem.Message)
	}

	request.Amount = decimal.RequireFromString("60.000")
	if _, _, err := r.CreatePayment(t.Context(), request, "payment"); err != nil {
		t.Errorf("at the cap: %v", err)
	}

	_, err = payout(r.Node, "5.01 USD", "payout")
	wantLimit(t, err, payment.RetryNever)

	for _, amount := range []string{"5.00 USD", "1000 GBP"} {
		if _, err := payout(r.Node, amount, amount); err != nil {
			t.Errorf("%s: %v", amount, err)
		}
	}

	list, _, err := r.ListPayouts(t.Context(), payment.Filter{})
	if (err != nil) || (len(list) != 2) {
		t.Errorf("%d payouts are recorded, %v", len(list), err)
	}

	r.Account.Settings.Limits.PayoutMax = caps("6 USD")
	if _, err := payout(r.Node, "5.01 USD", "payout"); err != nil {
		t.Errorf("under a higher cap: %v", err)
	}
}

// What the payouts of a day add up to stays at the cap. A payout that is a day
// old and one that failed leave room; a key that is taken has its answer.
func TestPayoutsOfADayAreCapped(t *testing.T) {
	r := newRig(t)
	r.Account.Payout = succeed
	r.Account.Settings.Limits = config.Limits{PayoutPerDay: caps("20.00 USD")}
	made := func(amount, key string) {
		t.Helper()
		if _, err := payout(r.Node, amount, key); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
	}

	made("15 USD", "first")
	r.Clock.Add(time.Hour)
	made("5.00 USD", "second")
	made("100 EUR", "another currency")
	_, err := payout(r.Node, "0.01 USD", "third")
	problem := wantLimit(t, err, payment.RetryWait)
	if problem.RetryAfter.Round(time.Minute) != 23*time.Hour {
		t.Errorf("retry after %s", problem.RetryAfter)
	}

	_, err = payout(r.Node, "20.01 USD", "too large for any day")
	wantLimit(t, err, payment.RetryNever)
	made("15 USD", "first")

	// The first one is a day old, the second is not.
	r.Clock.Add(23 * time.Hour)
	_, err = payout(r.Node, "15.01 USD", "third")
	wantLimit(t, err, payment.RetryWait)
	made("0.01 USD", "third")

	r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return nil, coretest.Failing(sdk.CodeDeclined, sdk.OutcomeRefused)
	}
	made("14.99 USD", "refused")
	r.Account.Payout = succeed
	made("14.99 USD", "fourth")
	_, err = payout(r.Node, "0.01 USD", "fifth")
	wantLimit(t, err, payment.RetryWait)
}

// doubt makes every payout doubtful.
func doubt(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
	return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
}

// The payout by which what is in doubt reaches doubt_max pauses the payouts in
// its own commit, and says so. Nothing else does, and only an operator resumes.
func TestTooMuchDoubtPausesPayouts(t *testing.T) {
	ctx := t.Context()
	r := newRig(t)
	r.Account.Payout = doubt
	r.Account.Create = coretest.Redirecting
	r.Account.Settings.Limits = config.Limits{DoubtMax: caps("10.00 USD")}

	for _, amount := range []string{"9.99 USD", "50 EUR"} {
		if _, err := payout(r.Node, amount, amount); err != nil {
			t.Fatal(err)
		}
	}

	if list, err := r.Pauses(ctx); (err != nil) || (len(list) != 0) {
		t.Fatalf("below the cap %v are paused, %v", list, err)
	}

	last, err := payout(r.Node, "0.01 USD", "last")
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.Pauses(ctx)
	if (err != nil) || (len(list) != 1) || (list[0].What != payment.PausePayouts) ||
		(list[0].By != "host") || !strings.Contains(list[0].Reason, last.ID) ||
		!strings.Contains(list[0].Reason, "10.00 USD") {
		t.Fatalf("the pauses are %+v, %v", list, err)
	}

	_, err = payout(r.Node, "1 USD", "later")
	wantPaused(t, err)
	r.Pay(t, "a payment")
	events, err := r.Events(ctx, "", []string{"provider.paused"}, 10)
	if (err != nil) || (len(events) != 1) || (events[0].PayoutID != last.ID) {
		t.Errorf("the events are %+v, %v", events, err)
	}

	told := func(one payment.Change) bool {
		return (one.Actor == "host") && (one.Action == "paused payouts") &&
			(one.Note == list[0].Reason)
	}
	if now, err := r.Payout(ctx, last.ID); (err != nil) ||
		!slices.ContainsFunc(now.History, told) {
		t.Errorf("the history does not tell, %v", err)
	}

	// An operator's word goes before what is in doubt already, not before what
	// comes to be.
	r.Account.Payout = succeed
	if _, err := r.Resume(ctx, "acme", payment.PauseAll, "ann", "the provider settled"); err != nil {
		t.Fatal(err)
	}

	if _, err := payout(r.Node, "1 USD", "later"); err != nil {
		t.Fatal(err)
	}
	r.Account.Payout = doubt
	if _, err := payout(r.Node, "1 USD", "doubtful again"); err != nil {
		t.Fatal(err)
	}

	if list, err := r.Pauses(ctx); (err != nil) || (len(list) != 1) {
		t.Errorf("after another doubt %v are paused, %v", list, err)
	}
}

// A pause by an operator is not made the host's.
func TestDoubtLeavesAnOperatorsPauseAlone(t *testing.T) {
	r := newRig(t)
	r.Account.Settings.Limits = config.Limits{DoubtMax: caps("1 USD")}
	r.Account.Payout = func(ctx context.Context, request sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		pause(t, r.Node, payment.PausePayouts)
		return doubt(ctx, request)
	}

	if _, err := payout(r.Node, "5 USD", "k"); err != nil {
		t.Fatal(err)
	}

	list, err := r.Pauses(t.Context())
	if (err != nil) || (len(list) != 1) || (list[0].By != "operator ann") {
		t.Errorf("the pauses are %+v, %v", list, err)
	}
}

// Sixteen callers at two hosts, on PostgreSQL with a connection each, at the
// edge of a cap: all of it is used, and not one more is made.
func TestACapIsExactOverSeveralHosts(t *testing.T) {
	r := newRig(t)
	r.Account.Payout = succeed
	r.Account.Settings.Limits = config.Limits{PayoutPerDay: caps("50.00 USD")}
	hosts := []*coretest.Node{r.Node, r.NewHost(t)}
	if strings.HasPrefix(r.URL, "postgres") { // where hosts have connections of their own
		other, err := store.Open(t.Context(), r.URL, store.WithClock(r.Clock.Now))
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()

		hosts[1] = r.HostOn(t, other)
	}

	var made, refused atomic.Int64
	var callers sync.WaitGroup

	for n := range 16 {
		callers.Go(func() {
			for k := range 8 {
				_, err := payout(hosts[n%2], "0.99 USD", fmt.Sprintf("%d-%d", n, k))
				var problem *payment.Error

				switch {
				case err == nil:
					made.Add(1)
				case errors.As(err, &problem) && (problem.Code == string(sdk.CodeLimit)):
					refused.Add(1)
				default:
					t.Errorf("%d-%d: %v", n, k, err)
				}
			}
		})
	}

	callers.Wait()

	recorded, _, err := r.ListPayouts(t.Context(), payment.Filter{Limit: 200})
	if (err != nil) || (len(recorded) != 50) || (made.Load() != 50) ||
		(refused.Load() != 78) {
		t.Errorf("%d were made, %d refused, %d are recorded, %v",
			made.Load(), refused.Load(), len(recorded), err)
	}

	if r.Account.Creates() != 50 {
		t.Errorf("the provider was called %d times", r.Account.Creates())
	}
}
