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
		Name: "paykassma", Version: version,
		Description:  "Paykassma: payments into wallets or on pages, payouts",
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

// required finds what is missing of pairs of a field and its text, or longer than the document allows.
func required(pairs ...string) (wrong []sdk.Violation) {
	for pair := range slices.Chunk(pairs, 2) {
		if n := utf8.RuneCountInString(pair[1]); n == 0 || n > 190 {
			wrong = append(wrong, sdk.Violation{Field: pair[0], Message: "must have 1 to 190 characters"})
		}
	}
	return wrong
}

// ListPaymentMethods gives the systems that need activation: those without it are in no list. [doc]
func (p *provider) ListPaymentMethods(ctx context.Context, req sdk.ListPaymentMethodsRequest) (out []sdk.PaymentMethod, err error) {
	if wrong := required("currency", req.Currency, "customer_id", req.CustomerID); wrong != nil {
		return nil, sdk.Invalid(wrong...)
	}
	wallets, err := p.wallets(ctx, req.Currency, req.CustomerID)
	for _, w := range wallets {
		out = append(out, sdk.PaymentMethod{
			ID: w.Type, Name: w.Name, Currency: w.Currency, LogoURL: w.Logo, Flow: sdk.FlowDisplayConfirm, Fields: w.proof(),
		})
	}
	return out, err
}

// wallets sends the parameters as JSON, as the document has it, and in the query, where those of a GET are. [decided]
func (p *provider) wallets(ctx context.Context, currency, label string) ([]wallet, error) {
	req := post("/api/v1/payment-systems/available", map[string]any{"currency_code": []string{currency}, "label": label})
	req.Method, req.Query = http.MethodGet, url.Values{"currency_code[]": {currency}, "label": {label}}
	var body struct {
		Params struct {
			Wallets []wallet `json:"wallets"`
		} `json:"params"`
	}
	a, err := p.call(ctx, req, &body)
	if err == nil && body.Params.Wallets == nil {
		err = a.http.Unexpected("it has no wallets")
	}
	slices.SortStableFunc(body.Params.Wallets, func(a, b wallet) int { return a.Order.Decimal.Cmp(b.Order.Decimal) })
	return body.Params.Wallets, err
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
	if wrong := required("customer.id", req.Customer.ID, "method", req.Method); wrong != nil {
		return nil, sdk.Invalid(wrong...)
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
		if w.Type == req.Method && w.Currency == req.Amount.Currency {
			return p.showWallet(ctx, req, w)
		}
	}
	if opts.Flow == "" {
		return p.openPage(ctx, req, opts.Bank)
	}
	return p.showWallet(ctx, req, wallet{})
}

// showWallet is for methods with activation. The call has neither amount nor an id of ours: a customer who pays and
// never confirms is known to paykassma alone. What it answers is where to pay to, not a name of the payment.
func (p *provider) showWallet(ctx context.Context, req sdk.CreatePaymentRequest, w wallet) (*sdk.Payment, error) {
	fields := map[string]string{"currency": req.Amount.Currency, "label": req.Customer.ID}
	var body struct {
		Params signature.Value `json:"params"`
	}
	a, err := p.call(ctx, post("/api/v1/transaction/create/"+url.PathEscape(req.Method), fields), &body)
	if err != nil {
		return nil, err
	}
	show := &sdk.Display{Instructions: "Pay " + req.Amount.String() + " here, then enter the number of the transaction."}
	for _, m := range body.Params.Members() { // the key differs from system to system
		if text := m.Value.Text(); text != "" {
			show.Fields = append(show.Fields, sdk.DisplayField{Name: m.Key, Label: m.Key, Value: text})
		}
	}
	if show.Fields == nil {
		return nil, a.http.Unexpected("it does not say where to pay to")
	}
	kept, err := json.Marshal(state{w.Manual})
	return &sdk.Payment{
		Status: sdk.PaymentRequiresAction, ProviderStatus: string(a.Status), State: kept,
		NextAction: &sdk.NextAction{Display: show, Confirm: &sdk.Confirm{Fields: w.proof()}},
	}, err
}

// openPage is for methods without activation.
func (p *provider) openPage(ctx context.Context, req sdk.CreatePaymentRequest, bank string) (*sdk.Payment, error) {
	wrong := required("provider_options.bank", bank)
	if req.ReturnURL == "" {
		wrong = append(wrong, sdk.Violation{Field: "success_url", Message: "methods without activation need it"})
	}
	if wrong != nil {
		return nil, sdk.Invalid(wrong...)
	}
	language, _, _ := strings.Cut(strings.ToLower(req.Language), "-")
	var body signature.Value
	a, err := p.call(ctx, post("/api/v1/payment/create/"+url.PathEscape(req.Method), map[string]any{
		"language": cmp.Or(language, p.cfg.Language), "currency": req.Amount.Currency, "bank": bank,
		"amount": json.Number(req.Amount.Amount.String()), "label": req.Customer.ID, "redirect_url": req.ReturnURL,
		"custom_transaction_id": req.Reference,
	}), &body)
	if err != nil {
		return nil, err
	}
	out := &sdk.Payment{Status: sdk.PaymentProcessing, ProviderStatus: string(a.Status)}
	if page := link(body); page != "" { // else the customer does the rest elsewhere [decided]
		out.Status, out.NextAction = sdk.PaymentRequiresAction, sdk.RedirectTo(page)
	}
	return out, nil
}

