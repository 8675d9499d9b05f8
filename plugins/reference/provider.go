package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// provider serves one account, any number of calls at once. It remembers nothing: what a later call needs comes with it.
type provider struct {
	cfg  config
	http *providerhttp.Client
}

// These are what the provider can do: a verb that is missing here, or has
// another signature, is none.
var (
	_ sdk.Provider         = (*provider)(nil)
	_ sdk.HealthChecker    = (*provider)(nil)
	_ sdk.MethodLister     = (*provider)(nil)
	_ sdk.PaymentCreator   = (*provider)(nil)
	_ sdk.PaymentConfirmer = (*provider)(nil)
	_ sdk.PaymentGetter    = (*provider)(nil)
	_ sdk.PaymentLister    = (*provider)(nil)
	_ sdk.PaymentCapturer  = (*provider)(nil)
	_ sdk.PaymentCanceler  = (*provider)(nil)
	_ sdk.RefundCreator    = (*provider)(nil)
	_ sdk.RefundGetter     = (*provider)(nil)
	_ sdk.PayoutCreator    = (*provider)(nil)
	_ sdk.PayoutGetter     = (*provider)(nil)
	_ sdk.PayoutLister     = (*provider)(nil)
	_ sdk.BalanceGetter    = (*provider)(nil)
	_ sdk.WebhookParser    = (*provider)(nil)
	_ sdk.ReturnParser     = (*provider)(nil)
	_ sdk.OperationInvoker = (*provider)(nil)
	_ sdk.AccountDescriber = (*provider)(nil)
)

// newProvider gets a configuration that is decoded, defaulted and checked. It must not call the provider: an account
// can be configured while the provider is away. The client is closed with the account; what else is to be done then goes
// to rt.OnClose.
func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	client, err := newClient(cfg, rt)
	return &provider{cfg: cfg, http: client}, err
}

// Info does not read its receiver: it is asked before any account is configured. What it declares of a repeat decides what
// the host does when an answer is lost, so each line here is a sentence of the provider's document.
func (*provider) Info() sdk.Info {
	sameForADay := sdk.IdempotencySupport{Retry: sdk.RetryReturnsOriginal, Window: 24 * time.Hour}
	link := sameForADay
	link.LinkOnly = true // nobody has paid when a payment is created
	lookup := sdk.Lookup{ByReference: true, Immediate: true, Amounts: true, ListByReference: true, ListByTime: true}
	return sdk.Info{
		Name: "reference", Version: version, Description: "An invented provider that can do everything: the plugin to copy.",
		Currencies: currencies, Countries: []string{"DE", "US"},
		// Both ends inclusive; the SDK turns other amounts away before a verb is called.
		PaymentLimits: limits("1", "10000"), PayoutLimits: limits("5", "2000"),
		Operations:    []sdk.Operation{sdk.OperationOf[feeInput, feeOutput]("quote_fee", "What a payment of this amount will cost.")},
		WebhookTrust:  []sdk.WebhookTrust{sdk.TrustSignature},
		CreatePayment: link, CapturePayment: sameForADay, CreateRefund: sameForADay,
		CreatePayout:  sdk.IdempotencySupport{Retry: sdk.RetryRejectsDuplicates, Window: 30 * 24 * time.Hour},
		PaymentLookup: lookup, PayoutLookup: lookup,
		RefundLookup: sdk.Lookup{ByReference: true, Immediate: true, Amounts: true},
	}
}

// currencies are all that it takes, of every kind that there is: with cents,
// without, with thousandths, and a token, whose decimals only the provider's
// document tells.
var currencies = []string{"EUR", "USD", "JPY", "KWD", "USDC"}

