package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/plugins/paykassma/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providertest"
)

// The keys of the vectors' postbacks, and a secret beside them.
const (
	secret     = "pluginapi_secret"
	privateKey = "postback_private_key_demo"
	accessKey  = "postback_access_key_demo"
)

func testConfig(baseURL string) config {
	return config{
		Endpoint:   sdk.Endpoint{Environment: sdk.Live, BaseURL: baseURL},
		Secret:     sdk.NewSecret(secret),
		PrivateKey: []sdk.Secret{sdk.NewSecret(privateKey)},
		AccessKey:  []sdk.Secret{sdk.NewSecret(accessKey)},
		Language:   "en",
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

// serve returns a provider whose API gives one answer to everything, and what
// it was asked.
func answering(
	t *testing.T,
	status int,
	body string,
) (p *provider, asked func() []providertest.Received) {
	t.Helper()
	return serveEach(t, func(*http.Request) (int, string) { return status, body })
}

func serveEach(
	t *testing.T,
	answer func(*http.Request) (int, string),
) (p *provider, asked func() []providertest.Received) {
	t.Helper()
	address, asked := providertest.API(
		t,
		func(r providertest.Received, _ int) (int, string) { return answer(r.Request) },
	)
	return newTestProvider(t, testConfig(address+"/base")), asked
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

func money(text, currency string) sdk.Money {
	return sdk.Money{Amount: decimal.RequireFromString(text), Currency: currency}
}

func paymentRequest(method, options string) sdk.CreatePaymentRequest {
	return sdk.CreatePaymentRequest{
		Reference:      "123465477897",
		IdempotencyKey: "key-1",
		Sequence:       1,
		Attempt:        1,
		Amount:         money("1000.00", "USD"),
		Method:         method,
		Customer:       sdk.Customer{ID: "55"},
		Options:        json.RawMessage(options),
		NotifyURL:      "https://host.example/webhooks/t0",
		ReturnURL:      "https://google.com",
		CancelURL:      "https://google.com/no",
	}
}

// confirmRequest is what follows a payment with this state.
func confirmRequest(state string) sdk.ConfirmPaymentRequest {
	return sdk.ConfirmPaymentRequest{
		Payment: sdk.PaymentContext{
			Reference: "123465477897",
			Amount:    money("1000.00", "USD"),
			Method:    "paytm",
			Customer:  sdk.Customer{ID: "55"},
			State:     []byte(state),
		},
		IdempotencyKey: "confirm-1",
		Attempt:        1,
		Fields:         map[string]string{"key1": " 123-ABC-456-DEF ", "amount": "12.50"},
		Attachments: []sdk.Attachment{
			{
				Field:     "screenshot",
				Filename:  "bill.png",
				MediaType: "image/png",
				Content:   []byte("\x89PNG"),
			},
		},
	}
}

// payoutRequest is the document's example, as a host would ask for it.
func payoutRequest() sdk.CreatePayoutRequest {
	return sdk.CreatePayoutRequest{
		Reference:      "1234567",
		IdempotencyKey: "key-2",
		Sequence:       1,
		Attempt:        1,
		Amount:         money("1000.00", "INR"),
		Method:         "paytm",
		Description:    "withdrawal",
		Recipient:      sdk.Recipient{ID: "55", AccountNumber: "11111111"},
		Options: json.RawMessage(
			`{"payments_details":{"payments_provider":"56","payments_method":"MOBILE_MONEY"},` +
				`"bank_details":{"bank_code":"MAHB0001821","branch_code":"000254","bank_code_in_payments_system":"9393"}}`,
		),
	}
}

// writes and reads are the verbs that call paykassma, each with a valid
// request.
var writes = map[string]func(context.Context, *provider) error{
	"create payment": func(ctx context.Context, p *provider) error {
		_, err := p.CreatePayment(
			ctx,
			paymentRequest("fpx", `{"flow":"payment","bank":"MBB"}`),
		)
		return err
	},
	"confirm payment": func(ctx context.Context, p *provider) error {
		_, err := p.ConfirmPayment(ctx, confirmRequest("false"))
		return err
	},
	"confirm payment by hand": func(ctx context.Context, p *provider) error {
		_, err := p.ConfirmPayment(ctx, confirmRequest("true"))
		return err
	},
	"create payout": func(ctx context.Context, p *provider) error {
		_, err := p.CreatePayout(ctx, payoutRequest())
		return err
	},
}

var reads = map[string]func(context.Context, *provider) error{
	"get payment": func(ctx context.Context, p *provider) error {
		_, err := p.GetPayment(
			ctx,
			sdk.GetPaymentRequest{Payment: sdk.PaymentContext{Reference: "1"}},
		)
		return err
	},
	"get payout": func(ctx context.Context, p *provider) error {
		_, err := p.GetPayout(
			ctx,
			sdk.GetPayoutRequest{Payout: sdk.PayoutContext{Reference: "1"}},
		)
		return err
	},
	"list payments": func(ctx context.Context, p *provider) error {
		_, err := p.ListPayments(
			ctx,
			sdk.ListPaymentsRequest{Payments: []sdk.PaymentContext{{Reference: "1"}}},
		)
		return err
	},
	"list payouts": func(ctx context.Context, p *provider) error {
		_, err := p.ListPayouts(
			ctx,
			sdk.ListPayoutsRequest{Payouts: []sdk.PayoutContext{{Reference: "1"}}},
		)
		return err
	},
	"balances": func(ctx context.Context, p *provider) error {
		_, err := p.GetBalances(ctx)
		return err
	},
	"methods": func(ctx context.Context, p *provider) error {
		_, err := p.ListPaymentMethods(
			ctx,
			sdk.ListPaymentMethodsRequest{Currency: "USD", CustomerID: "55"},
		)
		return err
	},
	"hash_urls": func(ctx context.Context, p *provider) error {
		_, err := p.InvokeOperation(ctx, sdk.InvokeOperationRequest{
			Operation: "hash_urls",
			Input: json.RawMessage(
				`{"success_urls":[{"order":1,"url":"https://a.example"}]}`,
			),
		})
		return err
	},
	"media_hints": func(ctx context.Context, p *provider) error {
		_, err := p.InvokeOperation(
			ctx,
			sdk.InvokeOperationRequest{
				Operation: "media_hints",
				Input:     json.RawMessage(`{}`),
			},
		)
		return err
	},
}

// wantError compares the code and the outcome of an error; an empty outcome is
// any.
func wantError(t *testing.T, err error, code sdk.Code, outcome sdk.Outcome) {
	t.Helper()
	if sdk.CodeOf(err) != code || (outcome != "" && sdk.OutcomeOf(err) != outcome) {
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

func only(t *testing.T, list []providertest.Received) providertest.Received {
	t.Helper()
	if len(list) != 1 {
		t.Fatalf("paykassma was asked %d times", len(list))
	}
	return list[0]
}

// wantRequest compares method, path and JSON body, and sees to the secret:
// everywhere but with a payout.
func wantRequest(t *testing.T, r providertest.Received, method, path, body string) {
	t.Helper()
	if r.Method != method || r.URL.Path != "/base"+path {
		t.Errorf("asked %s %s, want %s %s", r.Method, r.URL.Path, method, path)
	}
	want := secret
	if path == "/v2/withdrawal/create" {
		want = ""
	}

	if got := r.URL.Query().Get("secret"); got != want {
		t.Errorf("the secret in the query is %q", got)
	}
	if body != "" {
		wantJSON(t, r.Body, body)
	}
}

func wantJSON(t *testing.T, got, want string) {
	t.Helper()
	var g, w any
	if json.Unmarshal([]byte(got), &g) != nil || json.Unmarshal([]byte(want), &w) != nil ||
		!reflect.DeepEqual(g, w) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