// ConfirmPayment hands over the customer's proof, in one of two calls. What it is worth, the postback will say.
func (p *provider) ConfirmPayment(ctx context.Context, req sdk.ConfirmPaymentRequest) (*sdk.Payment, error) {
	var kept state
	if json.Unmarshal(req.Payment.State, &kept) != nil {
		return nil, sdk.Invalid(sdk.Violation{Field: "payment", Message: "this payment is not one that is confirmed"})
	}
	of, key1, amount := req.Payment, strings.TrimSpace(req.Fields["key1"]), req.Payment.Amount.Amount
	wrong := required("fields.key1", key1)
	if text := strings.TrimSpace(req.Fields["amount"]); text != "" || kept.Manual {
		var err error
		if amount, err = sdk.ParseAmount(text); err != nil || !amount.IsPositive() {
			wrong = append(wrong, sdk.Violation{Field: "fields.amount", Message: `must be the amount paid, such as "60.00"`})
		}
	}
	if wrong != nil {
		return nil, sdk.Invalid(wrong...)
	}
	fields := map[string]any{
		"currency_code": of.Amount.Currency, "wallet_type": of.Method, "label": of.Customer.ID, "key1": key1,
		"amount": json.Number(amount.String()), "custom_transaction_id": of.Reference,
	}
	call := post("/api/v1/transaction/activate", fields) // systems that need no amount ignore it [decided]
	if kept.Manual {
		call = possibleTransaction(fields, req.Attachments)
	}
	a, err := p.call(ctx, call, nil)
	if err != nil {
		return nil, err
	}
	return &sdk.Payment{Status: sdk.PaymentProcessing, ProviderStatus: string(a.Status), Message: words(a.Message)}, nil
}

func possibleTransaction(fields map[string]any, files []sdk.Attachment) providerhttp.Request {
	var parts []providerhttp.Part
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, providerhttp.Part{Name: name, Value: fmt.Append(nil, fields[name])})
	}
	for _, f := range files {
		if f.Field == "screenshot" {
			file := providerhttp.Part{Name: f.Field, Value: f.Content, FileName: cmp.Or(f.Filename, f.Field), MediaType: f.MediaType}
			parts = append(parts, file)
		}
	}
	return providerhttp.Request{Method: http.MethodPost, Path: "/api/v1/possible-transaction", Body: providerhttp.Multipart(parts...)}
}

// kind is what can be asked about: by postback with one name of our id, by pullpostbacks with another. [doc]
type kind struct {
	name, one, many, list string
	payouts               bool
}

var (
	deposits    = kind{"deposit", "custom_id", "plugin_custom_order_id", "transactions", false}
	withdrawals = kind{"withdrawal", "withdrawal_id", "withdrawal_id", "withdrawals", true}
)

// own gives those that are called reference. When none is, it gives all: the id by which we asked counts, for in the
// document's own example the one inside is another.
func (k kind) own(list []transaction, reference string) []transaction {
	list = slices.DeleteFunc(list, func(t transaction) bool { return t.isPayout() != k.payouts })
	named := slices.DeleteFunc(slices.Clone(list), func(t transaction) bool { return t.reference() != reference })
	if len(named) > 0 {
		return named
	}
	return list
}

// ask gives what was told of one payment or payout. That is nothing until it is finished. [doc]
func ask[S any](ctx context.Context, p *provider, k kind, reference string, read func([]transaction) *S) (*S, error) {
	var body struct {
		Postback postback `json:"postback"`
	}
	query := url.Values{"type": {k.name}, k.one: {reference}}
	a, err := p.call(ctx, providerhttp.Request{Path: "/api/v1/postback", Query: query}, &body)
	if err != nil {
		return nil, err
	}
	list := k.own(body.Postback.Data, reference)
	if len(list) == 0 {
		return nil, a.http.Unexpected("it has no postback about a " + k.name)
	}
	return read(list), nil
}

func (p *provider) GetPayment(ctx context.Context, req sdk.GetPaymentRequest) (*sdk.Payment, error) {
	return ask(ctx, p, deposits, req.Payment.Reference, payment)
}

