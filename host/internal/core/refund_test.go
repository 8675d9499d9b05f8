package core_test

import (
	"context"
	"github.com/payhost/payhost/host/internal/coretest"
	"sync"
	"testing"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// paid returns a succeeded payment of 60 USD.
func (r *rig) paid(t *testing.T) string {
	t.Helper()
	r.Account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{
			ProviderReference: "theirs-1",
			Status:            sdk.PaymentSucceeded,
		}, nil
	}
	return r.Pay(t, "paid").ID
}

func refundOf(text string) payment.RefundRequest {
	return payment.RefundRequest{
		Amount: decimal.RequireFromString(text),
		Reason: "returned",
	}
}

// Two hosts with a connection each: neither may give back what the other has.
func TestRefundsNeverExceedTheirPayment(t *testing.T) {
	r := newRig(t)
	id := r.paid(t)
	r.Account.Refund = func(_ context.Context, req sdk.CreateRefundRequest) (*sdk.Refund, error) {
		return &sdk.Refund{
			ProviderReference: "r-" + req.Reference,
			Status:            sdk.RefundSucceeded,
		}, nil
	}

	second, err := store.Open(t.Context(), r.URL, store.WithClock(r.Clock.Now))
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()

	hosts := []*coretest.Node{r.Node, r.HostOn(t, second)}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		given = decimal.Zero
	)

	for n := range 16 {
		wg.Go(func() {
			back, _, err := hosts[n%2].CreateRefund(
				context.WithoutCancel(t.Context()),
				id,
				refundOf("11"),
				"k"+string(rune('a'+n)),
			)
			mu.Lock()
			defer mu.Unlock()

			if err == nil {
				given = given.Add(back.Amount.Decimal)
			} else if e := coretest.Problem(t, err); e.Code != payment.CodeConflict {
				t.Error(err)
			}
		})
	}

	wg.Wait()
	hosts[1].Wait()
	if !given.Equal(decimal.RequireFromString("55")) {
		t.Fatalf("%s USD of 60 were given back, want 55 in parts of 11", given)
	}

	if _, _, err := r.CreateRefund(t.Context(), id, refundOf("5.01"), "more"); coretest.Problem(
		t,
		err,
	).Code != payment.CodeConflict {
		t.Error(err)
	}

	if back, _, err := r.CreateRefund(t.Context(), id, refundOf("5"), "rest"); err != nil ||
		back.Status != payment.Succeeded {
		t.Errorf("the rest: %v, %v", back, err)
	}
}

func TestWhatAFailedRefundLeaves(t *testing.T) {
	for _, c := range []struct {
		outcome sdk.Outcome
		want    payment.Status
		free    bool // the amount can be given back by another refund
	}{
		{sdk.OutcomeRefused, payment.Failed, true}, {sdk.OutcomeNotSent, payment.Failed, true}, {sdk.OutcomeUnknown, payment.Unknown, false},
	} {
		t.Run(string(c.outcome), func(t *testing.T) {
			r := newRig(t)
			id := r.paid(t)
			r.Account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
				return nil, coretest.Failing(sdk.CodeDeclined, c.outcome)
			}

			for n := range 2 {
				_, replayed, err := r.CreateRefund(
					t.Context(),
					id,
					payment.RefundRequest{},
					"k",
				)
				if e := coretest.Problem(t, err); e.Outcome != c.outcome || e.PaymentID != id ||
					replayed != (n > 0) {
					t.Fatalf("got %v, replayed %v", e, replayed)
				}
			}

			list, err := r.Refunds(t.Context(), id)
			if err != nil || len(list) != 1 || list[0].Status != c.want ||
				list[0].Amount.String() != "60.00" {
				t.Fatalf("%+v, %v", list, err)
			}

			if got := r.PaymentStatus(t, id); got != payment.Succeeded {
				t.Errorf("the payment became %s", got)
			}
			r.Account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
				return &sdk.Refund{Status: sdk.RefundPending}, nil
			}

			if _, _, err = r.CreateRefund(t.Context(), id, payment.RefundRequest{}, "again"); (err == nil) != c.free {
				t.Errorf("another refund: %v", err)
			}
		})
	}
}

