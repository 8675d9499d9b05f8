package core_test

import (
	"context"
	"testing"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// A payment ends at its time although the provider answers every question with
// an error.
func TestAPaymentExpiresThoughTheProviderDoesNotAnswer(t *testing.T) {
	for _, code := range []sdk.Code{sdk.CodeInvalidRequest, sdk.CodeUnavailable,
		sdk.CodePermission, sdk.CodeNotFound, sdk.CodeInternal} {
		t.Run(string(code), func(t *testing.T) {
			r := newRig(t)
			r.account.Create = redirecting
			r.account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
				return nil, failing(code, sdk.OutcomeRefused)
			}

			id := r.pay(t, "k").ID
			for range 4 {
				recoverAt(t, r.node)
				if got := r.paymentStatus(t, id); got != payment.RequiresAction {
					t.Fatalf("it was %s before its time", got)
				}
				r.clock.add(6*time.Hour - time.Second)
			}

			r.clock.add(time.Hour)
			recoverAt(t, r.node)
			if got := r.paymentStatus(t, id); got != payment.Expired {
				t.Errorf("after 25 hours it is %s", got)
			}
		})
	}

	t.Run("or there is no plugin", func(t *testing.T) {
		r := newRig(t)
		r.account.Create = redirecting
		id := r.pay(t, "k").ID
		r.account.SetDown(true)
		r.clock.add(25 * time.Hour)
		recoverAt(t, r.node)
		if got := r.paymentStatus(t, id); got != payment.Expired {
			t.Errorf("it is %s", got)
		}
	})
}

// What the provider works on does not expire: it would only be guessed.
func TestWhatTheProviderWorksOnDoesNotExpire(t *testing.T) {
	for _, is := range []sdk.PaymentStatus{sdk.PaymentProcessing, sdk.PaymentAuthorized,
		sdk.PaymentUnderReview} {
		r := newRig(t)
		r.account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
			return &sdk.Payment{Status: is}, nil
		}
		id := r.pay(t, "k").ID
		r.clock.add(48 * time.Hour)
		recoverAt(t, r.node)
		if got := r.paymentStatus(t, id); got != payment.Status(is) {
			t.Errorf("%s became %s", is, got)
		}
	}
}

// Somebody pays after the payment has expired, and the provider's webhook is
// lost: it is asked about after an hour and after a day, and then no more.
func TestAPaymentThatExpiredIsAskedAboutAgain(t *testing.T) {
	expired := func(t *testing.T, answer func() (*sdk.Payment, error)) (r *rig, id string) {
		r = newRig(t)
		r.account.Create = redirecting
		id = r.pay(t, "k").ID
		r.clock.add(24 * time.Hour)
		recoverAt(t, r.node)
		if got := r.paymentStatus(t, id); got != payment.Expired {
			t.Fatalf("it is %s", got)
		}

		r.account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
			return answer()
		}

		return r, id
	}

	waiting := func() (*sdk.Payment, error) {
		return &sdk.Payment{Status: sdk.PaymentRequiresAction}, nil
	}

	for _, c := range []struct {
		name string
		paid time.Duration // after it has expired
		want payment.Status
	}{
		{"paid within the hour", 30 * time.Minute, payment.Succeeded},
		{"paid within the day", 5 * time.Hour, payment.Succeeded},
		{"never paid", 1000 * time.Hour, payment.Expired},
	} {
		t.Run(c.name, func(t *testing.T) {
			passed := time.Duration(0)
			r, id := expired(t, func() (*sdk.Payment, error) {
				if passed >= c.paid {
					return &sdk.Payment{Status: sdk.PaymentSucceeded}, nil
				}
				return waiting()
			})

			for ; passed < 100*time.Hour; passed += 10 * time.Minute {
				recoverAt(t, r.node)
				r.clock.add(10 * time.Minute)
			}

			if got := r.paymentStatus(t, id); got != c.want || r.account.Asks() > 2 {
				t.Errorf("it is %s after %d questions", got, r.account.Asks())
			}
			if c.want == payment.Expired && r.account.Asks() != 2 {
				t.Errorf("it was asked about %d times, want twice", r.account.Asks())
			}
		})
	}

	t.Run("and in the end no more where the provider does not answer", func(t *testing.T) {
		r, id := expired(t, func() (*sdk.Payment, error) {
			return nil, failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
		})
		r.clock.add(90 * time.Minute)

		for range 80 {
			recoverAt(t, r.node)
			r.clock.add(time.Hour)
		}

		asked := r.account.Asks()
		r.clock.add(1000 * time.Hour)
		recoverAt(t, r.node)
		if r.account.Asks() != asked || r.paymentStatus(t, id) != payment.Expired {
			t.Errorf("it is asked about for ever: %d and %d times", asked, r.account.Asks())
		}
	})
}
