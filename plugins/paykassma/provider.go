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

type provider struct {
	cfg    config
	client *providerhttp.Client
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
	_ sdk.WebhookParser    = (*provider)(nil)
	_ sdk.OperationInvoker = (*provider)(nil)
)

func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	c, err := newClient(cfg, rt)
	return &provider{cfg, c}, err
}

func (*provider) Info() sdk.Info {
	return sdk.Info{
		Name: "paykassma", Version: version, Description: "Paykassma: payments into wallets or on pages, payouts",
		PaymentFields: []string{"method", "customer.id"}, WebhookTrust: []sdk.WebhookTrust{sdk.TrustSignature},
		// Nothing says that a repeat is refused; but a new payment only tells the customer where to pay.
		CreatePayment: sdk.IdempotencySupport{Retry: sdk.RetryNone, LinkOnly: true},
		CreatePayout:  sdk.IdempotencySupport{Retry: sdk.RetryNone}, PayoutFields: []string{"method", "recipient.id"},
		// Only what is finished is found. [doc] The amounts of a payment are its receipts, which the host adds up.
		PaymentLookup: sdk.Lookup{ByReference: true, ListByReference: true},
		PayoutLookup:  sdk.Lookup{ByReference: true, ListByReference: true, Amounts: true},
		Operations: []sdk.Operation{
			sdk.OperationOf[hashInput, hashOutput]("hash_urls", "Hashes redirect addresses for the widget; a hash is valid for one day."),
			sdk.OperationOf[struct{}, hintsOutput]("media_hints", "Pictures and films that show how to pay with each payment system."),
		},
	}
}

// check begins the list of what is wrong: a currency has three letters, a text that must be there 190 characters at the
// most. [doc] The texts are pairs of field and value.
func check(currency string, texts ...string) (wrong sdk.Violations) {
	wrong.Add(len(currency) != 3, "currency", "must have three letters")
	wrong.NeedText(190, texts...)
	return wrong
}

// ListPaymentMethods gives the systems that need activation: those without it are in no list. [doc]
func (p *provider) ListPaymentMethods(ctx context.Context, req sdk.ListPaymentMethodsRequest) (out []sdk.PaymentMethod, err error) {
	if err := check(req.Currency, "customer_id", req.CustomerID).Err(); err != nil {
		return nil, err
	}
	wallets, err := p.wallets(ctx, req.Currency, req.CustomerID)
	for _, w := range wallets {
		out = append(out, sdk.PaymentMethod{
			ID: text(w, "type"), Name: text(w, "name"), Currency: text(w, "currency_code"), LogoURL: text(w, "logo"),
			Flow: sdk.FlowDisplayConfirm, Fields: proof(w),
		})
	}
	return out, err
}

// wallets sends the parameters as JSON, as the document has it, and in the query, where those of a GET are. [decided]
func (p *provider) wallets(ctx context.Context, currency, label string) ([]ordered.Value, error) {
	req := providerhttp.PostJSON("/api/v1/payment-systems/available", map[string]any{"currency_code": []string{currency}, "label": label})
	req.Method, req.Query = http.MethodGet, url.Values{"currency_code[]": {currency}, "label": {label}}
	a, err := p.find(ctx, req, "params", "wallets")
	return a.Elements(), err
}

// paymentOptions are the provider_options of a payment.
type paymentOptions struct {
	Flow string `config:"flow" oneof:"activation,payment" doc:"Which call the method needs; else paykassma's list decides."`
	Bank string `config:"bank" doc:"The bank's code, for methods without activation."`
}

// CreatePayment makes one of two calls: which one, the merchant says, or paykassma's list.
func (p *provider) CreatePayment(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	var opts paymentOptions
	if err := sdk.DecodeOptions(req.Options, &opts); err != nil {
		return nil, err
	}
	if err := check(req.Amount.Currency, "method", req.Method, "customer.id", req.Customer.ID).Err(); err != nil {
		return nil, err
	}
	if opts.Flow == "payment" {
		return p.openPage(ctx, req, opts.Bank)
	}
	wallets, err := p.wallets(ctx, req.Amount.Currency, req.Customer.ID)
	if err != nil {
		return nil, sdk.AsNotSent("which methods need activation", err)
	}
	for _, w := range wallets {
		if text(w, "type") == req.Method && text(w, "currency_code") == req.Amount.Currency {
			return p.showWallet(ctx, req, w)
		}
	}
	if opts.Flow == "activation" {
		return p.showWallet(ctx, req, ordered.Null())
	}
	return p.openPage(ctx, req, opts.Bank)
}

