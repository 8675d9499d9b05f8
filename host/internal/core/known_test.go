package core_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// A create is answered from memory. The answer is what is stored, also when
// somebody else has changed the payment during the call, and whatever bytes the
// provider has sent.
func TestACreateIsAnsweredWithWhatIsStored(t *testing.T) {
	for name, answer := range map[string]func() (*sdk.Payment, error){
		"processing": func() (*sdk.Payment, error) {
			return &sdk.Payment{ProviderReference: "theirs", Status: sdk.PaymentProcessing}, nil
		},
		"odd bytes": func() (*sdk.Payment, error) {
			return &sdk.Payment{
				ProviderReference: "th\x00\xffeirs",
				ProviderStatus:    "\xff",
				Message:           "a\x00",
				Status:            sdk.PaymentProcessing,
			}, nil
		},
		"to act on": func() (*sdk.Payment, error) {
			return coretest.Redirecting(context.Background(), sdk.CreatePaymentRequest{})
		},
		"succeeded": func() (*sdk.Payment, error) {
			return &sdk.Payment{ProviderReference: "theirs", Status: sdk.PaymentSucceeded}, nil
		},
		"refused": func() (*sdk.Payment, error) {
			return nil, &sdk.Error{
				Code:    sdk.CodeDeclined,
				Outcome: sdk.OutcomeRefused,
				Message: "no\x00",
			}
		},
		"in doubt": func() (*sdk.Payment, error) {
			return nil, &sdk.Error{Code: sdk.CodeUnavailable, Outcome: sdk.OutcomeUnknown}
		},
	} {
		for when, meanwhile := range map[string]bool{"": false, ", changed meanwhile": true} {
			t.Run(name+when, func(t *testing.T) {
				r := newRig(t)
				r.Account.Create = func(ctx context.Context, request sdk.CreatePaymentRequest,
				) (*sdk.Payment, error) {
					if meanwhile {
						note(t, r, request.Reference)
					}
					return answer()
				}

				told, _, err := r.CreatePayment(t.Context(), coretest.Request(), "k")
				if err != nil {
					t.Fatal(err)
				}
				stored, err := r.Payment(t.Context(), told.ID)
				if err != nil {
					t.Fatal(err)
				}

				if text(t, told) != text(t, stored) {
					t.Errorf("the caller is told\n%s\nand this is stored:\n%s",
						text(t, told), text(t, stored))
				}
			})
		}
	}
}

// note changes a payment as somebody else does during its call.
func note(t *testing.T, r *rig, id string) {
	t.Helper()
	err := r.Change(t.Context(), id, func(tx *store.Tx, i *intent.Intent) error {
		line := payment.Change{At: tx.Now(), Actor: "somebody", Action: "noted"}
		if err := tx.AddHistory(t.Context(), id, line); err != nil {
			return err
		}
		return tx.SaveIntent(t.Context(), i)
	})
	if err != nil {
		t.Error(err)
	}
}

func text(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
