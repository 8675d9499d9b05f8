package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/plugins/reference/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providertest"
)

// answering returns a provider whose API answers everything with one answer.
func answering(t *testing.T, status int, header http.Header, body string) *provider {
	t.Helper()
	server := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, values := range header {
				w.Header()[name] = values
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}),
	)

	t.Cleanup(server.Close)
	return at(t, server.URL)
}

// at returns a provider with the simulator's credentials for the address.
func at(t *testing.T, baseURL string) *provider {
	t.Helper()
	cfg, err := sdk.DecodeConfig[config]([]byte(simulator.New().Config(baseURL)))
	if err != nil {
		t.Fatal(err)
	}

	p, err := newProvider(cfg, providertest.Runtime(t))
	if err != nil {
		t.Fatal(err)
	}

	return p
}

func TestErrorsOfTheProvider(t *testing.T) {
	for _, c := range []struct {
		name    string
		status  int
		body    string
		code    sdk.Code
		outcome sdk.Outcome
	}{
		{"its own refusal", 422, `{"error":{"code":"insufficient_funds","message":"no"}}`, sdk.CodeInsufficientFunds, sdk.OutcomeRefused},
		{"a code that its document does not have", 400, `{"error":{"code":"new","message":"no"}}`, sdk.CodeDeclined, sdk.OutcomeRefused},
		{"a duplicate says nothing of the first", 409, `{"error":{"code":"duplicate","message":"no"}}`, sdk.CodeDuplicate, sdk.OutcomeUnknown},
		{"a 4xx of something in between", 404, `<html>not here</html>`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{"an error without code", 400, `{"error":{}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{"a refusal with 5xx", 500, `{"error":{"code":"declined","message":"no"}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{"success without a payment", 200, `{"id":"pay-1"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{"an amount that is none", 200, `{"id":"1","reference":"a","status":"paid","amount":"1e99999"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := answering(t, c.status, http.Header{"Retry-After": {"7"}}, c.body)
			_, err := p.CreatePayment(t.Context(), sdk.CreatePaymentRequest{Reference: "a"})
			if sdk.CodeOf(err) != c.code || sdk.OutcomeOf(err) != c.outcome {
				t.Errorf("got %v, want %s (%s)", err, c.code, c.outcome)
			}

			var e *sdk.Error
			if errors.As(err, &e) && e.Outcome == sdk.OutcomeRefused &&
				e.RetryAfter != 7*time.Second {
				t.Errorf("wait %s, want 7s", e.RetryAfter)
			}
		})
	}
}

func TestWhatAPaymentBecomes(t *testing.T) {
	for word, want := range map[string]sdk.PaymentStatus{
		"pending": sdk.PaymentRequiresAction, "processing": sdk.PaymentProcessing, "authorized": sdk.PaymentAuthorized,
		"paid": sdk.PaymentSucceeded, "failed": sdk.PaymentFailed, "canceled": sdk.PaymentCanceled,
		"expired": sdk.PaymentExpired, "frozen": sdk.PaymentUnderReview,
	} {
		p := answering(
			t,
			200,
			nil,
			`{"id":"1","reference":"a","amount":60.50,"currency":"EUR","taken":"20","pay_url":"https://x.example/","status":"`+word+`"}`,
		)
		got, err := p.GetPayment(
			t.Context(),
			sdk.GetPaymentRequest{Payment: sdk.PaymentContext{Reference: "a"}},
		)
		if err != nil {
			t.Fatal(err)
		}

		if got.Status != want || got.ProviderStatus != word {
			t.Errorf("%s: got %s (%s), want %s", word, got.Status, got.ProviderStatus, want)
		}
		if (got.NextAction != nil) != (want == sdk.PaymentRequiresAction) {
			t.Errorf("%s: the next action is %v", word, got.NextAction)
		}

		if !got.Amount.Equal(euro("60.5")) || !got.Paid.Equal(euro("20")) {
			t.Errorf("%s: %s, of which %s is taken", word, got.Amount, got.Paid)
		}
	}
}

// An amount of nothing is an amount: the host is to see that it is another one.
func TestAnAmountOfNothing(t *testing.T) {
	p := answering(
		t,
		200,
		nil,
		`{"id":"1","reference":"a","amount":"0.00","currency":"EUR","status":"paid"}`,
	)
	got, err := p.GetPayment(
		t.Context(),
		sdk.GetPaymentRequest{Payment: sdk.PaymentContext{Reference: "a"}},
	)
	if err != nil || got.Amount == nil || !got.Amount.Equal(euro("0")) || got.Paid != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func euro(amount string) sdk.Money {
	return sdk.Money{Amount: decimal.RequireFromString(amount), Currency: "EUR"}
}

func TestOperationAnswersAsItsSchemaSays(t *testing.T) {
	sim := simulator.New()
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	p := at(t, server.URL)
	out, err := p.InvokeOperation(t.Context(), sdk.InvokeOperationRequest{
		Operation: "quote_fee",
		Input:     json.RawMessage(`{"amount":"100","currency":"EUR"}`),
	})
	if err != nil || string(out) != `{"fee":"2.9","currency":"EUR"}` {
		t.Errorf("got %s, %v", out, err)
	}

	_, err = p.InvokeOperation(
		t.Context(),
		sdk.InvokeOperationRequest{
			Operation: "quote_fee",
			Input:     json.RawMessage(`{"amout":"100"}`),
		},
	)
	if e := sdk.AsError(err); e == nil || e.Code != sdk.CodeInvalidRequest ||
		len(e.Violations) != 3 {
		t.Errorf("got %v, want violations for amount, amout and currency", err)
	}
}

// Whoever opens return_url by hand says nothing about any payment.
func TestReturnByHandSaysNothing(t *testing.T) {
	p := at(t, "http://127.0.0.1:1")
	for _, query := range []string{"", "reference=a", "reference=a&payment_id=pay-1"} {
		back, err := p.ParseReturn(
			t.Context(),
			sdk.ParseReturnRequest{Request: sdk.HTTPRequest{Query: query}},
		)
		if err != nil || len(back.Events) > 0 || back.Verification != "" {
			t.Errorf("%q: got %+v, %v", query, back, err)
		}
	}
}