// showWallet is for methods with activation. The call has neither amount nor an id of ours: a customer who pays and
// never confirms is known to paykassma alone. What it answers is where to pay to, not a name of the payment.
func (p *provider) showWallet(ctx context.Context, req sdk.CreatePaymentRequest, wallet ordered.Value) (*sdk.Payment, error) {
	a, err := p.call(ctx, providerhttp.PostJSON("/api/v1/transaction/create/"+url.PathEscape(req.Method), map[string]string{
		"currency": req.Amount.Currency, "label": req.Customer.ID,
	}))
	if err != nil {
		return nil, err
	}
	show := &sdk.Display{Instructions: "Pay " + req.Amount.String() + " here, then enter the number of the transaction."}
	for _, m := range a.At("params").Members() { // the key differs from system to system
		show.Add(m.Key, m.Key, m.Value.Text())
	}
	if show.Fields == nil {
		return nil, a.http.Unexpected("it does not say where to pay to")
	}
	return &sdk.Payment{
		Status: sdk.PaymentRequiresAction, ProviderStatus: a.status, State: strconv.AppendBool(nil, wallet.At("is_manual").True()),
		NextAction: &sdk.NextAction{Display: show, Confirm: &sdk.Confirm{Fields: proof(wallet)}},
	}, nil
}

// openPage is for methods without activation.
func (p *provider) openPage(ctx context.Context, req sdk.CreatePaymentRequest, bank string) (*sdk.Payment, error) {
	wrong := check(req.Amount.Currency, "provider_options.bank", bank)
	wrong.Add(req.ReturnURL == "", "success_url", "must be there for methods without activation")
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	language := fmt.Sprintf("%.2s", strings.ToLower(req.Language)) // "pt-BR" is pt
	a, err := p.call(ctx, providerhttp.PostJSON("/api/v1/payment/create/"+url.PathEscape(req.Method), map[string]any{
		"language": cmp.Or(language, p.cfg.Language), "currency": req.Amount.Currency, "bank": bank,
		"amount": json.Number(req.Amount.Amount.String()), "label": req.Customer.ID, "redirect_url": req.ReturnURL,
		"custom_transaction_id": req.Reference,
	}))
	if err != nil {
		return nil, err
	}
	out := &sdk.Payment{Status: sdk.PaymentProcessing, ProviderStatus: a.status}
	// Whether there is a link, and where, is not said. Without one the customer does the rest elsewhere. [decided]
	if page := providerhttp.FindLink(a.At("url"), a.At("redirect_url"), a.At("payment_url"), a.At("params")); page != "" {
		out.Status, out.NextAction = sdk.PaymentRequiresAction, sdk.RedirectTo(page)
	}
	return out, nil
}

// ConfirmPayment hands over the customer's proof, in one of two calls. What it is worth, the postback will say.
func (p *provider) ConfirmPayment(ctx context.Context, req sdk.ConfirmPaymentRequest) (*sdk.Payment, error) {
	of, key1, paid := req.Payment, strings.TrimSpace(req.Fields["key1"]), strings.TrimSpace(req.Fields["amount"])
	manual := string(of.State) == "true"
	if paid == "" && !manual {
		paid = of.Amount.Amount.String()
	}
	amount, err := sdk.ParseAmount(paid)
	wrong := check(of.Amount.Currency, "fields.key1", key1)
	wrong.Add(len(of.State) == 0, "payment", "must be one that is confirmed")
	wrong.Add(err != nil || !amount.IsPositive(), "fields.amount", `must be the amount paid, such as "60.00"`)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	fields := ordered.Texts(
		"currency_code", of.Amount.Currency, "wallet_type", of.Method, "label", of.Customer.ID, "key1", key1,
		"custom_transaction_id", of.Reference,
	).With(ordered.Pair("amount", ordered.Decimal(amount))) // systems that need none ignore it [decided]
	call := providerhttp.PostJSON(activatePath, fields)
	if manual {
		call.Path, call.Body = possiblePath, providerhttp.ConfirmationForm(fields, req.Attachment("screenshot"))
	}
	a, err := p.call(ctx, call)
	if err != nil {
		return nil, err
	}
	return &sdk.Payment{Status: sdk.PaymentProcessing, ProviderStatus: a.status, Message: text(a.Value, "message")}, nil
}

