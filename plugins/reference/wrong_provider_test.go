package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
)

// The providers of this file each break the contract in one way, on top of the
// one that keeps it.

type untrusting struct{ *provider }

func (p untrusting) Info() sdk.Info {
	i := p.provider.Info()
	i.WebhookTrust = nil
	return i
}

type lookupWithoutVerb struct{ sdk.Provider }

func (lookupWithoutVerb) Info() sdk.Info {
	return sdk.Info{
		Name:          "wrong",
		Version:       "1",
		Description:   "x",
		PaymentLookup: sdk.Lookup{ByReference: true},
	}
}

// openConfig keeps a secret where everybody sees it.
type openConfig struct {
	sdk.Endpoint
	MerchantID  string       `config:"merchant_id,required,identity"`
	APIKey      string       `config:"api_key,required"`
	SigningKey  sdk.Secret   `config:"signing_key,required"`
	WebhookKeys []sdk.Secret `config:"webhook_keys,required"`
}

func newOpen(cfg openConfig, rt sdk.Runtime) (*provider, error) {
	return newProvider(config{
		Endpoint:    cfg.Endpoint,
		MerchantID:  cfg.MerchantID,
		APIKey:      sdk.NewSecret(cfg.APIKey),
		SigningKey:  cfg.SigningKey,
		WebhookKeys: cfg.WebhookKeys,
		Payouts:     true,
	}, rt)
}

// latest uses the account that was configured last for all of them.
type latest struct{ *provider }

var last atomic.Pointer[provider]

func (latest) ListPaymentMethods(
	ctx context.Context,
	req sdk.ListPaymentMethodsRequest,
) ([]sdk.PaymentMethod, error) {
	if _, err := last.Load().GetBalances(ctx); err != nil {
		return nil, err
	}
	return last.Load().ListPaymentMethods(ctx, req)
}

type promises struct{ *provider }

func (promises) CapturePayment(
	context.Context,
	sdk.CapturePaymentRequest,
) (*sdk.Payment, error) {
	return nil, sdk.NotSent(sdk.CodeNotSupported, "not yet")
}

type optimist struct{ *provider }

func (optimist) CheckHealth(context.Context) (sdk.Health, error) {
	return sdk.Health{State: sdk.HealthHealthy}, nil
}

func (p optimist) GetPayment(
	ctx context.Context,
	req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	got, err := p.provider.GetPayment(ctx, req)
	if err == nil {
		got.Status = sdk.PaymentSucceeded
	}
	return got, err
}

// cents sends amounts a hundred times too large, where the limits allow it.
type cents struct{ *provider }

func (p cents) CreatePayout(
	ctx context.Context,
	req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	req.Amount.Amount = req.Amount.Amount.Mul(decimal.NewFromInt(2))
	got, err := p.provider.CreatePayout(ctx, req)
	if err == nil {
		got.Amount = nil
	}
	return got, err
}

func (p cents) CapturePayment(
	ctx context.Context,
	req sdk.CapturePaymentRequest,
) (*sdk.Payment, error) {
	req.Amount = nil
	return p.provider.CapturePayment(ctx, req)
}

func (p cents) CreateRefund(
	ctx context.Context,
	req sdk.CreateRefundRequest,
) (*sdk.Refund, error) {
	req.Amount = req.Payment.Amount
	return p.provider.CreateRefund(ctx, req)
}

type firstPage struct{ *provider }

func (p firstPage) ListPayouts(
	ctx context.Context,
	req sdk.ListPayoutsRequest,
) (*sdk.ListPayoutsResponse, error) {
	got, err := p.provider.ListPayouts(ctx, req)
	if err == nil {
		got.NextPageToken = ""
	}
	return got, err
}

func (p firstPage) ListPayments(
	ctx context.Context,
	req sdk.ListPaymentsRequest,
) (*sdk.ListPaymentsResponse, error) {
	got, err := p.provider.ListPayments(ctx, req)
	if err == nil {
		got.NextPageToken = ""
	}
	return got, err
}

// careless lets the provider find out what is missing.
type careless struct{ *provider }

