package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// provider serves one account, any number of calls at once.
type provider struct {
	cfg    config
	client *providerhttp.Client
	rt     sdk.Runtime
}

var (
	_ sdk.Provider         = (*provider)(nil)
	_ sdk.MethodLister     = (*provider)(nil)
	_ sdk.PaymentCreator   = (*provider)(nil)
	_ sdk.PaymentConfirmer = (*provider)(nil)
	_ sdk.PaymentGetter    = (*provider)(nil)
	_ sdk.PaymentLister    = (*provider)(nil)
	_ sdk.PayoutCreator    = (*provider)(nil)
	_ sdk.PayoutGetter     = (*provider)(nil)
	_ sdk.PayoutLister     = (*provider)(nil)
	_ sdk.BalanceGetter    = (*provider)(nil)
	_ sdk.OperationInvoker = (*provider)(nil)
	_ sdk.WebhookParser    = (*provider)(nil)
)

func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	client, err := newClient(cfg, rt)
	return &provider{cfg: cfg, client: client, rt: rt}, err
}

func (*provider) Info() sdk.Info {
	return sdk.Info{
		Name:          "paykassma",
		Version:       version,
		Description:   "Paykassma: payments into wallets or on pages, payouts",
		PaymentFields: []string{"method", "customer.id"},
		PayoutFields:  []string{"method", "recipient.id"},
		WebhookTrust:  []sdk.WebhookTrust{sdk.TrustSignature},
		Operations: []sdk.Operation{
			sdk.OperationOf[hashInput, hashOutput](
				"hash_urls",
				"Hashes redirect addresses for the widget; a hash is valid for one day.",
			),
			sdk.OperationOf[struct{}, hintsOutput](
				"media_hints",
				"Pictures and films that show how to pay with each payment system.",
			),
		},

		// The document does not say that a second request is refused; but a new
		// payment only tells the customer where to pay.
		CreatePayment: sdk.IdempotencySupport{Retry: sdk.RetryNone, LinkOnly: true},
		CreatePayout:  sdk.IdempotencySupport{Retry: sdk.RetryNone},
		// Only what is finished is found. [doc] The amounts of a payment are its
		// receipts, which the host adds up.
		PaymentLookup: sdk.Lookup{ByReference: true, ListByReference: true},
		PayoutLookup:  sdk.Lookup{ByReference: true, ListByReference: true, Amounts: true},
	}
}

// check begins the list of what is wrong: a currency has three letters, a text
// that must be there 190 characters at the most. [doc] The texts are pairs of
// field and value.
func check(currency string, texts ...string) (wrong sdk.Violations) {
	wrong.Add(len(currency) != 3, "currency", "must have three letters")
	wrong.NeedText(190, texts...)
	return wrong
}

// ListPaymentMethods returns the systems that need activation: those without it
// are in no list. [doc]
func (p *provider) ListPaymentMethods(
	ctx context.Context, req sdk.ListPaymentMethodsRequest,
) (out []sdk.PaymentMethod, err error) {
	if err := check(req.Currency, "customer_id", req.CustomerID).Err(); err != nil {
		return nil, err
	}

	wallets, err := p.wallets(ctx, req.Currency, req.CustomerID)
	for _, wallet := range wallets {
		out = append(out, sdk.PaymentMethod{
			ID:       text(wallet, "type"),
			Name:     text(wallet, "name"),
			Currency: text(wallet, "currency_code"),
			LogoURL:  text(wallet, "logo"),
			Flow:     sdk.FlowDisplayConfirm,
			Fields:   proof(wallet),
		})
	}
	return out, err
}

// wallets sends the parameters as JSON, as the document has it, and in the query,
// where those of a GET are. [decided]
func (p *provider) wallets(ctx context.Context, currency, label string) ([]ordered.Value, error) {
	got, err := p.find(ctx, providerhttp.Request{
		Method: http.MethodGet,
		Path:   "/api/v1/payment-systems/available",
		Query:  url.Values{"currency_code[]": {currency}, "label": {label}},
		Body: providerhttp.JSONOf(map[string]any{
			"currency_code": []string{currency},
			"label":         label,
		}),
	}, "params", "wallets")
	return got.Elements(), err
}

// paymentOptions are the provider_options of a payment.
type paymentOptions struct {
	Flow string `config:"flow" oneof:"activation,payment" doc:"Which call the method needs; else paykassma's list decides."`
	Bank string `config:"bank" doc:"The bank's code, for methods without activation."`
}

