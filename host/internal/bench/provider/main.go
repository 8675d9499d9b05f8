// Command provider is the plugin that the benchmarks measure with. It answers
// at once, or asks its provider over HTTP when it has an address. The same
// program is the plain go-plugin.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/host/internal/bench/plain"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/serve"
)

var version = "1.0.0"

func main() {
	switch {
	case plain.Started():
		if err := plain.Serve(); err != nil {
			fmt.Fprintln(os.Stderr, "provider:", err)
			os.Exit(1)
		}
	case len(os.Args) == 2 && os.Args[1] == idler:
		idle()
	default:
		serve.Provider(newProvider)
	}
}

type accountKeys struct {
	sdk.Endpoint
	Paid bool `config:"paid" default:"false" doc:"Whether a payment whose status is queried has been paid."`
}

type answerer struct {
	keys   accountKeys
	client *providerhttp.Client // nil when it answers by itself
}

func newProvider(keys accountKeys, rt sdk.Runtime) (*answerer, error) {
	made := &answerer{keys: keys}
	if keys.BaseURL == "" {
		return made, nil
	}
	client, err := providerhttp.New(rt, providerhttp.Options{BaseURL: keys.BaseURL})
	made.client = client
	return made, err
}

// Info declares what the benchmarks need.
func (*answerer) Info() sdk.Info {
	once := sdk.IdempotencySupport{Retry: sdk.RetryNone}
	return sdk.Info{
		Name:          "bench",
		Version:       version,
		Description:   "answers at once",
		CreatePayment: sdk.IdempotencySupport{Retry: sdk.RetryNone, LinkOnly: true},
		CreatePayout:  once,
		CreateRefund:  once,
		WebhookTrust:  []sdk.WebhookTrust{sdk.TrustSignature},
	}
}

// ParseWebhook reads a body as the reference of a payment that was paid.
func (*answerer) ParseWebhook(
	_ context.Context,
	r sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	paid := &sdk.Payment{
		Status: sdk.PaymentSucceeded,
		Amount: &sdk.Money{Amount: decimal.NewFromInt(60), Currency: "USD"},
	}
	return &sdk.WebhookResult{
		Verification: sdk.VerifiedBySignature,
		Response:     sdk.HTTPResponse{Body: []byte("OK")},
		Events:       []sdk.Event{{Reference: string(r.Request.Body), Payment: paid}},
	}, nil
}

// CreatePayment takes as long as the description says, when it is a duration,
// and misbehaves when it is an order to.
func (a *answerer) CreatePayment(
	ctx context.Context,
	r sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	if pause, err := time.ParseDuration(r.Description); err == nil {
		time.Sleep(pause)
	}
	if message, ok := misbehave(r.Description); ok {
		return &sdk.Payment{Status: sdk.PaymentProcessing, Message: message}, nil
	}

	address, err := a.address(ctx, r.Reference)
	if err != nil {
		return nil, err
	}

	return &sdk.Payment{
		ProviderReference: r.Reference,
		Status:            sdk.PaymentRequiresAction,
		NextAction:        sdk.RedirectTo(address),
	}, nil
}

// address returns the page for the customer, as the provider says when there
// is one.
func (a *answerer) address(ctx context.Context, reference string) (string, error) {
	if a.client == nil {
		return "https://pay.example/" + reference, nil
	}
	order := map[string]string{"reference": reference}
	answer, err := a.client.Do(ctx, providerhttp.PostJSON("/payments", order))
	if err != nil {
		return "", err
	}

	var made struct {
		URL string `json:"url"`
	}
	if err := answer.DecodeJSON(&made); err != nil {
		return "", err
	}
	if made.URL == "" {
		return "", errors.New("the provider gave no page")
	}

	return made.URL, nil
}

// GetPayment answers as the account is configured.
func (a *answerer) GetPayment(
	_ context.Context,
	r sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	status := sdk.PaymentProcessing
	if a.keys.Paid {
		status = sdk.PaymentSucceeded
	}
	return &sdk.Payment{
		ProviderReference: r.Payment.ProviderReference,
		Status:            status,
		Amount:            &r.Payment.Amount,
	}, nil
}

// CreatePayout pays at once.
func (*answerer) CreatePayout(
	_ context.Context,
	r sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	return &sdk.Payout{
		ProviderReference: r.Reference,
		Status:            sdk.PayoutSucceeded,
		Amount:            &r.Amount,
	}, nil
}

// GetPayout says that it was paid.
func (*answerer) GetPayout(
	_ context.Context,
	r sdk.GetPayoutRequest,
) (*sdk.Payout, error) {
	return &sdk.Payout{
		ProviderReference: r.Payout.ProviderReference,
		Status:            sdk.PayoutSucceeded,
		Amount:            &r.Payout.Amount,
	}, nil
}

// CreateRefund refunds at once.
func (*answerer) CreateRefund(
	_ context.Context,
	r sdk.CreateRefundRequest,
) (*sdk.Refund, error) {
	return &sdk.Refund{
		ProviderReference: r.Reference,
		Status:            sdk.RefundSucceeded,
		Amount:            &r.Amount,
	}, nil
}

// GetRefund says that it was refunded.
func (*answerer) GetRefund(
	_ context.Context,
	r sdk.GetRefundRequest,
) (*sdk.Refund, error) {
	return &sdk.Refund{
		ProviderReference: r.Refund.ProviderReference,
		Status:            sdk.RefundSucceeded,
		Amount:            &r.Refund.Amount,
	}, nil
}
