package recovery_test

import (
	"context"
	"github.com/payhost/payhost/host/internal/coretest"
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
			r := coretest.NewRig(t)
			r.Account.Create = coretest.Redirecting
			r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
				return nil, coretest.Failing(code, sdk.OutcomeRefused)
			}

			id := r.Pay(t, "k").ID
			for range 4 {
				coretest.RecoverAt(t, r.Node)
				if got := r.PaymentStatus(t, id); got != payment.RequiresAction {
					t.Fatalf("it was %s before its time", got)
				}
				r.Clock.Add(6*time.Hour - time.Second)
			}

			r.Clock.Add(time.Hour)
			coretest.RecoverAt(t, r.Node)
			if got := r.PaymentStatus(t, id); got != payment.Expired {
				t.Errorf("after 25 hours it is %s", got)
			}
		})
	}

	t.Run("or there is no plugin", func(t *testing.T) {
		r := coretest.NewRig(t)
		r.Account.Create = coretest.Redirecting
		id := r.Pay(t, "k").ID
		r.Account.SetDown(true)
		r.Clock.Add(25 * time.Hour)
		coretest.RecoverAt(t, r.Node)
		if got := r.PaymentStatus(t, id); got != payment.Expired {
			t.Errorf("it is %s", got)
		}
	})
}

// What the provider works on does not expire: it would only be guessed.
func TestWhatTheProviderWorksOnDoesNotExpire(t *testing.T) {
	for _, is := range []sdk.PaymentStatus{sdk.PaymentProcessing, sdk.PaymentAuthorized,
		sdk.PaymentUnderReview} {
		r := coretest.NewRig(t)
		r.Account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
			return &sdk.Payment{Status: is}, nil
		}
		id := r.Pay(t, "k").ID
		r.Clock.Add(48 * time.Hour)
		coretest.RecoverAt(t, r.Node)
		if got := r.PaymentStatus(t, id); got != payment.Status(is) {
			t.Errorf("%s became %s", is, got)
		}
	}
}

// Somebody pays after the payment has expired, and the provider's webhook is
// lost: it is asked about after an hour and after a day, and then no more.
func TestAPaymentThatExpiredIsAskedAboutAgain(t *testing.T) {
	expired := func(t *testing.T, answer func() (*sdk.Payment, error)) (r *coretest.Rig, id string) {
		r = coretest.NewRig(t)
		r.Account.Create = coretest.Redirecting
		id = r.Pay(t, "k").ID
		r.Clock.Add(24 * time.Hour)
		coretest.RecoverAt(t, r.Node)
		if got := r.PaymentStatus(t, id); got != payment.Expired {
			t.Fatalf("it is %s", got)
		}

		r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
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
				coretest.RecoverAt(t, r.Node)
				r.Clock.Add(10 * time.Minute)
			}

			if got := r.PaymentStatus(t, id); got != c.want || r.Account.Asks() > 2 {
				t.Errorf("it is %s after %d questions", got, r.Account.Asks())
			}
			if c.want == payment.Expired && r.Account.Asks() != 2 {
				t.Errorf("it was asked about %d times, want twice", r.Account.Asks())
			}
		})
	}

	t.Run("and in the end no more where the provider does not answer", func(t *testing.T) {
		r, id := expired(t, func() (*sdk.Payment, error) {
			return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
		})
		r.Clock.Add(90 * time.Minute)

		for range 80 {
			coretest.RecoverAt(t, r.Node)
			r.Clock.Add(time.Hour)
		}

		asked := r.Account.Asks()
		r.Clock.Add(1000 * time.Hour)
		coretest.RecoverAt(t, r.Node)
		if r.Account.Asks() != asked || r.PaymentStatus(t, id) != payment.Expired {
			t.Errorf("it is asked about for ever: %d and %d times", asked, r.Account.Asks())
		}
	})
}
