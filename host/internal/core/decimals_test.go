package core_test

import (
	"context"
	"github.com/payhost/payhost/host/internal/coretest"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

// An amount that is finer than its currency is turned away before anything is
// recorded, and its key is free again.
func TestAnAmountFinerThanItsCurrency(t *testing.T) {
	for _, c := range []struct {
		amount, currency string
		taken            bool
	}{
		{"60.00", "USD", true}, {"60.001", "USD", false}, {"60.000", "USD", true}, {"61", "JPY", true}, {"60.5", "JPY", false},
		{"1.234", "KWD", true}, {"1.2345", "KWD", false}, {"60.5", "HUF", false}, {"0.000001", "USDT", true},
		{"0.0000001", "USDT", false}, {"0.000000000000000001", "DOGE", true},
	} {
		r := newRig(t)
		r.Account.OnInfo.PaymentLimits = []sdk.AmountLimit{
			sdk.MustLimit("USDT", "", "", 6),
			sdk.MustLimit("HUF", "", "", 0),
		}
		r.Account.OnInfo.PayoutLimits = r.Account.OnInfo.PaymentLimits
		r.Account.Create = coretest.Redirecting
		r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
			return &sdk.Payout{Status: sdk.PayoutProcessing}, nil
		}

		pay, out := coretest.Request(), coretest.PayoutRequest()
		pay.Amount, pay.Currency = decimal.RequireFromString(c.amount), c.currency
		out.Amount, out.Currency = pay.Amount, pay.Currency
		_, _, paid := r.CreatePayment(t.Context(), pay, "pay")

		_, _, sent := r.CreatePayout(t.Context(), out, "out")
		for verb, err := range map[string]error{"payment": paid, "payout": sent} {
			if c.taken && err != nil {
				t.Errorf("a %s of %s %s: %v", verb, c.amount, c.currency, err)
			}
			if c.taken {
				continue
			}

			e := coretest.Problem(t, err)
			if e.Code != string(sdk.CodeInvalidRequest) || len(e.Violations) != 1 ||
				e.Violations[0].Field != "amount" ||
				e.PaymentID != "" {
				t.Errorf("a %s of %s %s: %+v", verb, c.amount, c.currency, e)
			}
		}

		if creates := r.Account.Creates(); (creates == 2) != c.taken {
			t.Errorf(
				"%s %s: the provider was called %d times",
				c.amount,
				c.currency,
				creates,
			)
		}
	}
}