func (p *provider) GetPayment(ctx context.Context, req sdk.GetPaymentRequest) (*sdk.Payment, error) {
	e, err := p.ask(ctx, deposits, req.Payment.Reference)
	return e.Payment, err
}

func (p *provider) GetPayout(ctx context.Context, req sdk.GetPayoutRequest) (*sdk.Payout, error) {
	e, err := p.ask(ctx, withdrawals, req.Payout.Reference)
	return e.Payout, err
}

func (p *provider) ListPayments(ctx context.Context, req sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	list, err := p.pull(ctx, deposits, req.References())
	return list.Payments(), err
}

func (p *provider) ListPayouts(ctx context.Context, req sdk.ListPayoutsRequest) (*sdk.ListPayoutsResponse, error) {
	list, err := p.pull(ctx, withdrawals, req.References())
	return list.Payouts(), err
}

// CreatePayout sends money. The answer accepts it; what became of it, the postback will say.
func (p *provider) CreatePayout(ctx context.Context, req sdk.CreatePayoutRequest) (*sdk.Payout, error) {
	body, err := p.cfg.withdrawal(req)
	if err != nil {
		return nil, err
	}
	call := providerhttp.PostJSON("/v2/withdrawal/create", body)
	call.Query = url.Values{"secret": nil} // its signature is in its place [doc]
	a, err := p.call(ctx, call)
	if err != nil {
		return nil, err
	}
	return &sdk.Payout{Status: sdk.PayoutProcessing, ProviderStatus: a.status}, nil
}

func (p *provider) GetBalances(ctx context.Context) (out []sdk.Balance, err error) {
	a, err := p.find(ctx, providerhttp.Get("/api/v1/accounts-balance", nil), "data", "balances")
	for _, b := range a.Elements() {
		amount, err := sdk.ParseMoney(text(b, "amount"), text(b, "currency_code"))
		if err != nil {
			return nil, a.http.Unexpected("of a balance, " + err.Error())
		}
		out = append(out, sdk.Balance{Name: text(b, "wallet_type"), Amount: amount})
	}
	return out, err
}

// InvokeOperation runs one of the two: the SDK knows their names.
func (p *provider) InvokeOperation(ctx context.Context, req sdk.InvokeOperationRequest) (json.RawMessage, error) {
	if req.Operation == "hash_urls" {
		return sdk.Invoke(ctx, req, p.hashURLs)
	}
	return sdk.Invoke(ctx, req, p.mediaHints)
}

func (p *provider) mediaHints(ctx context.Context, _ struct{}) (hintsOutput, error) {
	out := hintsOutput{Hints: []hint{}}
	a, err := p.find(ctx, providerhttp.Get("/wallet-type/images/", nil), "data")
	for _, m := range a.Members() {
		out.Hints = append(out.Hints, hint{m.Key, text(m.Value, "id"), text(m.Value, "url")})
	}
	return out, err
}

// hashURLs gives the provider's answer as it is.
func (p *provider) hashURLs(ctx context.Context, in hashInput) (out ordered.Value, err error) {
	if len(in.Success)+len(in.Fail) == 0 { // [doc]
		return out, sdk.Invalid(sdk.Violation{Field: "success_urls", Message: "must have an address, or fail_urls must"})
	}
	none := []address{} // which is not null
	in = hashInput{append(none, in.Success...), append(none, in.Fail...), append(none, in.Pending...)}
	a, err := p.find(ctx, providerhttp.PostJSON("/payment-plugin/hash-url", in), "urls")
	if err == nil && a.Kind() != ordered.KindObject {
		err = a.http.Unexpected("its urls are no object")
	}
	return a.Value, err
}
