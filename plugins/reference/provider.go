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

// provider serves one account, any number of calls at once. It remembers nothing:
// what a later call needs comes with it.
type provider struct {
	cfg    config
	client *providerhttp.Client
	rt     sdk.Runtime
}

// The verbs that the provider has. A verb that is missing here, or has another
// signature, is not served.
var (
	_ sdk.Provider         = (*provider)(nil)
	_ sdk.AccountDescriber = (*provider)(nil)
	_ sdk.HealthChecker    = (*provider)(nil)
	_ sdk.MethodLister     = (*provider)(nil)
	_ sdk.PaymentCreator   = (*provider)(nil)
	_ sdk.PaymentConfirmer = (*provider)(nil)
	_ sdk.PaymentCapturer  = (*provider)(nil)
	_ sdk.PaymentCanceler  = (*provider)(nil)
	_ sdk.PaymentGetter    = (*provider)(nil)
	_ sdk.PaymentLister    = (*provider)(nil)
	_ sdk.RefundCreator    = (*provider)(nil)
	_ sdk.RefundGetter     = (*provider)(nil)
	_ sdk.PayoutCreator    = (*provider)(nil)
	_ sdk.PayoutGetter     = (*provider)(nil)
	_ sdk.PayoutLister     = (*provider)(nil)
	_ sdk.BalanceGetter    = (*provider)(nil)
	_ sdk.OperationInvoker = (*provider)(nil)
	_ sdk.WebhookParser    = (*provider)(nil)
	_ sdk.ReturnParser     = (*provider)(nil)
)

// newProvider takes a configuration that is decoded, defaulted and checked. It
// must not call the provider: an account can be configured while the provider is
// away. The client is closed with the account; rt.OnClose takes what else is to
// be done then.
func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	client, err := newClient(cfg, rt)
	return &provider{cfg: cfg, client: client, rt: rt}, err
}

// Info does not read its receiver: it is called before any account is configured.
// Its idempotency decides what the host does when an answer is lost, so each of
// these lines is a sentence of the provider's document.
func (*provider) Info() sdk.Info {
	sameForADay := sdk.IdempotencySupport{Retry: sdk.RetryReturnsOriginal, Window: 24 * time.Hour}
	link := sameForADay
	link.LinkOnly = true // nothing is paid when a payment is created

	lookup := sdk.Lookup{
		ByReference:     true,
		Immediate:       true,
		Amounts:         true,
		ListByReference: true,
		ListByTime:      true,
	}
	return sdk.Info{
		Name:        "reference",
		Version:     version,
		Description: "An invented provider that can do everything: the plugin to copy.",
		Currencies:  currencies,
		Countries:   []string{"DE", "US"},

		// Both ends inclusive; the SDK turns other amounts away before a verb is
		// called.
		PaymentLimits: limits("1", "10000"),
		PayoutLimits:  limits("5", "2000"),

		Operations: []sdk.Operation{sdk.OperationOf[feeInput, feeOutput](
			"quote_fee",
			"What a payment of this amount will cost.",
		)},
		WebhookTrust: []sdk.WebhookTrust{sdk.TrustSignature},

		CreatePayment:  link,
		CapturePayment: sameForADay,
		CreateRefund:   sameForADay,
		CreatePayout: sdk.IdempotencySupport{
			Retry:  sdk.RetryRejectsDuplicates,
			Window: 30 * 24 * time.Hour,
		},

		PaymentLookup: lookup,
		PayoutLookup:  lookup,
		RefundLookup:  sdk.Lookup{ByReference: true, Immediate: true, Amounts: true},
	}
}

// currencies are all that the provider takes, of every kind that there is: with
// cents, without, with thousandths, and a token, whose decimals only the
// provider's document tells.
var currencies = []string{"EUR", "USD", "JPY", "KWD", "USDC"}

// limits bound every currency alike. A currency that ISO 4217 does not know has
// the six decimals of this provider's token.
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
		sdk.CapabilityCreatePayout,
		sdk.CapabilityGetPayout,
		sdk.CapabilityListPayouts,
	}}
}

// CheckHealth makes the cheapest call there is. It informs the operator: that the
// provider is away is an answer, not an error.
func (p *provider) CheckHealth(ctx context.Context) (sdk.Health, error) {
	_, err := p.GetBalances(ctx)
	return sdk.HealthOf(err), nil
}

