package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/signature"
)

type provider struct {
	cfg    config
	client *providerhttp.Client
}

func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	c, err := newClient(cfg, rt)
	return &provider{cfg, c}, err
}

// Close gives up idle connections.
func (p *provider) Close() error {
	p.client.Close()
	return nil
}

func (*provider) Info() sdk.Info {
	return sdk.Info{
		Name: "paykassma", Version: version, Description: "Paykassma: payments into wallets or on pages, payouts",
		WebhookTrust: []sdk.WebhookTrust{sdk.TrustSignature},
		// Nothing says that a repeat is refused; but a new payment only tells the customer where to pay.
		CreatePayment: sdk.RepeatGuarantee{Repeat: sdk.RepeatNone, LinkOnly: true},
		CreatePayout:  sdk.RepeatGuarantee{Repeat: sdk.RepeatNone},
		// Only what is finished is found. [doc] The amounts of a payment are its receipts, which the host adds up.
		PaymentLookup: sdk.Lookup{ByReference: true, ListByReference: true},
		PayoutLookup:  sdk.Lookup{ByReference: true, ListByReference: true, Amounts: true},
		Operations: []sdk.Operation{{
			Name: "hash_urls", Description: "Hashes redirect addresses for the widget; a hash is valid for one day.",
			InputSchema: sdk.Schema[hashInput](), OutputSchema: sdk.Schema[hashOutput](),
		}, {
			Name: "media_hints", Description: "Pictures and films that show how to pay with each payment system.",
			InputSchema: sdk.Schema[struct{}](), OutputSchema: sdk.Schema[hintsOutput](),
		}},
	}
}

