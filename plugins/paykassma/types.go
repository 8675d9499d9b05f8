package main

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/signature"
)

// answer is what all calls may answer. Its status is ok or success, fail or error, or possible. [doc]
type answer struct {
	Status  providerhttp.Text `json:"status"`
	Message signature.Value   `json:"message"` // a text, or an object with lists of texts by field
	Code    providerhttp.Text `json:"code"`    // not HTTP's: 20000 is success
	Errors  signature.Value   `json:"errors"`

	http *providerhttp.Response
}

// possible: the transaction was not found and will be looked for. checking begins the message of an HTTP 400 that is no
// refusal: a suspicious transaction is looked at. [doc]
const (
	possible = "possible_transaction_created"
	checking = "Check of deposit status started"
)

func (a *answer) pending() bool {
	return a.Status == possible || strings.HasPrefix(a.Message.Text(), checking)
}

// readAnswer gives an answer that is JSON and no refusal.
func readAnswer(resp *providerhttp.Response) (*answer, error) {
	if resp.Status == http.StatusNotFound { // whatever its body, and never an unknown order [doc]
		e := sdk.AsError(resp.StatusError())
		e.Code, e.Message = sdk.CodeAuthentication, "paykassma answers 404 to a wrong secret and to addresses that it does not know"
		return nil, e
	}
	a := &answer{http: resp}
	if err := resp.DecodeJSON(a); err != nil {
		return nil, err
	}
	done := resp.Status >= 200 && resp.Status < 300
	yes := a.Status == "ok" || a.Status == "success" || a.Status == possible
	switch {
	case done && yes, resp.Status == http.StatusBadRequest && !yes && a.pending():
		return a, nil
	case yes:
		return nil, resp.Unexpected("it says yes with an HTTP status that says no")
	case done && a.Status != "fail" && a.Status != "error":
		return nil, resp.Unexpected("its status is none that is documented")
	}
	return nil, a.refusal()
}

// meanings are of what a refusal may say, in lower case.
var meanings = []struct {
	said string
	code sdk.Code
}{
	{"insufficient balance", sdk.CodeInsufficientFunds}, // [doc]
	{"wrong secret", sdk.CodeAuthentication},            // [doc]
	{`"code":36205`, sdk.CodeAuthentication},            // the same [doc]
	{"signature", sdk.CodeAuthentication},               // [decided]
	{"already", sdk.CodeDuplicate},                      // [decided]
	{"not found", sdk.CodeNotFound},                     // of an order: it is not finished [doc]
}

// refusal gives a no its meaning: by its words where they are known, else by its HTTP status and its form.
func (a *answer) refusal() error {
	e := sdk.Refused(sdk.CodeDeclined, string(a.Code), cmp.Or(words(a.Message), words(a.Errors)))
	means := sdk.AsError(a.http.StatusError()) // nil for 2xx
	switch {
	case means != nil:
		e.Code, e.Outcome, e.Message, e.RetryAfter = means.Code, means.Outcome, means.Message, means.RetryAfter
	case e.ProviderMessage == "":
		return a.http.Unexpected("it names no error")
	case a.Message.Kind() == signature.KindObject: // what is wrong with which field [doc]
		e.Code = sdk.CodeInvalidRequest
	}
	for _, m := range meanings {
		if e.Outcome == sdk.OutcomeRefused && strings.Contains(strings.ToLower(e.ProviderMessage), m.said) {
			e.Code = m.code
			if m.code == sdk.CodeDuplicate { // perhaps by an earlier attempt
				e.Outcome = sdk.OutcomeUnknown
			}
			break
		}
	}
	return e
}

// words gives a message as it came: text, or JSON with what is wrong by field.
func words(v signature.Value) string {
	if v.Kind() != signature.KindObject && v.Kind() != signature.KindArray {
		return v.Text()
	}
	text, _ := json.Marshal(v) // it came as JSON
	return string(text)
}

// wallet is a payment system whose payments must be activated.
type wallet struct {
	Type     string              `json:"type"`
	Currency string              `json:"currency_code"`
	Name     string              `json:"name"`
	Logo     string              `json:"logo"`
	Order    providerhttp.Amount `json:"order"`
	Manual   bool                `json:"is_manual"`
	Bill     bool                `json:"uploading_payment_bill"`
}