func (p *provider) GetPayout(ctx context.Context, req sdk.GetPayoutRequest) (*sdk.Payout, error) {
	return ask(ctx, p, withdrawals, req.Payout.Reference, payout)
}

// pull asks for many, and gives those that are finished to found. They are matched by the id beside the postback. [doc]
func (p *provider) pull(ctx context.Context, k kind, references []string, found func(string, []transaction)) error {
	if len(references) == 0 {
		return sdk.Invalid(sdk.Violation{Field: k.list, Message: "paykassma lists by references alone"})
	}
	for some := range slices.Chunk(references, 50) { // a query must stay short [decided]
		var body struct {
			Data map[string][]struct {
				Order      providerhttp.Text `json:"plugin_custom_order_id"`
				Withdrawal providerhttp.Text `json:"withdrawal_id"`
				Postback   postback          `json:"postback"`
			} `json:"data"`
		}
		query := url.Values{"type": {k.name}, k.many + "[]": some}
		a, err := p.call(ctx, providerhttp.Request{Path: "/api/v1/pullpostbacks", Query: query}, &body)
		if err == nil && body.Data[k.list] == nil {
			err = a.http.Unexpected("it has no " + k.list)
		}
		if err != nil {
			return err
		}
		for _, row := range body.Data[k.list] {
			reference := string(cmp.Or(row.Withdrawal, row.Order))
			if list := k.own(row.Postback.Data, reference); len(list) > 0 && slices.Contains(some, reference) {
				found(reference, list)
			}
		}
	}
	return nil
}

func (p *provider) ListPayments(ctx context.Context, req sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	var references []string
	for _, c := range req.Payments {
		references = append(references, c.Reference)
	}
	out := &sdk.ListPaymentsResponse{}
	return out, p.pull(ctx, deposits, references, func(reference string, list []transaction) {
		out.Payments = append(out.Payments, sdk.ListedPayment{Reference: reference, Payment: *payment(list)})
	})
}

func (p *provider) ListPayouts(ctx context.Context, req sdk.ListPayoutsRequest) (*sdk.ListPayoutsResponse, error) {
	var references []string
	for _, c := range req.Payouts {
		references = append(references, c.Reference)
	}
	out := &sdk.ListPayoutsResponse{}
	return out, p.pull(ctx, withdrawals, references, func(reference string, list []transaction) {
		out.Payouts = append(out.Payouts, sdk.ListedPayout{Reference: reference, Payout: *payout(list)})
	})
}

// payoutOptions are the provider_options of a payout. Which of them a system needs, paykassma's support tells. [doc]
type payoutOptions struct {
	Payments struct {
		Method   string `config:"payments_method"`
		Provider string `config:"payments_provider"`
	} `config:"payments_details"`
	Bank struct {
		Code         string `config:"bank_code"`
		Branch       string `config:"branch_code"`
		CodeInSystem string `config:"bank_code_in_payments_system"`
	} `config:"bank_details"`
}

// CreatePayout sends money. The answer accepts it; what became of it, the postback will say.
func (p *provider) CreatePayout(ctx context.Context, req sdk.CreatePayoutRequest) (*sdk.Payout, error) {
	body, err := p.withdrawal(req)
	if err != nil {
		return nil, err
	}
	a, err := p.call(ctx, post(payoutPath, body), &struct{}{})
	if err != nil {
		return nil, err
	}
	return &sdk.Payout{Status: sdk.PayoutProcessing, ProviderStatus: string(a.Status)}, nil
}

