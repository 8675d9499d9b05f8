package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// provider serves one account.
type provider struct {
	cfg  config
	http *providerhttp.Client
}

// newProvider gets a configuration that is decoded, defaulted and checked. It must not call the provider: an account
// can be configured while the provider is away.
func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	client, err := providerhttp.New(rt, providerhttp.Options{
		BaseURL:      cfg.URL(sandboxURL, liveURL),
		SecretHeader: []string{"Signature"},
	})
	if err != nil {
		return nil, err
	}
	return &provider{cfg: cfg, http: client}, nil
}

// Close is called when the account is configured anew or no longer needed, after its last call.
func (p *provider) Close() error {
	p.http.Close()
	return nil
}

// Info does not read its receiver: it is asked before any account is configured.
func (*provider) Info() sdk.Info {
	return sdk.Info{
		Name: "reference", Version: version, Description: "An invented provider that can do everything: the plugin to copy.",
		Currencies: []string{"EUR", "USD"}, Countries: []string{"DE", "US"},
		PaymentLimits: []sdk.AmountLimit{limit("EUR", 1, 10000), limit("USD", 1, 10000)},
		PayoutLimits:  []sdk.AmountLimit{limit("EUR", 5, 2000), limit("USD", 5, 2000)},
		Operations: []sdk.Operation{{
			Name: "quote_fee", Description: "What a payment of this amount will cost.",
			InputSchema: sdk.Schema[feeInput](), OutputSchema: sdk.Schema[feeOutput](),
		}},
		WebhookTrust:   []sdk.WebhookTrust{sdk.TrustSignature},
		CreatePayment:  sdk.RepeatGuarantee{Repeat: sdk.RepeatReturnsOriginal, Window: 24 * time.Hour, LinkOnly: true},
		CreateRefund:   sdk.RepeatGuarantee{Repeat: sdk.RepeatReturnsOriginal, Window: 24 * time.Hour},
		CapturePayment: sdk.RepeatGuarantee{Repeat: sdk.RepeatReturnsOriginal, Window: 24 * time.Hour},
		CreatePayout:   sdk.RepeatGuarantee{Repeat: sdk.RepeatRejectsDuplicates, Window: 30 * 24 * time.Hour},
		PaymentLookup: sdk.Lookup{
			ByReference: true, Immediate: true, Amounts: true, ListByReference: true, ListByTime: true,
		},
		PayoutLookup: sdk.Lookup{
			ByReference: true, Immediate: true, Amounts: true, ListByReference: true, ListByTime: true,
		},
		RefundLookup: sdk.Lookup{ByReference: true, Immediate: true, Amounts: true},
	}
}

// Both ends inclusive; the SDK turns other amounts away before a verb is called.
func limit(currency string, least, most int64) sdk.AmountLimit {
	lower, upper, decimals := decimal.NewFromInt(least), decimal.NewFromInt(most), int32(2)
	return sdk.AmountLimit{Currency: currency, Min: &lower, Max: &upper, Decimals: &decimals}
}

// DescribeAccount turns off what this account may not do.
func (p *provider) DescribeAccount() sdk.AccountDescription {
	if p.cfg.Payouts {
		return sdk.AccountDescription{}
	}
	return sdk.AccountDescription{Without: []sdk.Capability{
		sdk.CapabilityCreatePayout, sdk.CapabilityGetPayout, sdk.CapabilityListPayouts,
	}}
}

// CheckHealth informs people: that the provider is away is an answer, not an error.
func (p *provider) CheckHealth(ctx context.Context) (sdk.Health, error) {
	err := p.do(ctx, call{method: http.MethodGet, path: "/v1/ping"}, &pong{})
	switch e := sdk.AsError(err); {
	case e == nil:
		return sdk.Health{State: sdk.HealthHealthy}, nil
	case e.Outcome == sdk.OutcomeRefused:
		return sdk.Health{State: sdk.HealthDegraded, Message: e.Error()}, nil
	default:
		return sdk.Health{State: sdk.HealthUnreachable, Message: e.Error()}, nil
	}
}

// ListPaymentMethods passes the filters on. They are hints: a provider that cannot filter leaves them out.
func (p *provider) ListPaymentMethods(ctx context.Context, req sdk.ListPaymentMethodsRequest) ([]sdk.PaymentMethod, error) {
	query := url.Values{}
	if req.Country != "" {
		query.Set("country", req.Country)
	}
	if req.Currency != "" {
		query.Set("currency", req.Currency)
	}
	var list page[method]
	if err := p.do(ctx, call{method: http.MethodGet, path: "/v1/methods", query: query}, &list); err != nil {
		return nil, err
	}
	return convert(list, (*method).sdk), nil
}