func (p careless) CreatePayout(
	ctx context.Context,
	req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	return payout(p.post(ctx, "/v1/payouts", "", ordered.Texts(
		"reference",
		req.Reference,
		"amount",
		req.Amount.Amount.String(),
		"currency",
		req.Amount.Currency,
	)))
}

func (p careless) ConfirmPayment(
	ctx context.Context,
	req sdk.ConfirmPaymentRequest,
) (*sdk.Payment, error) {
	return payment(
		p.post(
			ctx,
			paymentPath(&req.Payment)+"/confirm",
			req.IdempotencyKey,
			ordered.Texts("transaction_id", req.Fields["transaction_id"]),
		),
	)
}

// unlimited declares its limits only to the first who asks.
type unlimited struct{ *provider }

var asked atomic.Int64

func (p unlimited) Info() sdk.Info {
	i := p.provider.Info()
	if asked.Add(1) > 1 {
		i.PaymentLimits, i.PayoutLimits = nil, nil
	}
	return i
}

// certain claims to know what became of a payout.
type certain struct{ *provider }

func (p certain) CreatePayout(
	ctx context.Context,
	req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	got, err := p.provider.CreatePayout(ctx, req)
	if e := sdk.AsError(err); e != nil {
		e.Outcome = sdk.OutcomeRefused
		return nil, e
	}
	return got, err
}

// believer takes any answer for a success.
type believer struct{ *provider }

func (p believer) CreatePayment(
	ctx context.Context,
	req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	got, err := p.provider.CreatePayment(ctx, req)
	if sdk.OutcomeOf(err) == sdk.OutcomeUnknown {
		return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
	}
	return got, err
}

// eager tries again by itself.
type eager struct{ *provider }

func (p eager) CreatePayment(
	ctx context.Context,
	req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	got, err := p.provider.CreatePayment(ctx, req)
	if err != nil {
		return p.provider.CreatePayment(ctx, req)
	}
	return got, err
}

// broken cannot do what it says that it can.
type broken struct{ *provider }

func (broken) GetBalances(context.Context) ([]sdk.Balance, error) {
	return nil, errors.New("it did not work")
}

// vague has one code for every failure.
type vague struct{ *provider }

func (p vague) CreatePayment(
	ctx context.Context,
	req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	got, err := p.provider.CreatePayment(ctx, req)
	if e := sdk.AsError(err); e != nil {
		e.Code = sdk.CodeDeclined
		return nil, e
	}
	return got, err
}

// stubborn goes on when nobody waits any more.
type stubborn struct{ *provider }

func (p stubborn) CheckHealth(ctx context.Context) (sdk.Health, error) {
	return p.provider.CheckHealth(context.WithoutCancel(ctx))
}

// renamed makes every attempt a payout of its own.
type renamed struct{ *provider }

func (p renamed) CreatePayout(
	ctx context.Context,
	req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	if req.Attempt > 1 {
		req.Reference = strings.ToLower(
			req.Reference[:3],
		) + strings.Repeat(
			"x",
			req.Attempt,
		) + req.Reference[9:]
	}
	return p.provider.CreatePayout(ctx, req)
}

// sure takes the refusal of a repeat for the refusal of the payout.
type sure struct{ *provider }

func (p sure) CreatePayout(
	ctx context.Context,
	req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	out, err := p.provider.CreatePayout(ctx, req)
	if e := sdk.AsError(err); e != nil && e.Code == sdk.CodeDuplicate {
		e.Outcome = sdk.OutcomeRefused
		return nil, e
	}
	return out, err
}

// newKey promises the original and asks for a new one.
type newKey struct{ *provider }

func (p newKey) CreateRefund(
	ctx context.Context,
	req sdk.CreateRefundRequest,
) (*sdk.Refund, error) {
	req.IdempotencyKey += strings.Repeat("x", req.Attempt)
	return p.provider.CreateRefund(ctx, req)
}

// mixedUp answers with whatever it made last.
type mixedUp struct {
	*provider
	mu   *sync.Mutex
	made **sdk.Payment
}

func (p mixedUp) CreatePayment(
	ctx context.Context,
	req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	got, err := p.provider.CreatePayment(ctx, req)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && *p.made == nil {
		*p.made = got
	}
	return *p.made, err
}