// withdrawal is the signed body of a payout. What is empty is neither sent nor signed.
func (p *provider) withdrawal(req sdk.CreatePayoutRequest) (body signature.Value, err error) {
	var opts payoutOptions
	if err := sdk.DecodeOptions(req.Options, &opts); err != nil {
		return body, err
	}
	wrong := required("method", strings.TrimSpace(req.Method), "recipient.id", strings.TrimSpace(req.Recipient.ID))
	if !req.Amount.Amount.IsInteger() {
		wrong = append(wrong, sdk.Violation{Field: "amount", Message: "must be a whole number"})
	}
	groups := map[string][]signature.Member{"": {
		signature.Pair("amount", signature.Decimal(req.Amount.Amount)),
		signature.Pair("is_test", signature.Bool(p.cfg.Environment == sdk.Sandbox)),
	}}
	const payments, bank = "payments_details", "bank_details"
	for _, v := range []struct{ group, key, field, text string }{
		{"", "withdrawal_id", "reference", req.Reference},
		{"", "payment_system", "method", req.Method},
		{"", "currency_code", "currency", req.Amount.Currency},
		{"", "label", "recipient.id", req.Recipient.ID},
		{"", "comment", "description", req.Description},
		{"", "account_number", "recipient.account_number", req.Recipient.AccountNumber},
		{"", "account_name", "recipient.name", req.Recipient.Name},
		{"", "account_email", "recipient.email", req.Recipient.Email},
		{"", "iban", "recipient.iban", req.Recipient.IBAN},
		{payments, "payments_method", "provider_options", opts.Payments.Method},
		{payments, "payments_provider", "provider_options", opts.Payments.Provider},
		{bank, "bank_code", "provider_options", opts.Bank.Code},
		{bank, "branch_code", "provider_options", opts.Bank.Branch},
		{bank, "bank_code_in_payments_system", "provider_options", opts.Bank.CodeInSystem},
	} {
		text := strings.TrimSpace(v.text) // a space at an end breaks the signature [doc]
		if strings.Contains(text, ":") {
			wrong = append(wrong, sdk.Violation{Field: v.field, Message: "must have no colon, which separates what is signed"})
		}
		if text != "" {
			groups[v.group] = append(groups[v.group], signature.Pair(v.key, signature.String(text)))
		}
	}
	if wrong != nil {
		return body, sdk.Invalid(wrong...)
	}
	for _, group := range []string{payments, bank} {
		if groups[group] != nil {
			groups[""] = append(groups[""], signature.Pair(group, signature.Object(groups[group]...)))
		}
	}
	mac, err := signPayout(p.cfg.PrivateKey[0], signature.Object(groups[""]...))
	return signature.Object(append(groups[""], signature.Pair("signature", signature.String(mac)))...), err
}

func (p *provider) GetBalances(ctx context.Context) (out []sdk.Balance, err error) {
	var body struct {
		Data struct {
			Balances []struct {
				Wallet   string              `json:"wallet_type"`
				Currency string              `json:"currency_code"`
				Amount   providerhttp.Amount `json:"amount"`
			} `json:"balances"`
		} `json:"data"`
	}
	a, err := p.call(ctx, providerhttp.Request{Path: "/api/v1/accounts-balance"}, &body)
	if err == nil && body.Data.Balances == nil {
		err = a.http.Unexpected("it has no balances")
	}
	for _, b := range body.Data.Balances {
		if err == nil && (!b.Amount.Present || sdk.CheckCurrency(b.Currency) != nil) {
			err = a.http.Unexpected("a balance has no amount or no currency")
		}
		out = append(out, sdk.Balance{Name: b.Wallet, Amount: sdk.Money{Amount: b.Amount.Decimal, Currency: b.Currency}})
	}
	return out, err
}

// InvokeOperation runs one of the two: the SDK knows their names.
func (p *provider) InvokeOperation(ctx context.Context, req sdk.InvokeOperationRequest) (json.RawMessage, error) {
	if req.Operation == "hash_urls" {
		return p.hashURLs(ctx, req.Input)
	}
	return p.mediaHints(ctx, req.Input)
}

func (p *provider) hashURLs(ctx context.Context, input json.RawMessage) (json.RawMessage, error) {
	var in hashInput
	if err := sdk.DecodeInput(input, &in); err != nil {
		return nil, err
	}
	if len(in.Success)+len(in.Fail) == 0 { // one of them may be empty [doc]
		return nil, sdk.Invalid(sdk.Violation{Field: "success_urls", Message: "success_urls or fail_urls must have an address"})
	}
	in.Success, in.Fail, in.Pending = append([]address{}, in.Success...), append([]address{}, in.Fail...), append([]address{}, in.Pending...)
	var body struct {
		URLs hashOutput `json:"urls"`
	}
	a, err := p.call(ctx, post("/payment-plugin/hash-url", in), &body)
	if err != nil {
		return nil, err
	}
	if out := body.URLs; len(out.Success) != len(in.Success) || len(out.Fail) != len(in.Fail) || len(out.Pending) != len(in.Pending) {
		return nil, a.http.Unexpected("it has not one hash for each address")
	}
	return json.Marshal(body.URLs)
}

func (p *provider) mediaHints(ctx context.Context, input json.RawMessage) (json.RawMessage, error) {
	if err := sdk.DecodeInput(input, &struct{}{}); err != nil {
		return nil, err
	}
	var body struct {
		Data map[string]struct {
			ID  providerhttp.Text `json:"id"`
			URL string            `json:"url"`
		} `json:"data"`
	}
	a, err := p.call(ctx, providerhttp.Request{Path: "/wallet-type/images/"}, &body)
	if err == nil && body.Data == nil {
		err = a.http.Unexpected("it has no data")
	}
	out := hintsOutput{Hints: []hint{}}
	for _, system := range slices.Sorted(maps.Keys(body.Data)) {
		out.Hints = append(out.Hints, hint{system, string(body.Data[system].ID), body.Data[system].URL})
	}
	text, _ := json.Marshal(out) // texts
	return text, err
}