// options are what a merchant may put into provider_options.
type options struct {
	Capture string `config:"capture" default:"automatic" oneof:"automatic,manual" doc:"manual: a paid payment is only authorized."`
}

// CreatePayment sends our reference as the order id: it is unique, which the merchant's own need not be.
func (p *provider) CreatePayment(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	var opts options
	if err := sdk.DecodeOptions(req.Options, &opts); err != nil {
		return nil, err
	}
	body := paymentRequest{
		MerchantID: p.cfg.MerchantID, OrderID: req.Reference,
		Amount: req.Amount.Amount.String(), Currency: req.Amount.Currency,
		Method: req.Method, Capture: opts.Capture, Email: req.Customer.Email,
		Text:      strings.TrimSpace(req.MerchantReference + " " + req.Description),
		NotifyURL: req.NotifyURL, ReturnURL: req.ReturnURL, CancelURL: req.CancelURL,
	}
	return p.payment(ctx, call{method: http.MethodPost, path: "/v1/payments", body: body, key: req.IdempotencyKey})
}

// GetPayment may be asked before the provider's reference is known, after an answer was lost.
func (p *provider) GetPayment(ctx context.Context, req sdk.GetPaymentRequest) (*sdk.Payment, error) {
	return p.payment(ctx, call{method: http.MethodGet, path: paymentPath(&req.Payment)})
}

// ConfirmPayment checks first that nothing is missing: a customer can be asked again, a provider's refusal is final.
func (p *provider) ConfirmPayment(ctx context.Context, req sdk.ConfirmPaymentRequest) (*sdk.Payment, error) {
	body := proofRequest{TransactionID: req.Fields["transaction_id"], Amount: req.Fields["amount"]}
	if body.TransactionID == "" || body.Amount == "" {
		return nil, sdk.Invalid(sdk.Violation{Field: "fields", Message: "transaction_id and amount are needed"})
	}
	for _, a := range req.Attachments {
		if a.Field == "screenshot" {
			body.Screenshot = a.Content
		}
	}
	return p.change(ctx, &req.Payment, "/confirm", body, req.IdempotencyKey)
}

// CapturePayment leaves the amount out to take all of it.
func (p *provider) CapturePayment(ctx context.Context, req sdk.CapturePaymentRequest) (*sdk.Payment, error) {
	var body captureRequest
	if req.Amount != nil {
		body.Amount = req.Amount.Amount.String()
	}
	return p.change(ctx, &req.Payment, "/capture", body, req.IdempotencyKey)
}

// CancelPayment of a payment that is already paid is refused by the provider.
func (p *provider) CancelPayment(ctx context.Context, req sdk.CancelPaymentRequest) (*sdk.Payment, error) {
	return p.change(ctx, &req.Payment, "/cancel", cancelRequest{Reason: req.Reason}, req.IdempotencyKey)
}

// change is what the three verbs on an existing payment share.
func (p *provider) change(ctx context.Context, of *sdk.PaymentContext, verb string, body any, key string) (*sdk.Payment, error) {
	return p.payment(ctx, call{method: http.MethodPost, path: paymentPath(of) + verb, body: body, key: key})
}

// payment sends a call whose answer is a payment.
func (p *provider) payment(ctx context.Context, c call) (*sdk.Payment, error) {
	var got payment
	if err := p.do(ctx, c, &got); err != nil {
		return nil, err
	}
	return got.sdk(), nil
}

// paymentPath works with our reference alone: the provider takes either.
func paymentPath(of *sdk.PaymentContext) string {
	return path("/v1/payments/", of.ProviderReference, of.Reference)
}

func path(kind, theirs, ours string) string {
	if theirs != "" {
		return kind + url.PathEscape(theirs)
	}
	return kind + "order:" + url.PathEscape(ours)
}

// ListPayments gives one page. The page token is the provider's own, passed through.
func (p *provider) ListPayments(ctx context.Context, req sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	var references []string
	for i := range req.Payments {
		references = append(references, req.Payments[i].Reference)
	}
	var list page[payment]
	query := listQuery(references, req.From, req.To, req.PageToken)
	if err := p.do(ctx, call{method: http.MethodGet, path: "/v1/payments", query: query}, &list); err != nil {
		return nil, err
	}
	return &sdk.ListPaymentsResponse{
		NextPageToken: list.Next,
		Payments: convert(list, func(p *payment) sdk.ListedPayment {
			return sdk.ListedPayment{Reference: p.OrderID, Payment: *p.sdk()}
		}),
	}, nil
}