// trusting verifies nothing.
type trusting struct{ *provider }

func (p trusting) ParseWebhook(
	_ context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	var n webhook
	if err := json.Unmarshal(req.Request.Body, &n); err != nil {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the notice cannot be read")
	}
	return &sdk.WebhookResult{
		Verification: sdk.VerifiedBySignature,
		Events:       n.events(),
	}, nil
}

func (p trusting) ParseReturn(
	ctx context.Context,
	req sdk.ParseReturnRequest,
) (*sdk.Return, error) {
	back, err := p.provider.ParseReturn(ctx, req)
	if err == nil {
		back.Verification = sdk.VerifiedBySignature
	}
	return back, err
}

// forgetful says something else every time.
type forgetful struct{ *provider }

func (p forgetful) ParseWebhook(
	ctx context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	got, err := p.provider.ParseWebhook(ctx, req)
	if err == nil && len(got.Events) > 0 {
		got.Events[0].OccurredAt = time.Now()
	}
	return got, err
}

// brittle falls over what it does not expect.
type brittle struct{ *provider }

func (p brittle) ParseWebhook(
	ctx context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	_ = req.Request.Header["Signature"][0][10]
	return p.provider.ParseWebhook(ctx, req)
}

// laborious looks at each byte of a webhook a thousand times.
type laborious struct{ *provider }

func (p laborious) ParseWebhook(
	ctx context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	sum := 0
	for range 1000 {
		for _, char := range req.Request.Body {
			sum += int(char)
		}
	}

	if sum < 0 {
		return nil, errors.New("a body has no negative bytes")
	}

	return p.provider.ParseWebhook(ctx, req)
}

// anywhere believes everybody who sends a notice.
type anywhere struct{ *provider }

func (p anywhere) Info() sdk.Info {
	i := p.provider.Info()
	i.WebhookTrust = []sdk.WebhookTrust{sdk.TrustAddress}
	return i
}

func (p anywhere) ParseWebhook(
	ctx context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	got, err := p.provider.ParseWebhook(ctx, req)
	if err == nil {
		got.Verification = sdk.VerifiedByOrigin
	}
	return got, err
}

// talkative puts its key into the customer's link.
type talkative struct{ *provider }

func (p talkative) CreatePayment(
	ctx context.Context,
	req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	got, err := p.provider.CreatePayment(ctx, req)
	if err == nil && got.NextAction != nil && got.NextAction.Redirect != nil {
		got.NextAction.Redirect.URL += "?key=" + p.cfg.APIKey.Reveal()
	}
	return got, err
}

// endless keeps a goroutine and its connections.
type endless struct {
	*provider
	stop <-chan struct{}
}

func (endless) Close() error { return nil }

// hoarder opens a file in every call and forgets it.
type hoarder struct {
	*provider
	kept *[]*os.File
}

func (p hoarder) GetBalances(ctx context.Context) ([]sdk.Balance, error) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	*p.kept = append(*p.kept, f)
	return p.provider.GetBalances(ctx)
}

func (p hoarder) Close() error {
	for _, f := range *p.kept {
		_ = f.Close()
	}
	return nil
}

// ageless does not look at when a notice was made.
type ageless struct{ *provider }

func (p ageless) ParseWebhook(
	ctx context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	n, err := p.provider.ParseWebhook(ctx, req)
	if n != nil {
		n.Verification = sdk.VerifiedBySignature
	}
	return n, err
}

// narrow takes a notice about something else for a mistake.
type narrow struct{ *provider }

func (p narrow) ParseWebhook(
	ctx context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	n, err := p.provider.ParseWebhook(ctx, req)
	if err == nil && len(n.Events) == 0 {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the notice is about nothing")
	}
	return n, err
}

// impatient does not wait for an answer.
type impatient struct{ *provider }

func (p impatient) CreatePayout(
	ctx context.Context,
	req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if out, err := p.provider.CreatePayout(ctx, req); err == nil {
		return out, nil
	}
	return &sdk.Payout{Status: sdk.PayoutProcessing}, nil
}
