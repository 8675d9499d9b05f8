package core_test

import (
	"context"
	"github.com/payhost/payhost/host/internal/coretest"
	"testing"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// A provider that knows only of what is finished knows nothing of a payment
// that nobody has paid yet. That is an answer.
func TestARefreshOfWhatNobodyHasPaidYet(t *testing.T) {
	for _, immediate := range []bool{false, true} {
		r := newRig(t)
		r.Account.Create = coretest.Redirecting
		r.Account.OnInfo.PaymentLookup = sdk.Lookup{ByReference: true, Immediate: immediate}
		r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
			return nil, coretest.Failing(sdk.CodeNotFound, sdk.OutcomeRefused)
		}

		p := r.Pay(t, "k")

		got, err := r.RefreshPayment(t.Context(), p.ID)
		if immediate {
			if e := coretest.Problem(t, err); e.Code != string(sdk.CodeNotFound) || !e.Asked {
				t.Errorf("a provider that would know: %v", err)
			}
			continue
		}

		if err != nil || got.Status != payment.RequiresAction || got.NextAction == nil {
			t.Errorf("got %+v, %v", got, err)
		}
	}
}
