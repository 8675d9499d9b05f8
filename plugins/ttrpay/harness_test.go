package main

import (
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"testing"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/payhost/payhost/plugins/ttrpay/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/providertest"
)

var quiet = slog.New(slog.DiscardHandler)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testConfig(address string) config {
	return config{
		Endpoint:       sdk.Endpoint{Environment: sdk.Sandbox, BaseURL: address},
		MerchantKey:    "d3JWyGxoVVPm0Q6k",
		MerchantSecret: sdk.NewSecret("demo_merchant_secret"),
	}
}

func newTestProvider(t *testing.T, cfg config) *provider {
	t.Helper()
	p, err := newProvider(cfg, providertest.Runtime(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// answering starts a server that gives one answer to everything, and tells what
// it was asked.
func answering(
	t *testing.T,
	status int,
	body string,
) (address string, asked func() []providertest.Received) {
	t.Helper()
	return providertest.API(
		t,
		func(providertest.Received, int) (int, string) { return status, body },
	)
}

// simulated starts a simulator and gives a provider that is configured for it.
func simulated(t *testing.T, faults ...fault.Fault) (*provider, *simulator.Simulator) {
	t.Helper()
	sim := simulator.New()
	s := httptest.NewServer(sim)
	t.Cleanup(s.Close)

	for _, f := range faults {
		if err := sim.Faults().Add(f); err != nil {
			t.Fatal(err)
		}
	}

	cfg, err := sdk.DecodeConfig[config](json.RawMessage(sim.Config(s.URL)))
	if err != nil {
		t.Fatal(err)
	}

	return newTestProvider(t, cfg), sim
}

func money(text, currency string) sdk.Money {
	return sdk.Money{Amount: decimal.RequireFromString(text), Currency: currency}
}

// paymentRequest is the document's example.
func paymentRequest() sdk.CreatePaymentRequest {
	return sdk.CreatePaymentRequest{
		Reference:      "47",
		IdempotencyKey: "key-1",
		Sequence:       1,
		Attempt:        1,
		Amount:         money("3.20", "USD"),
		Description:    "Order 47",
		Customer: sdk.Customer{
			Email:     "demo@test.com",
			FirstName: "abc",
			LastName:  "xyz",
			Phone:     "+84123456789",
			IP:        "171.251.156.58",
		},
		NotifyURL: "https://localhost/handleIpn",
		ReturnURL: "https://localhost/checkout/success",
		CancelURL: "https://localhost/checkout/failure",
	}
}

// wantError compares the code and the outcome of an error.
func wantError(t *testing.T, err error, code sdk.Code, outcome sdk.Outcome) {
	t.Helper()
	if sdk.CodeOf(err) != code || sdk.OutcomeOf(err) != outcome {
		t.Errorf(
			"got %q and %q, want %q and %q: %v",
			sdk.CodeOf(err),
			sdk.OutcomeOf(err),
			code,
			outcome,
			err,
		)
	}
}