// listQuery asks by reference or by time: the SDK has made sure that it is one of them.
func listQuery(references []string, from, to time.Time, token string) url.Values {
	query := url.Values{}
	if len(references) > 0 {
		query.Set("references", strings.Join(references, ","))
	}
	if !from.IsZero() {
		query.Set("from", from.UTC().Format(time.RFC3339Nano))
	}
	if !to.IsZero() {
		query.Set("to", to.UTC().Format(time.RFC3339Nano))
	}
	if token != "" {
		query.Set("page", token)
	}
	return query
}

// CreateRefund has a reference of its own, by which GetRefund finds it again.
func (p *provider) CreateRefund(ctx context.Context, req sdk.CreateRefundRequest) (*sdk.Refund, error) {
	body := refundRequest{RefundID: req.Reference, Amount: req.Amount.Amount.String(), Reason: req.Reason}
	return p.refund(ctx, call{
		method: http.MethodPost, path: paymentPath(&req.Payment) + "/refunds", body: body, key: req.IdempotencyKey,
	})
}

// GetRefund changes nothing.
func (p *provider) GetRefund(ctx context.Context, req sdk.GetRefundRequest) (*sdk.Refund, error) {
	return p.refund(ctx, call{method: http.MethodGet, path: path("/v1/refunds/", req.Refund.ProviderReference, req.Refund.Reference)})
}

func (p *provider) refund(ctx context.Context, c call) (*sdk.Refund, error) {
	var got refund
	if err := p.do(ctx, c, &got); err != nil {
		return nil, err
	}
	return got.sdk(), nil
}

// CreatePayout sends no idempotency key: this provider takes a payout_id once and refuses it ever after, which is what
// Info declares.
func (p *provider) CreatePayout(ctx context.Context, req sdk.CreatePayoutRequest) (*sdk.Payout, error) {
	if req.Recipient.IBAN == "" {
		return nil, sdk.Invalid(sdk.Violation{Field: "recipient.iban", Message: "is needed"})
	}
	body := payoutRequest{
		MerchantID: p.cfg.MerchantID, PayoutID: req.Reference,
		Amount: req.Amount.Amount.String(), Currency: req.Amount.Currency,
		Name: req.Recipient.Name, IBAN: req.Recipient.IBAN, NotifyURL: req.NotifyURL,
		Text: strings.TrimSpace(req.MerchantReference + " " + req.Description),
	}
	return p.payout(ctx, call{method: http.MethodPost, path: "/v1/payouts", body: body})
}

// GetPayout finds a payout by our reference too: after a duplicate, or a lost answer, the host asks here.
func (p *provider) GetPayout(ctx context.Context, req sdk.GetPayoutRequest) (*sdk.Payout, error) {
	return p.payout(ctx, call{
		method: http.MethodGet, path: path("/v1/payouts/", req.Payout.ProviderReference, req.Payout.Reference),
	})
}

func (p *provider) payout(ctx context.Context, c call) (*sdk.Payout, error) {
	var got payout
	if err := p.do(ctx, c, &got); err != nil {
		return nil, err
	}
	return got.sdk(), nil
}

// ListPayouts is ListPayments for payouts.
func (p *provider) ListPayouts(ctx context.Context, req sdk.ListPayoutsRequest) (*sdk.ListPayoutsResponse, error) {
	var references []string
	for i := range req.Payouts {
		references = append(references, req.Payouts[i].Reference)
	}
	var list page[payout]
	query := listQuery(references, req.From, req.To, req.PageToken)
	if err := p.do(ctx, call{method: http.MethodGet, path: "/v1/payouts", query: query}, &list); err != nil {
		return nil, err
	}
	return &sdk.ListPayoutsResponse{
		NextPageToken: list.Next,
		Payouts: convert(list, func(p *payout) sdk.ListedPayout {
			return sdk.ListedPayout{Reference: p.PayoutID, Payout: *p.sdk()}
		}),
	}, nil
}

// GetBalances has one entry a wallet and currency.
func (p *provider) GetBalances(ctx context.Context) ([]sdk.Balance, error) {
	var list page[wallet]
	if err := p.do(ctx, call{method: http.MethodGet, path: "/v1/balances"}, &list); err != nil {
		return nil, err
	}
	return convert(list, (*wallet).sdk), nil
}

// InvokeOperation has only quote_fee: the SDK turns other names away.
func (p *provider) InvokeOperation(ctx context.Context, req sdk.InvokeOperationRequest) (json.RawMessage, error) {
	var in feeInput
	if err := sdk.DecodeInput(req.Input, &in); err != nil {
		return nil, err
	}
	var fee wallet
	query := url.Values{"amount": {in.Amount.String()}, "currency": {in.Currency}}
	if err := p.do(ctx, call{method: http.MethodGet, path: "/v1/fee", query: query}, &fee); err != nil {
		return nil, err
	}
	return json.Marshal(feeOutput{Fee: fee.Amount.Decimal, Currency: fee.Currency})
}