// ListPaymentMethods passes the filters on. They are hints: a provider that
// cannot filter leaves them out.
func (p *provider) ListPaymentMethods(
	ctx context.Context, req sdk.ListPaymentMethodsRequest,
) (out []sdk.PaymentMethod, err error) {
	var list struct {
		Data []method `json:"data"`
	}
	query := providerhttp.Query("country", req.Country, "currency", req.Currency)
	resp, err := p.do(ctx, providerhttp.Get("/v1/methods", query), &list)
	if err == nil && list.Data == nil {
		err = resp.Unexpected("a list has data")
	}

	// A method without its limits would look as if it had none.
	for _, offered := range list.Data {
		if offered.ID == "" || !offered.Min.Present || !offered.Max.Present {
			return nil, resp.Unexpected("a method has id, min and max")
		}
		out = append(out, offered.method())
	}
	return out, err
}

// paymentOptions are what a merchant may put into provider_options.
type paymentOptions struct {
	Capture string `config:"capture" default:"automatic" oneof:"automatic,manual" doc:"manual: a paid payment is only authorized."`
}

// CreatePayment sends our reference, which is unique; the merchant's own need not
// be, and goes where people read it. Amounts are sent as text, so that no float
// comes near them.
func (p *provider) CreatePayment(
	ctx context.Context, req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	var opts paymentOptions
	if err := sdk.DecodeOptions(req.Options, &opts); err != nil {
		return nil, err
	}

	body := ordered.Texts( // which leaves out what is empty
		"merchant_id", p.cfg.MerchantID,
		"reference", req.Reference,
		"amount", req.Amount.Amount.String(),
		"currency", req.Amount.Currency,
		"method", req.Method,
		"capture", opts.Capture,
		"text", strings.TrimSpace(req.MerchantReference+" "+req.Description),
		"notify_url", req.NotifyURL,
		"return_url", req.ReturnURL,
		"cancel_url", req.CancelURL,
	)
	return payment(p.post(ctx, "/v1/payments", req.IdempotencyKey, body))
}

// ConfirmPayment checks first that nothing is missing: a customer can be asked
// again, a provider's refusal is final.
func (p *provider) ConfirmPayment(
	ctx context.Context, req sdk.ConfirmPaymentRequest,
) (*sdk.Payment, error) {
	id := req.Fields["transaction_id"]
	amount := req.Fields["amount"]
	var wrong sdk.Violations
	wrong.Need("fields.transaction_id", id, "fields.amount", amount)
	if err := wrong.Err(); err != nil {
		return nil, err
	}

	screenshot := ""
	if file := req.Attachment("screenshot"); file != nil {
		screenshot = base64.StdEncoding.EncodeToString(file.Content)
	}
	body := ordered.Texts("transaction_id", id, "amount", amount, "screenshot", screenshot)
	return payment(p.post(ctx, paymentPath(&req.Payment)+"/confirm", req.IdempotencyKey, body))
}

// CapturePayment leaves the amount out to take all of it.
func (p *provider) CapturePayment(
	ctx context.Context, req sdk.CapturePaymentRequest,
) (*sdk.Payment, error) {
	amount := ""
	if req.Amount != nil {
		amount = req.Amount.Amount.String()
	}
	body := ordered.Texts("amount", amount)
	return payment(p.post(ctx, paymentPath(&req.Payment)+"/capture", req.IdempotencyKey, body))
}

// CancelPayment of a payment that is already paid is refused by the provider.
func (p *provider) CancelPayment(
	ctx context.Context, req sdk.CancelPaymentRequest,
) (*sdk.Payment, error) {
	body := ordered.Texts("text", req.Reason)
	return payment(p.post(ctx, paymentPath(&req.Payment)+"/cancel", req.IdempotencyKey, body))
}

// GetPayment may be called before the provider's reference is known, after an
// answer was lost.
func (p *provider) GetPayment(
	ctx context.Context, req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	return payment(p.get(ctx, paymentPath(&req.Payment)))
}

// ListPayments returns one page. The page token is the provider's own, passed
// through.
func (p *provider) ListPayments(
	ctx context.Context, req sdk.ListPaymentsRequest,
) (*sdk.ListPaymentsResponse, error) {
	query := listQuery(req.References(), req.From, req.To, req.PageToken)
	list, err := p.list(ctx, "/v1/payments", query)
	out := &sdk.ListPaymentsResponse{NextPageToken: list.Next}
	for _, listed := range list.Data {
		out.Payments = append(out.Payments, sdk.ListedPayment{
			Reference: string(listed.Reference),
			Payment:   *listed.payment(),
		})
	}
	return out, err
}