// CreatePayment makes one of two calls: the merchant says which one, or else
// paykassma's list does.
func (p *provider) CreatePayment(
	ctx context.Context, req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	var opts paymentOptions
	if err := sdk.DecodeOptions(req.Options, &opts); err != nil {
		return nil, err
	}
	currency := req.Amount.Currency
	wrong := check(currency, "method", req.Method, "customer.id", req.Customer.ID)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	if opts.Flow == "payment" {
		return p.openPage(ctx, req, opts.Bank)
	}

	// Nothing has been made yet when the list cannot be read, so that failure
	// leaves nothing in doubt.
	wallets, err := p.wallets(ctx, currency, req.Customer.ID)
	if err != nil {
		return nil, sdk.AsNotSent("which methods need activation", err)
	}
	for _, wallet := range wallets {
		if text(wallet, "type") == req.Method && text(wallet, "currency_code") == currency {
			return p.showWallet(ctx, req, wallet)
		}
	}

	// The merchant may know of a method that the list does not name.
	if opts.Flow == "activation" {
		return p.showWallet(ctx, req, ordered.Null())
	}
	return p.openPage(ctx, req, opts.Bank)
}

// showWallet is for methods with activation. The call has neither amount nor an
// id of ours: a customer who pays and never confirms is known to paykassma alone.
// The answer says where to pay to, and is not a name of the payment.
func (p *provider) showWallet(
	ctx context.Context, req sdk.CreatePaymentRequest, wallet ordered.Value,
) (*sdk.Payment, error) {
	path := "/api/v1/transaction/create/" + url.PathEscape(req.Method)
	got, err := p.do(ctx, providerhttp.PostJSON(path, map[string]string{
		"currency": req.Amount.Currency,
		"label":    req.Customer.ID,
	}))
	if err != nil {
		return nil, err
	}

	show := &sdk.Display{
		Instructions: "Pay " + req.Amount.String() + " here, then enter the number of the transaction.",
	}
	for _, param := range got.At("params").Members() { // the key differs from system to system
		show.Add(param.Key, param.Key, param.Value.Text())
	}
	if show.Fields == nil {
		return nil, got.resp.Unexpected("it does not say where to pay to")
	}

	// The state remembers which of two calls takes the customer's proof.
	return &sdk.Payment{
		Status:         sdk.PaymentRequiresAction,
		ProviderStatus: got.status,
		State:          strconv.AppendBool(nil, wallet.At("is_manual").True()),
		NextAction: &sdk.NextAction{
			Display: show,
			Confirm: &sdk.Confirm{Fields: proof(wallet)},
		},
	}, nil
}

// openPage is for methods without activation.
func (p *provider) openPage(
	ctx context.Context, req sdk.CreatePaymentRequest, bank string,
) (*sdk.Payment, error) {
	wrong := check(req.Amount.Currency, "provider_options.bank", bank)
	wrong.Add(req.ReturnURL == "", "success_url", "must be there for methods without activation")
	if err := wrong.Err(); err != nil {
		return nil, err
	}

	language := fmt.Sprintf("%.2s", strings.ToLower(req.Language)) // "pt-BR" is pt
	path := "/api/v1/payment/create/" + url.PathEscape(req.Method)
	got, err := p.do(ctx, providerhttp.PostJSON(path, map[string]any{
		"language":              cmp.Or(language, p.cfg.Language),
		"currency":              req.Amount.Currency,
		"bank":                  bank,
		"amount":                json.Number(req.Amount.Amount.String()),
		"label":                 req.Customer.ID,
		"redirect_url":          req.ReturnURL,
		"custom_transaction_id": req.Reference,
	}))
	if err != nil {
		return nil, err
	}

	// The document does not say whether there is a link, and where. Without one the
	// customer does the rest elsewhere. [decided]
	out := &sdk.Payment{Status: sdk.PaymentProcessing, ProviderStatus: got.status}
	page := providerhttp.FindLink(
		got.At("url"), got.At("redirect_url"), got.At("payment_url"), got.At("params"))
	if page != "" {
		out.Status = sdk.PaymentRequiresAction
		out.NextAction = sdk.RedirectTo(page)
	}
	return out, nil
}

