package main

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/payhost/payhost/plugins/ptop/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The credentials of the document's examples.
const (
	websiteID    = "w123456"
	secretKey    = "secxyz890"
	theSignature = "the_signature_demo"
	websiteURL   = "https://example.com"
)

func testConfig(environment sdk.Environment, baseURL string) config {
	return config{
		Endpoint:     sdk.Endpoint{Environment: environment, BaseURL: baseURL},
		WebsiteID:    websiteID,
		SecretKey:    sdk.NewSecret(secretKey),
		TheSignature: sdk.NewSecret(theSignature),
		WebsiteURL:   websiteURL,
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
func simulated(t *testing.T, opts ...simulator.Option) (*provider, *simulator.Simulator) {
	t.Helper()
	sim := simulator.New(opts...)
	s := httptest.NewServer(sim)
	t.Cleanup(s.Close)
	cfg, err := sdk.DecodeConfig[config](json.RawMessage(sim.Config(s.URL)))
	if err != nil {
		t.Fatal(err)
	}
	return newTestProvider(t, cfg), sim
}

func usd(text string) sdk.Money {
	return sdk.Money{Amount: decimal.RequireFromString(text), Currency: "USD"}
}

func paymentRequest() sdk.CreatePaymentRequest {
	return sdk.CreatePaymentRequest{
		Reference:         "66510effg2eec",
		IdempotencyKey:    "key-1",
		Sequence:          1,
		Attempt:           1,
		Amount:            usd("60"),
		MerchantReference: "order 47",
		Description:       "Sample",
		NotifyURL:         "https://host.example/webhooks/ptop/t0",
		ReturnURL:         "https://example.com/success",
		CancelURL:         "https://example.com/fail",
	}
}

// payoutRequest has the document's amount and key: A1X9T3 is 607893735 in base
// 36.
func payoutRequest() sdk.CreatePayoutRequest {
	return sdk.CreatePayoutRequest{
		Reference:      "po_1",
		IdempotencyKey: "key-2",
		Sequence:       607_893_735,
		Attempt:        1,
		Amount:         usd("50.00"),
		Recipient:      sdk.Recipient{Email: "client@email.com"},
	}
}

// verbs are those that call ptop, each with a valid request.
var verbs = map[string]func(context.Context, *provider) error{
	"create payment": func(ctx context.Context, p *provider) error {
		_, err := p.CreatePayment(ctx, paymentRequest())
		return err
	},
	"get payment": func(ctx context.Context, p *provider) error {
		_, err := p.GetPayment(
			ctx,
			sdk.GetPaymentRequest{
				Payment: sdk.PaymentContext{ProviderReference: "67990c6385454"},
			},
		)
		return err
	},
	"create payout": func(ctx context.Context, p *provider) error {
		_, err := p.CreatePayout(ctx, payoutRequest())
		return err
	},
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
