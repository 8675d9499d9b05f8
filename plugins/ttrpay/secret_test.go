package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/payhost/payhost/plugins/ttrpay/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/providertest"
)

// canary is a secret that no text has by chance, and that looks different in a
// URL and in JSON.
const canary = `cánary/key&"<1>+ %41`

// host starts the plugin as a host has it, with a simulator that knows the
// canary.
func host(t *testing.T) (*providertest.Hosted, *simulator.Simulator) {
	t.Helper()
	sim := simulator.New(simulator.WithCredentials("key", canary))
	api := httptest.NewServer(sim)
	t.Cleanup(api.Close)
	return providertest.Host(t, newProvider, sim.Config(api.URL)), sim
}

// Neither the secret nor a token made with it is in an error, a record or a log
// line, also when TTR Pay sends the secret back; nor is the payment's own URL
// in a record, with which anybody could say that it is paid.
func TestSecretsStayInside(t *testing.T) {
	escaped, _ := json.Marshal(canary)
	echo := `{"status":false,"result":{"code":"E012","message":"no: ` + strings.Trim(
		string(escaped),
		`"`,
	) + ` ` + url.QueryEscape(
		canary,
	) + `"}}`
	for _, f := range []fault.Fault{
		{Kind: fault.Delay}, // nothing goes wrong
		{Kind: fault.Error, Status: 200, Body: echo}, {Kind: fault.Error, Status: 200, Body: echo[:len(echo)-2]},
		{Kind: fault.Error, Status: 401, Body: echo}, {Kind: fault.HTML}, {Kind: fault.LostResponse}, {Kind: fault.Truncated},
	} {
		t.Run(fmt.Sprintf("%s %d", f.Kind, f.Status), func(t *testing.T) {
			account, sim := host(t)
			if f.Kind != fault.Delay {
				if err := sim.Faults().Add(f); err != nil {
					t.Fatal(err)
				}
			}

			ctx, record := sdk.WithExchangeLog(t.Context())
			_, err := account.CreatePayment(ctx, paymentRequest())
			if len(record.Exchanges()) != 1 {
				t.Errorf("%d exchanges were recorded", len(record.Exchanges()))
			}

			providertest.WantNoSecret(
				t,
				account.Said(record, err),
				canary,
				"Bearer key.",
				"https://localhost/handleIpn",
			)
		})
	}
}

// What the sdk checks by what Info declares.
func TestLimits(t *testing.T) {
	account, sim := host(t)
	for _, c := range []struct {
		amount, currency string
		code             sdk.Code
	}{
		{"3.201", "USD", sdk.CodeInvalidRequest}, {"10000000000000", "EUR", sdk.CodeLimit}, {"3", "GBP", sdk.CodeInvalidRequest},
	} {
		req := paymentRequest()
		req.Amount = money(c.amount, c.currency)
		_, err := account.CreatePayment(t.Context(), req)
		wantError(t, err, c.code, sdk.OutcomeNotSent)
	}

	if n := len(sim.Ledger().Entries()); n != 0 {
		t.Errorf("the books have %d entries", n)
	}

	for _, amount := range []sdk.Money{money("0.01", "USD"), money("3.200", "EUR")} {
		req := paymentRequest()
		req.Amount = amount
		if _, err := account.CreatePayment(t.Context(), req); err != nil {
			t.Errorf("%s: %v", amount, err)
		}
	}
}