// proof is what the customer must send back. That the amount may be left out where nobody looks at it is [decided]: only
// some of these systems need it, and the list does not say which.
func (w wallet) proof() []sdk.Field {
	list := []sdk.Field{
		{Name: "key1", Label: "Transaction number", Required: true, Kind: sdk.FieldText},
		{Name: "amount", Label: "Amount paid", Required: w.Manual, Kind: sdk.FieldAmount},
	}
	if w.Manual && w.Bill { // no other call takes a file [doc]
		list = append(list, sdk.Field{Name: "screenshot", Label: "Screenshot of the payment", Kind: sdk.FieldFile})
	}
	return list
}

// state is kept with a payment that is to be confirmed.
type state struct {
	Manual bool `json:"is_manual"`
}

// link finds a payment page, of which the document says nothing. [decided]
func link(body signature.Value) string {
	params, _ := body.Get("params")
	members := params.Members()
	for _, key := range []string{"payment_url", "redirect_url", "url"} {
		v, _ := body.Get(key)
		members = slices.Insert(members, 0, signature.Pair(key, v))
	}
	for _, m := range members {
		u, err := url.Parse(m.Value.Text())
		if err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil {
			return m.Value.Text()
		}
	}
	return ""
}

// transaction is one item of additional_data: the part of a postback that is signed, so that nothing else is believed.
type transaction struct {
	ID         providerhttp.Text   `json:"transaction_id"`
	Order      providerhttp.Text   `json:"plugin_custom_order_id"` // empty when the customer paid and did not say for what
	Withdrawal providerhttp.Text   `json:"withdrawal_id"`
	Status     providerhttp.Text   `json:"withdrawal_status"`
	Amount     providerhttp.Amount `json:"amount"`
	Currency   string              `json:"currency_code"`
	Activated  string              `json:"activated_datetime"`
	Comment    string              `json:"comment"`
}

type postback struct {
	Data []transaction `json:"additional_data"`
}

func (t transaction) isPayout() bool    { return t.Withdrawal != "" }
func (t transaction) reference() string { return string(cmp.Or(t.Withdrawal, t.Order)) }

// money is nil for what is no amount of a currency.
func (t transaction) money() *sdk.Money {
	if !t.Amount.Decimal.IsPositive() || sdk.CheckCurrency(t.Currency) != nil {
		return nil
	}
	return &sdk.Money{Amount: t.Amount.Decimal, Currency: t.Currency}
}

// payment gives what the transactions of one come to. The host adds up their receipts.
func payment(list []transaction) *sdk.Payment {
	out := &sdk.Payment{Status: sdk.PaymentSucceeded, ProviderReference: string(list[0].ID)}
	known := map[providerhttp.Text]*sdk.Money{}
	for _, t := range list {
		amount, before := t.money(), known[t.ID]
		switch {
		case amount == nil || t.ID == "" || before != nil && !before.Equal(*amount):
			out.Status, out.Message = sdk.PaymentUnderReview, "a transaction has no id, no amount, or two amounts"
		case before == nil:
			known[t.ID] = amount
			out.Receipts = append(out.Receipts, sdk.Receipt{ID: string(t.ID), Amount: *amount})
		}
	}
	return out
}

// payoutStatuses are the values of withdrawal_status. [doc]
var payoutStatuses = map[providerhttp.Text]sdk.PayoutStatus{"1": sdk.PayoutSucceeded, "5": sdk.PayoutFailed}

func payout(list []transaction) *sdk.Payout {
	t := list[0]
	out := &sdk.Payout{Status: payoutStatuses[t.Status], ProviderStatus: string(t.Status), Amount: t.money(), Message: t.Comment}
	if len(list) > 1 || out.Status == "" || out.Amount == nil {
		out.Status, out.Message = sdk.PayoutUnderReview, "one known withdrawal_status and one amount were expected"
	}
	return out
}

// address is one of the operation hash_urls; in its output url is a hash.
type address struct {
	Order int    `config:"order,required" json:"order"`
	URL   string `config:"url,required" json:"url"`
}

type hashInput struct {
	Success []address `json:"success_urls" doc:"Where customers go after a success; may be empty when fail_urls is not."`
	Fail    []address `json:"fail_urls" doc:"After a failure; may be empty when success_urls is not."`
	Pending []address `json:"pending_urls" doc:"While the payment is being confirmed."`
}

// hashOutput has the provider's own names: singular, where they are plural going in. [doc]
type hashOutput struct {
	Success []address `json:"success_url,omitempty"`
	Fail    []address `json:"fail_url,omitempty"`
	Pending []address `json:"pending_url,omitempty"`
}

type hint struct {
	System string `json:"payment_system"`
	ID     string `json:"id"`
	URL    string `json:"url"`
}

type hintsOutput struct {
	Hints []hint `json:"hints"`
}