// ConfirmPayment hands over the customer's proof, in one of two calls. The
// webhook tells later whether paykassma accepts it.
func (p *provider) ConfirmPayment(
	ctx context.Context, req sdk.ConfirmPaymentRequest,
) (*sdk.Payment, error) {
	of := req.Payment
	key := strings.TrimSpace(req.Fields["key1"])
	paid := strings.TrimSpace(req.Fields["amount"])
	manual := string(of.State) == "true"
	// Where a person looks at the proof, the customer must say what was paid.
	if paid == "" && !manual {
		paid = of.Amount.Amount.String()
	}

	amount, err := sdk.ParseAmount(paid)
	wrong := check(of.Amount.Currency, "fields.key1", key)
	wrong.Add(len(of.State) == 0, "payment", "must be one that is confirmed")
	wrong.Add(err != nil || !amount.IsPositive(), "fields.amount",
		`must be the amount paid, such as "60.00"`)
	if err := wrong.Err(); err != nil {
		return nil, err
	}

	// Systems that need no amount ignore it. [decided]
	fields := ordered.Texts(
		"currency_code", of.Amount.Currency,
		"wallet_type", of.Method,
		"label", of.Customer.ID,
		"key1", key,
		"custom_transaction_id", of.Reference,
	).With(ordered.Pair("amount", ordered.Decimal(amount)))
	call := providerhttp.PostJSON(activatePath, fields)
	if manual {
		call.Path = possiblePath
		call.Body = providerhttp.ConfirmationForm(fields, req.Attachment("screenshot"))
	}

	got, err := p.do(ctx, call)
	if err != nil {
		return nil, err
	}
	return &sdk.Payment{
		Status:         sdk.PaymentProcessing,
		ProviderStatus: got.status,
		Message:        text(got.Value, "message"),
	}, nil
}

func (p *provider) GetPayment(
	ctx context.Context, req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	event, err := p.status(ctx, deposits, req.Payment.Reference)
	return event.Payment, err
}

func (p *provider) ListPayments(
	ctx context.Context, req sdk.ListPaymentsRequest,
) (*sdk.ListPaymentsResponse, error) {
	list, err := p.statuses(ctx, deposits, req.References())
	return list.Payments(), err
}

// CreatePayout sends money. The answer accepts it; the webhook tells what became
// of it.
func (p *provider) CreatePayout(
	ctx context.Context, req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	body, err := p.cfg.withdrawal(req)
	if err != nil {
		return nil, err
	}

	call := providerhttp.PostJSON("/v2/withdrawal/create", body)
	call.Query = url.Values{"secret": nil} // its signature is in its place [doc]
	got, err := p.do(ctx, call)
	if err != nil {
		return nil, err
	}
	return &sdk.Payout{Status: sdk.PayoutProcessing, ProviderStatus: got.status}, nil
}

func (p *provider) GetPayout(ctx context.Context, req sdk.GetPayoutRequest) (*sdk.Payout, error) {
	event, err := p.status(ctx, withdrawals, req.Payout.Reference)
	return event.Payout, err
}

func (p *provider) ListPayouts(
	ctx context.Context, req sdk.ListPayoutsRequest,
) (*sdk.ListPayoutsResponse, error) {
	list, err := p.statuses(ctx, withdrawals, req.References())
	return list.Payouts(), err
}

func (p *provider) GetBalances(ctx context.Context) (out []sdk.Balance, err error) {
	got, err := p.find(ctx, providerhttp.Get("/api/v1/accounts-balance", nil), "data", "balances")
	for _, balance := range got.Elements() {
		amount, err := sdk.ParseMoney(text(balance, "amount"), text(balance, "currency_code"))
		if err != nil {
			return nil, got.resp.Unexpected("of a balance, " + err.Error())
		}
		out = append(out, sdk.Balance{Name: text(balance, "wallet_type"), Amount: amount})
	}
	return out, err
}

// InvokeOperation runs one of the two: the SDK knows their names.
func (p *provider) InvokeOperation(
	ctx context.Context, req sdk.InvokeOperationRequest,
) (json.RawMessage, error) {
	if req.Operation == "hash_urls" {
		return sdk.Invoke(ctx, req, p.hashURLs)
	}
	return sdk.Invoke(ctx, req, p.mediaHints)
}

func (p *provider) mediaHints(ctx context.Context, _ struct{}) (hintsOutput, error) {
	out := hintsOutput{Hints: []hint{}}
	got, err := p.find(ctx, providerhttp.Get("/wallet-type/images/", nil), "data")
	for _, system := range got.Members() {
		out.Hints = append(out.Hints, hint{
			System: system.Key,
			ID:     text(system.Value, "id"),
			URL:    text(system.Value, "url"),
		})
	}
	return out, err
}

// hashURLs returns the provider's answer as it is.
func (p *provider) hashURLs(ctx context.Context, in hashInput) (out ordered.Value, err error) {
	if len(in.Success)+len(in.Fail) == 0 { // [doc]
		return out, sdk.Invalid(sdk.Violation{
			Field:   "success_urls",
			Message: "must have an address, or fail_urls must",
		})
	}

	none := []address{} // it is sent as [], not as null
	in.Success = append(none, in.Success...)
	in.Fail = append(none, in.Fail...)
	in.Pending = append(none, in.Pending...)
	got, err := p.find(ctx, providerhttp.PostJSON("/payment-plugin/hash-url", in), "urls")
	if err == nil && got.Kind() != ordered.KindObject {
		err = got.resp.Unexpected("its urls are no object")
	}
	return got.Value, err
}
