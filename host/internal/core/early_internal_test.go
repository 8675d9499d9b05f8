package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// declaring is a lease of which only the declarations are asked.
type declaring struct {
	Lease
	info    sdk.Info
	account sdk.AccountInfo
}

func (d declaring) Info() sdk.Info           { return d.info }
func (d declaring) Account() sdk.AccountInfo { return d.account }

func TestWhatAPluginDeclaresIsCheckedEarly(t *testing.T) {
	lease := declaring{
		account: sdk.AccountInfo{
			Currencies:         []string{"USD", "JPY"},
			CurrenciesComplete: true,
		},
		info: sdk.Info{
			PaymentLimits: []sdk.AmountLimit{
				sdk.MustLimit("USD", "1", "1000", 2),
				sdk.MustLimit("JPY", "", "", 0),
			},
			PayoutLimits:  []sdk.AmountLimit{sdk.MustLimit("USD", "5", "", 1)},
			PaymentFields: []string{"description", "customer.email"},
			PayoutFields:  []string{"recipient.iban"},
		},
	}

	learns := lease
	learns.account.CurrenciesComplete = false

	whole := payment.Request{
		Description: "Sample",
		Customer:    payment.Customer{Email: "a@b.example"},
	}

	for _, c := range []struct {
		lease  Lease
		kind   payment.Kind
		amount string
		cur    string
		body   any
		wrong  []string // fields
	}{
		{lease, payment.KindPayment, "60.00", "USD", whole, nil},
		{lease, payment.KindPayment, "1.000", "USD", whole, nil},
		{lease, payment.KindPayment, "0.99", "USD", whole, []string{"amount"}},
		{lease, payment.KindPayment, "1000.01", "USD", whole, []string{"amount"}},
		{lease, payment.KindPayment, "1.001", "USD", whole, []string{"amount"}},
		{lease, payment.KindPayment, "10.5", "JPY", whole, []string{"amount"}},
		{lease, payment.KindPayment, "10.0", "JPY", whole, nil},
		{lease, payment.KindPayment, "60", "US", whole, []string{"currency"}},
		{learns, payment.KindPayment, "60", "EUR", whole, nil},
		{lease, payment.KindPayment, "60", "EUR", payment.Request{}, []string{"currency", "description", "customer.email"}},
		{lease, payment.KindPayout, "4.99", "USD", payment.PayoutRequest{}, []string{"amount", "amount", "recipient.iban"}},
		{lease, payment.KindPayout, "5.05", "USD", payment.PayoutRequest{Recipient: payment.Recipient{IBAN: "DE02"}}, []string{"amount"}},
		{lease, payment.KindPayout, "5.5", "USD", payment.PayoutRequest{Recipient: payment.Recipient{IBAN: "DE02"}}, nil},
		{lease, payment.KindRefund, "0.001", "EUR", struct{}{}, []string{"amount"}},
		{declaring{}, payment.KindPayment, "0.001", "EUR", payment.Request{}, []string{"amount"}},
		{declaring{}, payment.KindPayment, "0.000001", "USDT", payment.Request{}, nil},
	} {
		body, err := json.Marshal(c.body)
		if err != nil {
			t.Fatal(err)
		}
		err = early(c.lease, &intent.Intent{
			Kind:     c.kind,
			Provider: "acme",
			Currency: c.cur,
			Request:  body,
			Amount:   payment.Amount{Decimal: decimal.RequireFromString(c.amount)},
		})

		var fields []string
		for _, v := range violationsOf(err) {
			fields = append(fields, v.Field)
		}
		what := fmt.Sprint(c.kind, " ", c.amount, " ", c.cur)
		if !slices.Equal(fields, c.wrong) || (err == nil) != (len(c.wrong) == 0) {
			t.Errorf("%s: %v, want %v", what, err, c.wrong)
		}

		var e *payment.Error
		if err != nil &&
			(!errors.As(err, &e) || e.Outcome != sdk.OutcomeNotSent || e.Code != string(sdk.CodeInvalidRequest) || e.Asked) {
			t.Errorf("%s: %+v", what, e)
		}
	}
}

func TestAMomentCanBeGivenBack(t *testing.T) {
	west := time.FixedZone("west", -5*3600)
	for at, want := range map[time.Time]bool{
		{}: true, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC): true, time.Date(9999, 12, 31, 18, 59, 59, 0, west): true,
		time.Date(9999, 12, 31, 19, 0, 0, 0, west): false, time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC): false,
		time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC): false,
	} {
		var c checklist
		if c.moment("expires_at", at); (c.err() == nil) != want {
			t.Errorf("%s: %v", at, c.err())
		}
	}
}