func TestOnlyASucceededPaymentIsRefunded(t *testing.T) {
	r := newRig(t)
	r.Account.Create = coretest.Redirecting
	r.Account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
		t.Error("it was sent")
		return &sdk.Refund{Status: sdk.RefundPending}, nil
	}

	id := r.Pay(t, "create").ID
	if _, _, err := r.CreateRefund(t.Context(), id, refundOf("1"), "k"); coretest.Problem(
		t,
		err,
	).Code != payment.CodeConflict {
		t.Error(err)
	}

	if _, _, err := r.CreateRefund(t.Context(), "pay_nothing", refundOf("1"), "k"); coretest.Problem(
		t,
		err,
	).Code != string(
		sdk.CodeNotFound,
	) {
		t.Error(err)
	}
}

func TestARefundInDoubtIsSettledByAsking(t *testing.T) {
	r := newRig(t)
	id := r.paid(t)
	r.Account.OnInfo.RefundLookup = sdk.Lookup{ByReference: true}
	r.Account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
		return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}

	asked := 0
	r.Account.RefundStatus = func(_ context.Context, req sdk.GetRefundRequest) (*sdk.Refund, error) {
		if req.Refund.Payment.Reference != id {
			t.Errorf("asked about the payment %s", req.Refund.Payment.Reference)
		}
		if asked++; asked == 1 {
			return &sdk.Refund{
				ProviderReference: "r1",
				Status:            sdk.RefundPending,
				State:             []byte("batch 7"),
			}, nil
		}

		if got := req.Refund; got.ProviderReference != "r1" ||
			string(got.State) != "batch 7" ||
			got.CreatedAt.IsZero() ||
			got.Sequence == 0 ||
			got.Payment.Sequence == 0 {
			t.Errorf("asked again with %+v", got)
		}

		return &sdk.Refund{ProviderReference: "r1", Status: sdk.RefundSucceeded}, nil
	}

	if _, _, err := r.CreateRefund(t.Context(), id, refundOf("1"), "k"); coretest.Problem(
		t,
		err,
	).Outcome != sdk.OutcomeUnknown {
		t.Fatal(err)
	}

	r.RecoverUntil(t, "the refund's success", func() bool {
		list, err := r.Refunds(t.Context(), id)
		return err == nil && list[0].Status == payment.Succeeded
	})
}

// A refund that had failed turns out to have been made, and its money has been
// given back by another one since: that is more than there was.
func TestALateRefundBesideAnotherIsUnderReview(t *testing.T) {
	for second, want := range map[string]payment.Status{"40": payment.UnderReview,
		"20": payment.Succeeded} {
		r := newRig(t)
		id := r.paid(t)
		refused := true
		r.Account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
			if refused {
				refused = false
				return nil, coretest.Failing(sdk.CodeDeclined, sdk.OutcomeRefused)
			}
			return &sdk.Refund{Status: sdk.RefundSucceeded}, nil
		}

		if _, _, err := r.CreateRefund(t.Context(), id, refundOf("40"), "first"); err == nil {
			t.Fatal("the first refund was not refused")
		}
		if _, _, err := r.CreateRefund(t.Context(), id, refundOf(second), "second"); err != nil {
			t.Fatal(err)
		}

		list, err := r.Refunds(t.Context(), id)
		if err != nil || len(list) != 2 || list[1].Status != payment.Failed {
			t.Fatalf("%v: %+v", err, list)
		}
		r.report(t, list[1].ID, intent.Answer, payment.Succeeded, intent.StatusQuery{})
		r.report(t, list[1].ID, intent.Answer, payment.Succeeded, intent.StatusQuery{})
		if list, err = r.Refunds(t.Context(), id); err != nil || list[1].Status != want {
			t.Errorf(
				"beside one of %s the late one is %s, want %s; %v",
				second,
				list[1].Status,
				want,
				err,
			)
		}
	}
}