// limits bound every currency alike. What ISO 4217 does not know has the six
// decimals of this provider's token.
func limits(least, most string) (list []sdk.AmountLimit) {
	for _, currency := range currencies {
		decimals, known := sdk.MinorUnits(currency)
		if !known {
			decimals = 6
		}
		list = append(list, sdk.MustLimit(currency, least, most, decimals))
	}
	return list
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
func (p *provider) ListPaymentMethods(ctx context.Context, req sdk.ListPaymentMethodsRequest) (out []sdk.PaymentMethod, err error) {
	var list struct {
		Data []method `json:"data"`
	}
	query := providerhttp.Query("country", req.Country, "currency", req.Currency)
	resp, err := p.do(ctx, providerhttp.Get("/v1/methods", query), &list)
	if err == nil && list.Data == nil {
		err = resp.Unexpected("a list has data")
	}
	for _, m := range list.Data {
		if m.ID == "" || !m.Min.Present || !m.Max.Present {
			return nil, resp.Unexpected("a method has id, min and max")
		}
		out = append(out, m.method())
	}
	return out, err
}

// options are what a merchant may put into provider_options.
type options struct {
	Capture string `config:"capture" default:"automatic" oneof:"automatic,manual" doc:"manual: a paid payment is only authorized."`
}

// CreatePayment sends our reference, which is unique; the merchant's own need not be, and goes where people read it.
// Amounts are sent as text, so that no float comes near them.
func (p *provider) CreatePayment(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	var opts options
	if err := sdk.DecodeOptions(req.Options, &opts); err != nil {
		return nil, err
	}
	return payment(p.post(ctx, "/v1/payments", req.IdempotencyKey, ordered.Texts( // which leaves out what is empty
		"merchant_id", p.cfg.MerchantID, "reference", req.Reference,
		"amount", req.Amount.Amount.String(), "currency", req.Amount.Currency,
		"method", req.Method, "capture", opts.Capture, "text", strings.TrimSpace(req.MerchantReference+" "+req.Description),
		"notify_url", req.NotifyURL, "return_url", req.ReturnURL, "cancel_url", req.CancelURL,
	)))
}

// payment takes what a call was answered with.
func payment(r *resource, err error) (*sdk.Payment, error) {
	if err != nil {
		return nil, err
	}
	return r.payment(), nil
}

// ConfirmPayment checks first that nothing is missing: a customer can be asked again, a provider's refusal is final.
func (p *provider) ConfirmPayment(ctx context.Context, req sdk.ConfirmPaymentRequest) (*sdk.Payment, error) {
	id, amount, screenshot := req.Fields["transaction_id"], req.Fields["amount"], ""
	var wrong sdk.Violations
	wrong.Need("fields.transaction_id", id, "fields.amount", amount)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	if file := req.Attachment("screenshot"); file != nil {
		screenshot = base64.StdEncoding.EncodeToString(file.Content)
	}
	body := ordered.Texts("transaction_id", id, "amount", amount, "screenshot", screenshot)
	return payment(p.post(ctx, paymentPath(&req.Payment)+"/confirm", req.IdempotencyKey, body))
}

// CapturePayment leaves the amount out to take all of it.
func (p *provider) CapturePayment(ctx context.Context, req sdk.CapturePaymentRequest) (*sdk.Payment, error) {
	amount := ""
	if req.Amount != nil {
		amount = req.Amount.Amount.String()
	}
	path := paymentPath(&req.Payment) + "/capture"
	return payment(p.post(ctx, path, req.IdempotencyKey, ordered.Texts("amount", amount)))
}

// CancelPayment of a payment that is already paid is refused by the provider.
func (p *provider) CancelPayment(ctx context.Context, req sdk.CancelPaymentRequest) (*sdk.Payment, error) {
	path := paymentPath(&req.Payment) + "/cancel"
	return payment(p.post(ctx, path, req.IdempotencyKey, ordered.Texts("text", req.Reason)))
}

// GetPayment may be asked before the provider's reference is known, after an answer was lost.
func (p *provider) GetPayment(ctx context.Context, req sdk.GetPaymentRequest) (*sdk.Payment, error) {
	return payment(p.get(ctx, paymentPath(&req.Payment), nil))
}

func paymentPath(of *sdk.PaymentContext) string {
	return path("/v1/payments/", of.ProviderReference, of.Reference)
}

// path names a thing by their reference, or by ours as long as that is all there is: this provider takes either.
func path(kind, theirs, ours string) string {
	return kind + cmp.Or(url.PathEscape(theirs), "order:"+url.PathEscape(ours))
}

// ListPayments gives one page. The page token is the provider's own, passed through.
func (p *provider) ListPayments(ctx context.Context, req sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	list, err := p.list(ctx, "/v1/payments", req.References(), req.From, req.To, req.PageToken)
	out := &sdk.ListPaymentsResponse{NextPageToken: list.Next}
	for _, r := range list.Data {
		out.Payments = append(out.Payments, sdk.ListedPayment{Reference: string(r.Reference), Payment: *r.payment()})
	}
	return out, err
}

// list asks by reference or by time: the SDK has made sure that it is one of them.
func (p *provider) list(ctx context.Context, path string, references []string, from, to time.Time, token string) (list page, err error) {
	resp, err := p.do(ctx, providerhttp.Get(path, providerhttp.Query(
		"references", strings.Join(references, ","), "from", stamp(from), "to", stamp(to), "page", token,
	)), &list)
	if err == nil && list.Data == nil {
		err = resp.Unexpected("a list has data")
	}
	for _, r := range list.Data {
		if err == nil && !(r.complete() && r.legible()) {
			err = resp.Unexpected("each has id, reference, status, and amounts that are some")
		}
	}
	return list, err
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// CreateRefund has a reference of its own, by which GetRefund finds it again.
func (p *provider) CreateRefund(ctx context.Context, req sdk.CreateRefundRequest) (*sdk.Refund, error) {
	body := ordered.Texts("reference", req.Reference, "amount", req.Amount.Amount.String(), "text", req.Reason)
	return refund(p.post(ctx, paymentPath(&req.Payment)+"/refunds", req.IdempotencyKey, body))
}

// GetRefund changes nothing.
func (p *provider) GetRefund(ctx context.Context, req sdk.GetRefundRequest) (*sdk.Refund, error) {
	return refund(p.get(ctx, path("/v1/refunds/", req.Refund.ProviderReference, req.Refund.Reference), nil))
}

func refund(r *resource, err error) (*sdk.Refund, error) {
	if err != nil {
		return nil, err
	}
	return r.refund(), nil
}

// CreatePayout sends no idempotency key: this provider takes a reference once and refuses it ever after, which is what
// Info declares.
func (p *provider) CreatePayout(ctx context.Context, req sdk.CreatePayoutRequest) (*sdk.Payout, error) {
	var wrong sdk.Violations
	wrong.Need("recipient.iban", req.Recipient.IBAN)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	return payout(p.post(ctx, "/v1/payouts", "", ordered.Texts(
		"merchant_id", p.cfg.MerchantID, "reference", req.Reference,
		"amount", req.Amount.Amount.String(), "currency", req.Amount.Currency,
		"name", req.Recipient.Name, "iban", req.Recipient.IBAN, "notify_url", req.NotifyURL,
		"text", strings.TrimSpace(req.MerchantReference+" "+req.Description),
	)))
}

// GetPayout finds a payout by our reference too: after a duplicate, or a lost answer, the host asks here.
func (p *provider) GetPayout(ctx context.Context, req sdk.GetPayoutRequest) (*sdk.Payout, error) {
	return payout(p.get(ctx, path("/v1/payouts/", req.Payout.ProviderReference, req.Payout.Reference), nil))
}

func payout(r *resource, err error) (*sdk.Payout, error) {
	if err != nil {
		return nil, err
	}
	return r.payout(), nil
}

// ListPayouts is ListPayments for payouts.
func (p *provider) ListPayouts(ctx context.Context, req sdk.ListPayoutsRequest) (*sdk.ListPayoutsResponse, error) {
	list, err := p.list(ctx, "/v1/payouts", req.References(), req.From, req.To, req.PageToken)
	out := &sdk.ListPayoutsResponse{NextPageToken: list.Next}
	for _, r := range list.Data {
		out.Payouts = append(out.Payouts, sdk.ListedPayout{Reference: string(r.Reference), Payout: *r.payout()})
	}
	return out, err
}

// GetBalances has one entry a wallet and currency.
func (p *provider) GetBalances(ctx context.Context) (out []sdk.Balance, err error) {
	var list struct {
		Data []wallet `json:"data"`
	}
	resp, err := p.do(ctx, providerhttp.Get("/v1/balances", nil), &list)
	if err == nil && list.Data == nil {
		err = resp.Unexpected("a list has data")
	}
	for _, w := range list.Data {
		if !w.complete() {
			return nil, resp.Unexpected("money has amount and currency")
		}
		out = append(out, sdk.Balance{Name: w.Name, Amount: sdk.Money{Amount: w.Amount.Decimal, Currency: w.Currency}})
	}
	return out, err
}

// InvokeOperation has only quote_fee: the SDK turns other names away.
func (p *provider) InvokeOperation(ctx context.Context, req sdk.InvokeOperationRequest) (json.RawMessage, error) {
	return sdk.Invoke(ctx, req, p.quoteFee)
}

func (p *provider) quoteFee(ctx context.Context, in feeInput) (feeOutput, error) {
	var fee wallet
	query := providerhttp.Query("amount", in.Amount.String(), "currency", in.Currency)
	resp, err := p.do(ctx, providerhttp.Get("/v1/fee", query), &fee)
	if err == nil && !fee.complete() {
		err = resp.Unexpected("money has amount and currency")
	}
	return feeOutput{Fee: fee.Amount.Decimal, Currency: fee.Currency}, err
}
