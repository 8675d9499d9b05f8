package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/payhost/payhost/plugins/paycrypto/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The credentials and the time of the vectors.
const (
	apiKey        = "demo_api_key_0123456789abcdef"
	apiSecret     = "demo-secret-3d3c-4b6a-9f00-0123456789ab"
	webhookSecret = "demo_webhook_secret_0123456789abcd"
)

var vectorTime = time.UnixMilli(1646279846494)

func testConfig(baseURL string) config {
	return config{
		Endpoint:         sdk.Endpoint{Environment: sdk.Live, BaseURL: baseURL},
		APIKey:           sdk.NewSecret(apiKey),
		APISecret:        sdk.NewSecret(apiSecret),
		Passphrase:       sdk.NewSecret("12345678a"),
		WebhookSecret:    []sdk.Secret{sdk.NewSecret(webhookSecret)},
		WebhookTolerance: 5 * time.Minute,
	}
}

func newTestProvider(t *testing.T, cfg config, now func() time.Time) *provider {
	t.Helper()
	rt := providertest.Runtime(t)
	rt.Now = now
	p, err := newProvider(cfg, rt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func atVectorTime() time.Time { return vectorTime }

// serve returns a provider whose API answers with these bodies in turn, the
// last one for ever, and what it was asked.
func answering(
	t *testing.T,
	status int,
	bodies ...string,
) (p *provider, asked func() []providertest.Received) {
	t.Helper()
	address, asked := providertest.API(
		t,
		func(_ providertest.Received, number int) (int, string) {
			return status, bodies[min(number, len(bodies)-1)]
		},
	)
	return newTestProvider(t, testConfig(address+"/base"), atVectorTime), asked
}

// simulated starts a simulator and gives a provider that is configured for it.
func simulated(t *testing.T, opts ...simulator.Option) (*provider, *simulator.Simulator) {
	t.Helper()
	sim := simulator.New(opts...)
	s := httptest.NewServer(sim)
	t.Cleanup(s.Close)
	return configured(t, sim.Config(s.URL)), sim
}

func configured(t *testing.T, text string) *provider {
	t.Helper()
	cfg, err := sdk.DecodeConfig[config](json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	return newTestProvider(t, cfg, time.Now)
}

func add(t *testing.T, sim *simulator.Simulator, f fault.Fault) {
	t.Helper()
	if err := sim.Faults().Add(f); err != nil {
		t.Fatal(err)
	}
}

func usd(text string) sdk.Money {
	return sdk.Money{Amount: decimal.RequireFromString(text), Currency: "USD"}
}

// paymentRequest is the document's example.
func paymentRequest() sdk.CreatePaymentRequest {
	return sdk.CreatePaymentRequest{
		Reference:         "1223",
		IdempotencyKey:    "key-1",
		Sequence:          1,
		Attempt:           1,
		Amount:            usd("100.05"),
		MerchantReference: "order 47",
		Description:       "Sample",
		ReturnURL:         "https://{yourhost}/index.html",
		CancelURL:         "https://example.com/canceled",
		ExpiresAt:         time.UnixMilli(1739356323022),
		Customer:          sdk.Customer{Email: "jack001@163.com", FirstName: "Jack"},
	}
}

// simulatedRequest is one whose URLs are.
func simulatedRequest(reference string) sdk.CreatePaymentRequest {
	req := paymentRequest()
	req.Reference = reference
	req.ReturnURL = "https://example.com/back?t=1"
	req.NotifyURL = "https://host.example/webhooks/t0"
	return req
}

func get(ctx context.Context, p *provider, reference string) (*sdk.Payment, error) {
	return p.GetPayment(
		ctx,
		sdk.GetPaymentRequest{Payment: sdk.PaymentContext{Reference: reference}},
	)
}

// verbs are those that call the provider, each with a valid request.
var verbs = map[string]func(context.Context, *provider) error{
	"create payment": func(ctx context.Context, p *provider) error {
		_, err := p.CreatePayment(ctx, simulatedRequest("pay_1"))
		return err
	},
	"get payment": func(ctx context.Context, p *provider) error {
		_, err := get(ctx, p, "pay_0")
		return err
	},
	"list payments": func(ctx context.Context, p *provider) error {
		_, err := p.ListPayments(
			ctx,
			sdk.ListPaymentsRequest{From: p.rt.Now().Add(-time.Hour)},
		)
		return err
	},
	"list methods": func(ctx context.Context, p *provider) error {
		_, err := p.ListPaymentMethods(ctx, sdk.ListPaymentMethodsRequest{})
		return err
	},
	"test webhook": func(ctx context.Context, p *provider) error {
		_, err := p.InvokeOperation(
			ctx,
			sdk.InvokeOperationRequest{Operation: "send_test_webhook", Input: []byte(`{}`)},
		)
		return err
	},
}

// wantError compares the code and the outcome of an error.
func wantError(t *testing.T, err error, code sdk.Code, outcome sdk.Outcome) {
	t.Helper()
	var e *sdk.Error
	if !errors.As(err, &e) || e.Code != code || e.Outcome != outcome {
		t.Errorf("got %v, want %q and %q", err, code, outcome)
	}
}

func only[T any](t *testing.T, list []T) T {
	t.Helper()
	if len(list) != 1 {
		t.Fatalf("got %d, want one: %+v", len(list), list)
	}
	return list[0]
}
