package core_test

import (
	"context"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// The account has become somebody else at the provider since the payment was
// made: whatever would be sent or asked would be about another merchant's
// money.
func TestNothingOfOneIdentityIsSentOrAskedAsAnother(t *testing.T) {
	answer := func() (*sdk.Payment, error) {
		return &sdk.Payment{
			ProviderReference: "theirs-1",
			Status:            sdk.PaymentSucceeded,
		}, nil
	}

	scripted := func(t *testing.T, r *rig) {
		for _, ch := range changes {
			ch.script(r, func() (*sdk.Payment, error) {
				t.Error("it was sent")
				return answer()
			})
		}

		r.Account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
			t.Error("the refund was sent")
			return &sdk.Refund{Status: sdk.RefundSucceeded}, nil
		}

		r.Account.OnInfo.PaymentLookup = sdk.Lookup{
			ByReference:     true,
			ListByReference: true,
		}
		r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
			t.Error("it was asked about")
			return answer()
		}

		r.Account.List = func(context.Context,
			sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
			t.Error("it was listed")
			return &sdk.ListPaymentsResponse{}, nil
		}

		r.Account.Identity = "another merchant"
	}

	for _, ch := range changes {
		t.Run(ch.name, func(t *testing.T) {
			r := newRig(t)
			r.Account.Create = coretest.Redirecting
			id := r.Pay(t, "k").ID
			scripted(t, r)
			_, _, err := ch.call(t.Context(), r.Node, id, ch.name)
			if e := coretest.Problem(t, err); e.Code != payment.CodeConflict ||
				e.Outcome != sdk.OutcomeNotSent {
				t.Errorf("got %v", e)
			}
		})
	}

	t.Run("refund", func(t *testing.T) {
		r := newRig(t)
		id := r.paid(t)
		scripted(t, r)
		_, _, err := r.CreateRefund(t.Context(), id, payment.RefundRequest{}, "r")
		if e := coretest.Problem(t, err); e.Code != payment.CodeConflict ||
			e.Outcome != sdk.OutcomeNotSent {
			t.Errorf("got %v", e)
		}
	})

	t.Run("refresh", func(t *testing.T) {
		r := newRig(t)
		r.Account.Create = coretest.Redirecting
		id := r.Pay(t, "k").ID
		scripted(t, r)
		_, err := r.RefreshPayment(t.Context(), id)
		if e := coretest.Problem(t, err); e.Code != string(sdk.CodeNotSupported) ||
			e.Outcome != sdk.OutcomeNotSent {
			t.Errorf("got %v", e)
		}
	})

	t.Run("recovery", func(t *testing.T) {
		r := newRig(t)
		r.Account.Create = coretest.Redirecting
		one, two := r.Pay(t, "k1").ID, r.Pay(t, "k2").ID
		scripted(t, r)
		r.Clock.Add(time.Minute)
		coretest.RecoverAt(t, r.Node)
		first, second := r.PaymentStatus(t, one), r.PaymentStatus(t, two)
		if first != payment.RequiresAction || second != payment.RequiresAction {
			t.Errorf("they are %s and %s", first, second)
		}
	})

	t.Run("a doubt", func(t *testing.T) {
		r := newRig(t)
		r.Account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
			return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
		}
		id := r.Pay(t, "k").ID
		scripted(t, r)
		r.Clock.Add(time.Minute)
		coretest.RecoverAt(t, r.Node)

		if p, err := r.Payment(t.Context(), id); err != nil ||
			p.Status != payment.UnderReview ||
			p.ReviewReason != payment.ReviewUnproven {
			t.Errorf("%v, it is %s (%s)", err, p.Status, p.ReviewReason)
		}
	})
}

// Keys and numbers are unique for who we are to the provider, whatever the
// account is called here.
func TestNumbersGoOnForAnIdentityWhateverTheAccountIsCalled(t *testing.T) {
	r := newRig(t)
	second, stranger := coretest.New("acme-eu"), coretest.New("stranger")
	second.Identity = r.Account.Identity
	numbers := map[string][]uint64{}
	keys := map[string]bool{}

	for _, a := range []*coretest.Account{r.Account, second, stranger} {
		a.Payout = func(_ context.Context, req sdk.CreatePayoutRequest) (*sdk.Payout, error) {
			numbers[a.Identity] = append(numbers[a.Identity], req.Sequence)
			if keys[req.IdempotencyKey] {
				t.Errorf("the key %s was used before", req.IdempotencyKey)
			}
			keys[req.IdempotencyKey] = true
			return &sdk.Payout{Status: sdk.PayoutProcessing}, nil
		}
	}

	host := r.HostWith(
		t,
		core.Options{Accounts: coretest.NewAccounts(r.Account, second, stranger)},
	)

	for n, name := range []string{"acme", "acme-eu", "acme", "stranger"} {
		req := coretest.PayoutRequest()
		req.Provider = name
		if _, _, err := host.CreatePayout(t.Context(), req, string(rune('a'+n))); err != nil {
			t.Fatal(err)
		}
	}

	got, other := numbers[r.Account.Identity], numbers[stranger.Identity]
	if len(got) != 3 || got[0] != 1 || got[1] != 2 || got[2] != 3 || len(other) != 1 ||
		other[0] != 1 {
		t.Errorf("the identity's numbers are %v, the stranger's %v", got, other)
	}
}
