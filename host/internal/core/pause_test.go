package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// pause pauses acme.
func pause(t *testing.T, c *coretest.Node, what payment.PauseScope) []payment.Pause {
	t.Helper()
	list, err := c.Pause(t.Context(), "acme", what, "ann", "the provider is down")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// wantPaused checks that a request was refused because of a pause.
func wantPaused(t *testing.T, err error) {
	t.Helper()
	problem := coretest.Problem(t, err)
	advice := problem.Advise()
	if (problem.Code != payment.CodePaused) || (problem.Outcome != sdk.OutcomeNotSent) ||
		(problem.Provider != "acme") || (advice.Retry != payment.RetryWait) {
		t.Errorf("got %v, %+v", problem, advice)
	}
}

// What is paused is refused before anything is recorded, what is not goes on,
// and the same key serves after the pause.
func TestWhatIsPausedIsNotRecorded(t *testing.T) {
	ctx := t.Context()
	r := newRig(t)
	r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{ProviderReference: "p", Status: sdk.PayoutSucceeded}, nil
	}
	r.Account.Create = coretest.Redirecting
	earlier := r.Pay(t, "earlier")

	list := pause(t, r.Node, payment.PausePayments)
	if (len(list) != 1) || (list[0].By != "operator ann") ||
		(list[0].Reason != "the provider is down") || list[0].Since.IsZero() {
		t.Errorf("the pauses are %+v", list)
	}

	_, _, err := r.CreatePayment(ctx, coretest.Request(), "later")
	wantPaused(t, err)
	r.PayOut(t, "a payout")

	// What stands under a key is the answer, paused or not.
	again, replayed, err := r.CreatePayment(ctx, coretest.Request(), "earlier")
	if (err != nil) || !replayed || (again.ID != earlier.ID) {
		t.Errorf("the earlier one: %+v, %v, %v", again, replayed, err)
	}
	all, _, err := r.ListPayments(ctx, payment.Filter{})
	if (err != nil) || (len(all) != 1) {
		t.Errorf("%d payments are recorded, %v", len(all), err)
	}

	left, err := r.Resume(ctx, "acme", payment.PauseAll, "ann", "")
	if (err != nil) || (len(left) != 0) {
		t.Fatalf("after the pause: %v, %v", left, err)
	}
	r.Pay(t, "later")
}

// A pause has a reason and stops something that there is.
func TestAPauseThatSaysNothingIsRefused(t *testing.T) {
	r := newRig(t)
	_, err := r.Pause(t.Context(), "acme", "refunds", "ann", " ")
	problem := coretest.Problem(t, err)
	if len(problem.Violations) != 2 {
		t.Errorf("the violations are %v", problem.Violations)
	}
	if all, err := r.Pauses(t.Context()); (err != nil) || (len(all) != 0) {
		t.Errorf("%v are paused, %v", all, err)
	}
}

// A pause that is given again keeps its beginning.
func TestAPauseGivenAgainKeepsItsBeginning(t *testing.T) {
	r := newRig(t)
	first := pause(t, r.Node, payment.PausePayouts)
	r.Clock.Add(coretest.Grace)

	list, err := r.Pause(t.Context(), "acme", "", "bob", "and still is")
	if err != nil {
		t.Fatal(err)
	}
	if (len(list) != 2) || (list[1].Reason != "and still is") || (list[1].By != "operator bob") ||
		!list[1].Since.Equal(first[0].Since) {
		t.Errorf("first %+v, then %+v", first, list)
	}
}

// A doubtful payout is sent again during a pause: what is open goes on.
func TestWhatIsOpenGoesOnDuringAPause(t *testing.T) {
	r := newRig(t)
	r.DoubtfulPayout(sdk.RetryReturnsOriginal, func() (*sdk.Payout, error) {
		return &sdk.Payout{ProviderReference: "p", Status: sdk.PayoutSucceeded}, nil
	})
	id := r.PayOut(t, "k").ID
	pause(t, r.Node, payment.PauseAll)

	r.RecoverUntil(t, "the end of the payout", func() bool {
		return r.PayoutStatus(t, id) == payment.Succeeded
	})
}

// An operation that moves money is like a payout, and others are not.
func TestOperationsThatMoveMoneyArePausedWithPayouts(t *testing.T) {
	r := newRig(t)
	r.Account.OnInfo.Operations = []sdk.Operation{{Name: "send", MovesMoney: true}, {Name: "look"}}
	r.Account.Operation = func(context.Context, sdk.InvokeOperationRequest) (json.RawMessage, error) {
		return json.RawMessage(`{}`), nil
	}
	invoke := func(operation, key string) (replayed bool, err error) {
		_, replayed, err = r.Invoke(t.Context(), "acme", operation, json.RawMessage(`{}`), key)
		return replayed, err
	}
	if _, err := invoke("send", "earlier"); err != nil {
		t.Fatal(err)
	}

	pause(t, r.Node, payment.PausePayouts)
	_, err := invoke("send", "later")
	wantPaused(t, err)
	if replayed, err := invoke("send", "earlier"); (err != nil) || !replayed {
		t.Errorf("the earlier one: %v, %v", replayed, err)
	}
	if _, err := invoke("look", ""); err != nil {
		t.Error(err)
	}

	if _, err := r.Resume(t.Context(), "acme", payment.PausePayouts, "ann", ""); err != nil {
		t.Fatal(err)
	}
	if replayed, err := invoke("send", "later"); (err != nil) || replayed {
		t.Errorf("after the pause: %v, %v", replayed, err)
	}
}

// Two hosts, on PostgreSQL with a connection each: what begins after the pause was answered is
// refused on both.
func TestAPauseHoldsOnEveryHostAtOnce(t *testing.T) {
	r := newRig(t)
	r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{ProviderReference: "p", Status: sdk.PayoutSucceeded}, nil
	}
	hosts := []*coretest.Node{r.Node, r.NewHost(t)}
	if strings.HasPrefix(r.URL, "postgres") { // where hosts have connections of their own
		other, err := store.Open(t.Context(), r.URL, store.WithClock(r.Clock.Now))
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		hosts[1] = r.HostOn(t, other)
	}

	var paused atomic.Bool
	var made atomic.Int64
	enough := make(chan struct{})
	var callers sync.WaitGroup
	for n := range 16 {
		host := hosts[n%2]
		callers.Go(func() {
			for k := 0; ; k++ {
				after := paused.Load()
				key := fmt.Sprintf("%d-%d", n, k)
				_, _, err := host.CreatePayout(t.Context(), coretest.PayoutRequest(), key)
				var problem *payment.Error
				switch {
				case err == nil && after:
					t.Errorf("%s was made after the pause", key)
					return
				case err == nil:
					if made.Add(1) == 32 {
						close(enough)
					}
				case errors.As(err, &problem) && problem.Code == payment.CodePaused:
					return
				default:
					t.Errorf("%s: %v", key, err)
					return
				}
			}
		})
	}

	<-enough
	pause(t, hosts[1], payment.PausePayouts)
	paused.Store(true)
	callers.Wait()

	recorded, _, err := r.ListPayouts(t.Context(), payment.Filter{Limit: 200})
	if (err != nil) || (len(recorded) != min(200, int(made.Load()))) {
		t.Errorf("%d payouts were made and %d are recorded, %v", made.Load(), len(recorded), err)
	}
}
