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

// provider serves one account, any number of calls at once. It remembers nothing: what a later call needs comes with it.
type provider struct {
	cfg  config
	http *providerhttp.Client
}

// newProvider gets a configuration that is decoded, defaulted and checked. It must not call the provider: an account
// can be configured while the provider is away. The client is closed with the account; what else is to be done then goes
// to rt.OnClose.
func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	client, err := providerhttp.New(rt, providerhttp.Options{
		BaseURL: cfg.URL(sandboxURL, liveURL), SecretHeader: []string{"Signature"},
	})
	return &provider{cfg: cfg, http: client}, err
}

// Info does not read its receiver: it is asked before any account is configured. What it declares of a repeat decides what
// the host does when an answer is lost, so each line here is a sentence of the provider's document.
func (*provider) Info() sdk.Info {
	sameForADay := sdk.RepeatGuarantee{Repeat: sdk.RepeatReturnsOriginal, Window: 24 * time.Hour}
	link := sameForADay
	link.LinkOnly = true // nobody has paid when a payment is created
	lookup := sdk.Lookup{ByReference: true, Immediate: true, Amounts: true, ListByReference: true, ListByTime: true}
	return sdk.Info{
		Name: "reference", Version: version, Description: "An invented provider that can do everything: the plugin to copy.",
		Currencies: []string{"EUR", "USD"}, Countries: []string{"DE", "US"},
		PaymentLimits: []sdk.AmountLimit{limit("EUR", 1, 10000), limit("USD", 1, 10000)},
		PayoutLimits:  []sdk.AmountLimit{limit("EUR", 5, 2000), limit("USD", 5, 2000)},
		Operations: []sdk.Operation{{
			Name: "quote_fee", Description: "What a payment of this amount will cost.",
			InputSchema: sdk.Schema[feeInput](), OutputSchema: sdk.Schema[feeOutput](),
		}},
		WebhookTrust:  []sdk.WebhookTrust{sdk.TrustSignature},
		CreatePayment: link, CapturePayment: sameForADay, CreateRefund: sameForADay,
		CreatePayout:  sdk.RepeatGuarantee{Repeat: sdk.RepeatRejectsDuplicates, Window: 30 * 24 * time.Hour},
		PaymentLookup: lookup, PayoutLookup: lookup,
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

// CheckHealth makes the cheapest call there is. It informs people: that the provider is away is an answer, not an error.
func (p *provider) CheckHealth(ctx context.Context) (sdk.Health, error) {
	_, err := p.GetBalances(ctx)
	return sdk.HealthOf(err), nil
}

// ListPaymentMethods passes the filters on. They are hints: a provider that cannot filter leaves them out.
func (p *provider) ListPaymentMethods(ctx context.Context, req sdk.ListPaymentMethodsRequest) ([]sdk.PaymentMethod, error) {
	var list page[method]
	if err := p.get(ctx, "/v1/methods", parameters(map[string]string{"country": req.Country, "currency": req.Currency}), &list); err != nil {
		return nil, err
	}
	return each(list, (*method).sdk), nil
}

// options are what a merchant may put into provider_options.
type options struct {
	Capture string `config:"capture" default:"automatic" oneof:"automatic,manual" doc:"manual: a paid payment is only authorized."`
}

// CreatePayment sends our reference, which is unique; the merchant's own need not be, and goes where people read it.
func (p *provider) CreatePayment(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	var opts options
	if err := sdk.DecodeOptions(req.Options, &opts); err != nil {
		return nil, err
	}
	return p.payment(ctx, "/v1/payments", req.IdempotencyKey, request{
		MerchantID: p.cfg.MerchantID, Reference: req.Reference,
		Amount: req.Amount.Amount.String(), Currency: req.Amount.Currency,
		Method: req.Method, Capture: opts.Capture, Text: strings.TrimSpace(req.MerchantReference + " " + req.Description),
		NotifyURL: req.NotifyURL, ReturnURL: req.ReturnURL, CancelURL: req.CancelURL,
	})
}

// ConfirmPayment checks first that nothing is missing: a customer can be asked again, a provider's refusal is final.
func (p *provider) ConfirmPayment(ctx context.Context, req sdk.ConfirmPaymentRequest) (*sdk.Payment, error) {
	body := request{TransactionID: req.Fields["transaction_id"], Amount: req.Fields["amount"]}
	if body.TransactionID == "" || body.Amount == "" {
		return nil, sdk.Invalid(sdk.Violation{Field: "fields", Message: "transaction_id and amount are needed"})
	}
	for _, a := range req.Attachments {
		if a.Field == "screenshot" {
			body.Screenshot = a.Content
		}
	}
	return p.payment(ctx, paymentPath(&req.Payment)+"/confirm", req.IdempotencyKey, body)
}

// CapturePayment leaves the amount out to take all of it.
func (p *provider) CapturePayment(ctx context.Context, req sdk.CapturePaymentRequest) (*sdk.Payment, error) {
	var body request
	if req.Amount != nil {
		body.Amount = req.Amount.Amount.String()
	}
	return p.payment(ctx, paymentPath(&req.Payment)+"/capture", req.IdempotencyKey, body)
}

// CancelPayment of a payment that is already paid is refused by the provider.
func (p *provider) CancelPayment(ctx context.Context, req sdk.CancelPaymentRequest) (*sdk.Payment, error) {
	return p.payment(ctx, paymentPath(&req.Payment)+"/cancel", req.IdempotencyKey, request{Text: req.Reason})
}

// payment makes a call that changes a payment, and is answered with it.
func (p *provider) payment(ctx context.Context, path, key string, body request) (*sdk.Payment, error) {
	var got resource
	if err := p.post(ctx, path, key, body, &got); err != nil {
		return nil, err
	}
	return got.payment(), nil
}

// GetPayment may be asked before the provider's reference is known, after an answer was lost.
func (p *provider) GetPayment(ctx context.Context, req sdk.GetPaymentRequest) (*sdk.Payment, error) {
	var got resource
	if err := p.get(ctx, paymentPath(&req.Payment), nil, &got); err != nil {
		return nil, err
	}
	return got.payment(), nil
}

func paymentPath(of *sdk.PaymentContext) string {
	return path("/v1/payments/", of.ProviderReference, of.Reference)
}

// path names a thing by their reference, or by ours as long as that is all there is: this provider takes either.
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
	list, err := p.list(ctx, "/v1/payments", references, req.From, req.To, req.PageToken)
	if err != nil {
		return nil, err
	}
	return &sdk.ListPaymentsResponse{NextPageToken: list.Next, Payments: each(list, func(r *resource) sdk.ListedPayment {
		return sdk.ListedPayment{Reference: r.Reference, Payment: *r.payment()}
	})}, nil
}

// list asks by reference or by time: the SDK has made sure that it is one of them.
func (p *provider) list(ctx context.Context, path string, references []string, from, to time.Time, token string) (list page[resource], err error) {
	err = p.get(ctx, path, parameters(map[string]string{
		"references": strings.Join(references, ","), "from": stamp(from), "to": stamp(to), "page": token,
	}), &list)
	return list, err
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// parameters leaves out what is empty.
func parameters(list map[string]string) url.Values {
	query := url.Values{}
	for name, value := range list {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// CreateRefund has a reference of its own, by which GetRefund finds it again.
func (p *provider) CreateRefund(ctx context.Context, req sdk.CreateRefundRequest) (*sdk.Refund, error) {
	body := request{Reference: req.Reference, Amount: req.Amount.Amount.String(), Text: req.Reason}
	var got resource
	if err := p.post(ctx, paymentPath(&req.Payment)+"/refunds", req.IdempotencyKey, body, &got); err != nil {
		return nil, err
	}
	return got.refund(), nil
}

// GetRefund changes nothing.
func (p *provider) GetRefund(ctx context.Context, req sdk.GetRefundRequest) (*sdk.Refund, error) {
	var got resource
	if err := p.get(ctx, path("/v1/refunds/", req.Refund.ProviderReference, req.Refund.Reference), nil, &got); err != nil {
		return nil, err
	}
	return got.refund(), nil
}

// CreatePayout sends no idempotency key: this provider takes a reference once and refuses it ever after, which is what
// Info declares.
func (p *provider) CreatePayout(ctx context.Context, req sdk.CreatePayoutRequest) (*sdk.Payout, error) {
	if req.Recipient.IBAN == "" {
		return nil, sdk.Invalid(sdk.Violation{Field: "recipient.iban", Message: "is needed"})
	}
	body := request{
		MerchantID: p.cfg.MerchantID, Reference: req.Reference,
		Amount: req.Amount.Amount.String(), Currency: req.Amount.Currency,
		Name: req.Recipient.Name, IBAN: req.Recipient.IBAN, NotifyURL: req.NotifyURL,
		Text: strings.TrimSpace(req.MerchantReference + " " + req.Description),
	}
	var got resource
	if err := p.post(ctx, "/v1/payouts", "", body, &got); err != nil {
		return nil, err
	}
	return got.payout(), nil
}

// GetPayout finds a payout by our reference too: after a duplicate, or a lost answer, the host asks here.
func (p *provider) GetPayout(ctx context.Context, req sdk.GetPayoutRequest) (*sdk.Payout, error) {
	var got resource
	if err := p.get(ctx, path("/v1/payouts/", req.Payout.ProviderReference, req.Payout.Reference), nil, &got); err != nil {
		return nil, err
	}
	return got.payout(), nil
}

// ListPayouts is ListPayments for payouts.
func (p *provider) ListPayouts(ctx context.Context, req sdk.ListPayoutsRequest) (*sdk.ListPayoutsResponse, error) {
	var references []string
	for i := range req.Payouts {
		references = append(references, req.Payouts[i].Reference)
	}
	list, err := p.list(ctx, "/v1/payouts", references, req.From, req.To, req.PageToken)
	if err != nil {
		return nil, err
	}
	return &sdk.ListPayoutsResponse{NextPageToken: list.Next, Payouts: each(list, func(r *resource) sdk.ListedPayout {
		return sdk.ListedPayout{Reference: r.Reference, Payout: *r.payout()}
	})}, nil
}

// GetBalances has one entry a wallet and currency.
func (p *provider) GetBalances(ctx context.Context) ([]sdk.Balance, error) {
	var list page[wallet]
	if err := p.get(ctx, "/v1/balances", nil, &list); err != nil {
		return nil, err
	}
	return each(list, (*wallet).sdk), nil
}

// InvokeOperation has only quote_fee: the SDK turns other names away.
func (p *provider) InvokeOperation(ctx context.Context, req sdk.InvokeOperationRequest) (json.RawMessage, error) {
	var in feeInput
	if err := sdk.DecodeInput(req.Input, &in); err != nil {
		return nil, err
	}
	var fee wallet
	if err := p.get(ctx, "/v1/fee", parameters(map[string]string{"amount": in.Amount.String(), "currency": in.Currency}), &fee); err != nil {
		return nil, err
	}
	return json.Marshal(feeOutput{Fee: fee.Amount.Decimal, Currency: fee.Currency})
}

func (p *provider) get(ctx context.Context, path string, query url.Values, out answer) error {
	return p.do(ctx, call{method: http.MethodGet, path: path, query: query}, out)
}

func (p *provider) post(ctx context.Context, path, key string, body request, out answer) error {
	return p.do(ctx, call{method: http.MethodPost, path: path, body: &body, key: key}, out)
}
