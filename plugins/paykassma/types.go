package main

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/signature"
)

// text is what stands under a key, now a text and now a number.
func text(v signature.Value, key string) string { return strings.TrimSpace(v.At(key).Text()) }

func truth(v signature.Value, key string) bool { return text(v, key) == "true" || text(v, key) == "1" }

// answer is what a call may answer. Its status is ok or success, fail or error, or possible. [doc]
type answer struct {
	signature.Value
	http   *providerhttp.Response
	status string
}

// possible: the transaction was not found and will be looked for. checking begins the message of an HTTP 400 that is no
// refusal: a suspicious transaction is looked at. [doc]
const (
	possible = "possible_transaction_created"
	checking = "Check of deposit status started"
)

func (a *answer) pending() bool {
	return a.status == possible || strings.HasPrefix(text(a.Value, "message"), checking)
}

// readAnswer gives an answer that is JSON and no refusal.
func readAnswer(resp *providerhttp.Response) (*answer, error) {
	if resp.Status == http.StatusNotFound { // whatever its body, and never an unknown order [doc]
		e := sdk.AsError(resp.StatusError())
		e.Code, e.Message = sdk.CodeAuthentication, "paykassma answers 404 to a wrong secret and to addresses that it does not know"
		return nil, e
	}
	a := &answer{http: resp}
	if err := resp.DecodeJSON(&a.Value); err != nil {
		return nil, err
	}
	a.status = text(a.Value, "status")
	done := resp.Status >= 200 && resp.Status < 300
	yes := a.status == "ok" || a.status == "success" || a.status == possible
	switch {
	case done && yes, resp.Status == http.StatusBadRequest && !yes && a.pending():
		return a, nil
	case yes:
		return nil, resp.Unexpected("it says yes with an HTTP status that says no")
	case done && a.status != "fail" && a.status != "error":
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
	{"36205", sdk.CodeAuthentication},                   // the same, as a number or a text [doc]
	{"signature", sdk.CodeAuthentication},               // [decided]
	{"already", sdk.CodeDuplicate},                      // [decided]
	{"not found", sdk.CodeNotFound},                     // of an order: it is not finished [doc]
}

// refusal gives a no its meaning: by its words where they are known, else by its HTTP status and its form.
func (a *answer) refusal() error {
	message := a.At("message")
	e := a.http.Refusal(text(a.Value, "code"), cmp.Or(words(message), words(a.At("errors"))))
	switch done := a.http.Status < 300; {
	case done && e.ProviderMessage == "":
		return a.http.Unexpected("it names no error")
	case done && message.Kind() == signature.KindObject: // what is wrong with which field [doc]
		e.Code = sdk.CodeInvalidRequest
	}
	for _, m := range meanings {
		if e.Outcome == sdk.OutcomeRefused && strings.Contains(strings.ToLower(e.ProviderMessage), m.said) {
			e.Code = m.code
			if m.code == sdk.CodeDuplicate { // done, perhaps by an earlier attempt
				e.Outcome = sdk.OutcomeUnknown
			}
			break
		}
	}
	return e
}

// words gives a message as it came: text, or JSON with what is wrong by field.
func words(v signature.Value) string {
	if len(v.Elements()) == 0 {
		return v.Text()
	}
	text, _ := json.Marshal(v) // it came as JSON
	return string(text)
}

// proof is what a customer who paid into a wallet must send back. That the amount may be left out where nobody looks at
// it is [decided]: only some systems need it, and their list does not say which.
func proof(wallet signature.Value) []sdk.Field {
	manual := truth(wallet, "is_manual")
	list := []sdk.Field{
		{Name: "key1", Label: "Transaction number", Required: true, Kind: sdk.FieldText},
		{Name: "amount", Label: "Amount paid", Required: manual, Kind: sdk.FieldAmount},
	}
	if manual && truth(wallet, "uploading_payment_bill") { // no other call takes a file [doc]
		list = append(list, sdk.Field{Name: "screenshot", Label: "Screenshot of the payment", Kind: sdk.FieldFile})
	}
	return list
}

// page finds the link to a payment page, of which the document says nothing. [decided]
func (a *answer) page() string {
	places := []signature.Value{a.At("url"), a.At("redirect_url"), a.At("payment_url")}
	for _, v := range append(places, a.At("params").Elements()...) {
		if providerhttp.BrowserURL(v.Text()) {
			return v.Text()
		}
	}
	return ""
}

// transaction is one item of additional_data: the part of a postback that is signed, so that nothing else is believed.
type transaction struct {
	signature.Value
	payout    bool
	reference string // ours; empty when the customer paid and did not say for what
	id        string
	amount    *sdk.Money // nil for what is no amount of a currency
}

func transactions(postback signature.Value) (list []transaction) {
	for _, v := range postback.At("additional_data").Elements() {
		withdrawal := text(v, "withdrawal_id")
		t := transaction{v, withdrawal != "", cmp.Or(withdrawal, text(v, "plugin_custom_order_id")), text(v, "transaction_id"), nil}
		amount, err := sdk.ParseAmount(text(v, "amount"))
		if currency := text(v, "currency_code"); err == nil && amount.IsPositive() && sdk.CheckCurrency(currency) == nil {
			t.amount = &sdk.Money{Amount: amount, Currency: currency}
		}
		list = append(list, t)
	}
	return list
}

// payment gives what the transactions of one come to. The host adds up their receipts.
func payment(list []transaction) *sdk.Payment {
	out := &sdk.Payment{Status: sdk.PaymentSucceeded, ProviderReference: list[0].id}
	for _, t := range list {
		i := slices.IndexFunc(out.Receipts, func(r sdk.Receipt) bool { return r.ID == t.id })
		switch {
		case t.id == "" || t.amount == nil || i >= 0 && !out.Receipts[i].Amount.Equal(*t.amount):
			out.Status, out.Message = sdk.PaymentUnderReview, "a transaction has no id, no amount, or two amounts"
		case i < 0:
			out.Receipts = append(out.Receipts, sdk.Receipt{ID: t.id, Amount: *t.amount})
		}
	}
	return out
}

// payoutStatuses are the values of withdrawal_status. [doc]
var payoutStatuses = map[string]sdk.PayoutStatus{"1": sdk.PayoutSucceeded, "5": sdk.PayoutFailed}

func payout(list []transaction) *sdk.Payout {
	t, status := list[0], text(list[0].Value, "withdrawal_status")
	out := &sdk.Payout{Status: payoutStatuses[status], ProviderStatus: status, Amount: t.amount, Message: text(t.Value, "comment")}
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
	Success []address `json:"success_url"`
	Fail    []address `json:"fail_url"`
	Pending []address `json:"pending_url"`
}

type hint struct {
	System string `json:"payment_system"`
	ID     string `json:"id"`
	URL    string `json:"url"`
}

type hintsOutput struct {
	Hints []hint `json:"hints"`
}