// check begins the list of what is wrong: a currency has three letters, a text that must be there 190 characters at the
// most. [doc] The texts are pairs of field and value.
func check(currency string, texts ...string) (wrong sdk.Violations) {
	wrong.Add(len(currency) != 3, "currency", "must have three letters")
	for pair := range slices.Chunk(texts, 2) {
		bad := strings.TrimSpace(pair[1]) == "" || utf8.RuneCountInString(pair[1]) > 190
		wrong.Add(bad, pair[0], "must have 1 to 190 characters")
	}
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
func (p *provider) wallets(ctx context.Context, currency, label string) ([]signature.Value, error) {
	req := post("/api/v1/payment-systems/available", map[string]any{"currency_code": []string{currency}, "label": label})
	req.Method, req.Query = http.MethodGet, url.Values{"currency_code[]": {currency}, "label": {label}}
	a, err := p.call(ctx, req)
	if err != nil {
		return nil, err
	}
	list := a.At("params", "wallets")
	if list.Kind() != signature.KindArray {
		return nil, a.http.Unexpected("it has no wallets")
	}
	return list.Items(), nil
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
	if e := sdk.AsError(err); e != nil {
		if e.Outcome == sdk.OutcomeUnknown { // of the list: nothing was made
			e.Outcome = sdk.OutcomeNotSent
		}
		return nil, e
	}
	for _, w := range wallets {
		if text(w, "type") == req.Method && text(w, "currency_code") == req.Amount.Currency {
			return p.showWallet(ctx, req, w)
		}
	}
	if opts.Flow == "activation" {
		return p.showWallet(ctx, req, signature.Null())
	}
	return p.openPage(ctx, req, opts.Bank)
}

// showWallet is for methods with activation. The call has neither amount nor an id of ours: a customer who pays and
// never confirms is known to paykassma alone. What it answers is where to pay to, not a name of the payment.
func (p *provider) showWallet(ctx context.Context, req sdk.CreatePaymentRequest, wallet signature.Value) (*sdk.Payment, error) {
	a, err := p.call(ctx, post("/api/v1/transaction/create/"+url.PathEscape(req.Method), map[string]string{
		"currency": req.Amount.Currency, "label": req.Customer.ID,
	}))
	if err != nil {
		return nil, err
	}
	show := &sdk.Display{Instructions: "Pay " + req.Amount.String() + " here, then enter the number of the transaction."}
	for _, m := range a.At("params").Members() { // the key differs from system to system
		if text := m.Value.Text(); text != "" {
			show.Fields = append(show.Fields, sdk.DisplayField{Name: m.Key, Label: m.Key, Value: text})
		}
	}
	if show.Fields == nil {
		return nil, a.http.Unexpected("it does not say where to pay to")
	}
	return &sdk.Payment{
		Status: sdk.PaymentRequiresAction, ProviderStatus: a.status, State: strconv.AppendBool(nil, truth(wallet, "is_manual")),
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
	a, err := p.call(ctx, post("/api/v1/payment/create/"+url.PathEscape(req.Method), map[string]any{
		"language": cmp.Or(language, p.cfg.Language), "currency": req.Amount.Currency, "bank": bank,
		"amount": json.Number(req.Amount.Amount.String()), "label": req.Customer.ID, "redirect_url": req.ReturnURL,
		"custom_transaction_id": req.Reference,
	}))
	if err != nil {
		return nil, err
	}
	out := &sdk.Payment{Status: sdk.PaymentProcessing, ProviderStatus: a.status}
	if page := a.page(); page != "" { // else the customer does the rest elsewhere [decided]
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
	fields := map[string]any{
		"currency_code": of.Amount.Currency, "wallet_type": of.Method, "label": of.Customer.ID, "key1": key1,
		"amount": json.Number(amount.String()), "custom_transaction_id": of.Reference,
	}
	call := post(activatePath, fields) // systems that need no amount ignore it [decided]
	if manual {
		call = possibleTransaction(fields, req.Attachments)
	}
	a, err := p.call(ctx, call)
	if err != nil {
		return nil, err
	}
	return &sdk.Payment{Status: sdk.PaymentProcessing, ProviderStatus: a.status, Message: text(a.Value, "message")}, nil
}

func possibleTransaction(fields map[string]any, files []sdk.Attachment) providerhttp.Request {
	var parts []providerhttp.Part
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, providerhttp.Part{Name: name, Value: fmt.Append(nil, fields[name])})
	}
	for _, f := range files {
		if f.Field == "screenshot" {
			parts = append(parts, providerhttp.Part{
				Name: f.Field, Value: f.Content, FileName: cmp.Or(f.Filename, f.Field), MediaType: f.MediaType,
			})
		}
	}
	return providerhttp.Request{Method: http.MethodPost, Path: possiblePath, Body: providerhttp.Multipart(parts...)}
}

func (p *provider) GetPayment(ctx context.Context, req sdk.GetPaymentRequest) (*sdk.Payment, error) {
	return ask(ctx, p, deposits, req.Payment.Reference, payment)
}

func (p *provider) GetPayout(ctx context.Context, req sdk.GetPayoutRequest) (*sdk.Payout, error) {
	return ask(ctx, p, withdrawals, req.Payout.Reference, payout)
}

func (p *provider) ListPayments(ctx context.Context, req sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	out := &sdk.ListPaymentsResponse{}
	return out, p.pull(ctx, deposits, req.References(), func(reference string, list []transaction) {
		out.Payments = append(out.Payments, sdk.ListedPayment{Reference: reference, Payment: *payment(list)})
	})
}

func (p *provider) ListPayouts(ctx context.Context, req sdk.ListPayoutsRequest) (*sdk.ListPayoutsResponse, error) {
	out := &sdk.ListPayoutsResponse{}
	return out, p.pull(ctx, withdrawals, req.References(), func(reference string, list []transaction) {
		out.Payouts = append(out.Payouts, sdk.ListedPayout{Reference: reference, Payout: *payout(list)})
	})
}

// CreatePayout sends money. The answer accepts it; what became of it, the postback will say.
func (p *provider) CreatePayout(ctx context.Context, req sdk.CreatePayoutRequest) (*sdk.Payout, error) {
	body, err := p.cfg.withdrawal(req)
	if err != nil {
		return nil, err
	}
	a, err := p.call(ctx, post(payoutPath, body))
	if err != nil {
		return nil, err
	}
	return &sdk.Payout{Status: sdk.PayoutProcessing, ProviderStatus: a.status}, nil
}

func (p *provider) GetBalances(ctx context.Context) (out []sdk.Balance, err error) {
	a, err := p.call(ctx, providerhttp.Request{Path: "/api/v1/accounts-balance"})
	if err != nil {
		return nil, err
	}
	list := a.At("data", "balances")
	if list.Kind() != signature.KindArray {
		return nil, a.http.Unexpected("it has no balances")
	}
	for _, b := range list.Items() {
		amount, err := sdk.ParseAmount(text(b, "amount"))
		currency := text(b, "currency_code")
		if err != nil || sdk.CheckCurrency(currency) != nil {
			return nil, a.http.Unexpected("a balance has no amount or no currency")
		}
		out = append(out, sdk.Balance{Name: text(b, "wallet_type"), Amount: sdk.Money{Amount: amount, Currency: currency}})
	}
	return out, nil
}

// InvokeOperation runs one of the two: the SDK knows their names.
func (p *provider) InvokeOperation(ctx context.Context, req sdk.InvokeOperationRequest) (json.RawMessage, error) {
	if req.Operation == "hash_urls" {
		return p.hashURLs(ctx, req.Input)
	}
	if err := sdk.DecodeInput(req.Input, &struct{}{}); err != nil {
		return nil, err
	}
	a, err := p.call(ctx, providerhttp.Request{Path: "/wallet-type/images/"})
	if err != nil {
		return nil, err
	}
	if a.At("data").Kind() == signature.KindNull {
		return nil, a.http.Unexpected("it has no data")
	}
	out := hintsOutput{Hints: []hint{}}
	for _, m := range a.At("data").Members() {
		out.Hints = append(out.Hints, hint{m.Key, text(m.Value, "id"), text(m.Value, "url")})
	}
	return json.Marshal(out)
}

func (p *provider) hashURLs(ctx context.Context, input json.RawMessage) (json.RawMessage, error) {
	in, none := hashInput{}, []address{} // which is not null
	if err := sdk.DecodeInput(input, &in); err != nil {
		return nil, err
	}
	var wrong sdk.Violations
	wrong.Add(len(in.Success)+len(in.Fail) == 0, "success_urls", "must have an address, or fail_urls must") // [doc]
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	in = hashInput{append(none, in.Success...), append(none, in.Fail...), append(none, in.Pending...)}
	a, err := p.call(ctx, post("/payment-plugin/hash-url", in))
	if err != nil {
		return nil, err
	}
	if a.At("urls").Kind() != signature.KindObject {
		return nil, a.http.Unexpected("it has no urls")
	}
	return json.Marshal(a.At("urls"))
}