// CreateRefund has a reference of its own, by which GetRefund finds it again.
func (p *provider) CreateRefund(
	ctx context.Context, req sdk.CreateRefundRequest,
) (*sdk.Refund, error) {
	body := ordered.Texts(
		"reference", req.Reference,
		"amount", req.Amount.Amount.String(),
		"text", req.Reason,
	)
	return refund(p.post(ctx, paymentPath(&req.Payment)+"/refunds", req.IdempotencyKey, body))
}

// GetRefund changes nothing.
func (p *provider) GetRefund(ctx context.Context, req sdk.GetRefundRequest) (*sdk.Refund, error) {
	id := pathID(req.Refund.ProviderReference, req.Refund.Reference)
	return refund(p.get(ctx, "/v1/refunds/"+id))
}

// CreatePayout sends no idempotency key: this provider takes a reference once and
// refuses it ever after, which is what Info declares.
func (p *provider) CreatePayout(
	ctx context.Context, req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	var wrong sdk.Violations
	wrong.Need("recipient.iban", req.Recipient.IBAN)
	if err := wrong.Err(); err != nil {
		return nil, err
	}

	body := ordered.Texts(
		"merchant_id", p.cfg.MerchantID,
		"reference", req.Reference,
		"amount", req.Amount.Amount.String(),
		"currency", req.Amount.Currency,
		"name", req.Recipient.Name,
		"iban", req.Recipient.IBAN,
		"notify_url", req.NotifyURL,
		"text", strings.TrimSpace(req.MerchantReference+" "+req.Description),
	)
	return payout(p.post(ctx, "/v1/payouts", "", body))
}

// GetPayout finds a payout by our reference too: after a duplicate, or a lost
// answer, the host queries the status.
func (p *provider) GetPayout(ctx context.Context, req sdk.GetPayoutRequest) (*sdk.Payout, error) {
	id := pathID(req.Payout.ProviderReference, req.Payout.Reference)
	return payout(p.get(ctx, "/v1/payouts/"+id))
}

// ListPayouts is ListPayments for payouts.
func (p *provider) ListPayouts(
	ctx context.Context, req sdk.ListPayoutsRequest,
) (*sdk.ListPayoutsResponse, error) {
	query := listQuery(req.References(), req.From, req.To, req.PageToken)
	list, err := p.list(ctx, "/v1/payouts", query)
	out := &sdk.ListPayoutsResponse{NextPageToken: list.Next}
	for _, listed := range list.Data {
		out.Payouts = append(out.Payouts, sdk.ListedPayout{
			Reference: string(listed.Reference),
			Payout:    *listed.payout(),
		})
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

	// One balance that cannot be read fails the list: the others alone would
	// look like all the money.
	for _, wallet := range list.Data {
		if !wallet.complete() {
			return nil, resp.Unexpected("money has amount and currency")
		}
		out = append(out, sdk.Balance{
			Name:   wallet.Name,
			Amount: sdk.Money{Amount: wallet.Amount.Decimal, Currency: wallet.Currency},
		})
	}
	return out, err
}

// InvokeOperation has only quote_fee: the SDK turns other names away.
func (p *provider) InvokeOperation(
	ctx context.Context, req sdk.InvokeOperationRequest,
) (json.RawMessage, error) {
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

func paymentPath(of *sdk.PaymentContext) string {
	return "/v1/payments/" + pathID(of.ProviderReference, of.Reference)
}

// pathID names a thing by their reference, or by ours as long as theirs is not
// known: this provider takes either.
func pathID(theirs, ours string) string {
	return cmp.Or(url.PathEscape(theirs), "order:"+url.PathEscape(ours))
}

// listQuery asks by reference or by time: the SDK has made sure that it is one of
// them.
func listQuery(references []string, from, to time.Time, token string) url.Values {
	return providerhttp.Query(
		"references", strings.Join(references, ","),
		"from", stamp(from),
		"to", stamp(to),
		"page", token,
	)
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}

// payment returns the answer to a call as the contract has it.
func payment(got *resource, err error) (*sdk.Payment, error) {
	if err != nil {
		return nil, err
	}
	return got.payment(), nil
}

func payout(got *resource, err error) (*sdk.Payout, error) {
	if err != nil {
		return nil, err
	}
	return got.payout(), nil
}

func refund(got *resource, err error) (*sdk.Refund, error) {
	if err != nil {
		return nil, err
	}
	return got.refund(), nil
}
