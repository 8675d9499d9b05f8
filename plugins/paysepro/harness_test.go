package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/payhost/payhost/plugins/paysepro/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/providertest"
)

var quiet = slog.New(slog.DiscardHandler)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testConfig has the credentials of the document's examples.
func testConfig(address string) config {
	return config{
		Endpoint:  sdk.Endpoint{Environment: sdk.Sandbox, BaseURL: address},
		UID:       "12345",
		MID:       "54321",
		Email:     "user@example.com",
		APIKey:    sdk.NewSecret("CTIEP80XO8ZKMQOX"),
		NotifyIPs: sdk.Networks{"51.195.200.178"},
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

// answering starts a server that gives one answer to getData and one to
// createCode, and tells what it was asked. GATEWAY in the answer to getData is
// its own createCode.
func answering(
	t *testing.T,
	status int,
	data, code string,
) (address string, asked func() []providertest.Received) {
	t.Helper()
	address, asked = providertest.API(
		t,
		func(r providertest.Received, _ int) (int, string) {
			if r.Method == http.MethodGet {
				return http.StatusOK, strings.ReplaceAll(
					data,
					"GATEWAY",
					address+"/createCode.php",
				)
			}
			return status, code
		},
	)

	return address, asked
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

// paymentRequest is the document's example, with a method of its other one.
func paymentRequest() sdk.CreatePaymentRequest {
	return sdk.CreatePaymentRequest{
		Reference:      "ABC",
		IdempotencyKey: "key-1",
		Sequence:       1,
		Attempt:        1,
		Amount:         money("2.99", "USD"),
		Method:         "neosurf",
		Country:        "AR",
		Customer: sdk.Customer{
			Email:     "customer@example.com",
			FirstName: "Jack",
			LastName:  "Dalton",
		},
		ReturnURL: "https://localhost/success",
		CancelURL: "https://localhost/failure",
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
