package core_test

import (
	"context"
	"github.com/payhost/payhost/host/internal/coretest"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// report applies what a notice says, as the inbox does.
func (r *rig) report(
	t *testing.T,
	id string,
	proof intent.Proof,
	status payment.Status,
	ask intent.StatusQuery,
) {
	t.Helper()
	err := r.Store.Write(t.Context(), func(tx *store.Tx) error {
		i, err := tx.IntentForUpdate(t.Context(), id)
		if err != nil {
			return err
		}
		_, err = r.Apply(
			t.Context(),
			tx,
			i,
			intent.Report{Actor: core.ActorWebhook, Proof: proof, Status: status},
			ask,
		)

		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The provider is down when it is asked about a signed notice: the notice must
// not be forgotten.
func TestAReportAboutWhatIsOverIsAskedAboutUntilTheProviderAnswers(t *testing.T) {
	for _, c := range []struct {
		name           string
		is, says, want payment.Status
	}{
		{"a success that is taken back", payment.Succeeded, payment.Failed, payment.UnderReview},
		{"a late success", payment.Failed, payment.Succeeded, payment.Succeeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			down := true
			r.Account.Create = coretest.Redirecting
			r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
				if down {
					return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
				}
				return &sdk.Payment{Status: sdk.PaymentStatus(c.says)}, nil
			}

			id := r.Pay(t, "k").ID
			if err := r.Resolve(t.Context(), payment.KindPayment, id, payment.Resolution{Status: c.is, Reason: "r"}); err != nil {
				t.Fatal(err)
			}
			r.report(
				t,
				id,
				intent.Signature,
				c.says,
				intent.StatusQuery{Possible: true, Amounts: true},
			)

			for range 3 {
				if err := r.Recover(t.Context()); err != nil {
					t.Fatal(err)
				}
				r.Clock.Add(time.Minute)
			}

			if got := r.PaymentStatus(t, id); got != c.is {
				t.Fatalf("nobody has confirmed it, and it became %s", got)
			}
			down = false
			r.RecoverUntil(
				t,
				"the provider's word",
				func() bool { return r.PaymentStatus(t, id) == c.want },
			)
		})
	}
}

func TestHintsNeitherFillTheHistoryNorPutOffTheNextLook(t *testing.T) {
	r := newRig(t)
	r.Account.Create = coretest.Redirecting
	p := r.Pay(t, "k")
	for range 20 {
		r.report(t, p.ID, intent.Hint, payment.Succeeded, intent.StatusQuery{})
	}

	got, err := r.Payment(t.Context(), p.ID)
	if err != nil || len(got.History) != len(p.History)+1 {
		t.Fatalf(
			"%d lines of history after 20 hints, %d before, %v",
			len(got.History),
			len(p.History),
			err,
		)
	}

	r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{Status: sdk.PaymentSucceeded}, nil
	}
	r.Clock.Add(15 * time.Second)
	if err := r.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}

	if got := r.PaymentStatus(t, p.ID); got != payment.Succeeded {
		t.Errorf("it was not asked about when it was due: %s", got)
	}
}

func TestAStatusThatAKindDoesNotHaveIsUnderReview(t *testing.T) {
	for _, said := range []sdk.PayoutStatus{"canceled", "requires_action", "created", "unknown", "", "from the future"} {
		r := newRig(t)
		r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
			return &sdk.Payout{Status: said}, nil
		}
		if p := r.PayOut(t, "k"); p.Status != payment.UnderReview {
			t.Errorf("%q made it %s", said, p.Status)
		}
	}
}
