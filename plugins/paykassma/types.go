package main

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// text is what stands under a key, now a text and now a number.
func text(v ordered.Value, key string) string { return strings.TrimSpace(v.At(key).Text()) }

// answer is what a call may answer. Its status is ok or success, fail or error, or possible. [doc]
type answer struct {
	ordered.Value
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
		e := sdk.AsError(resp.StatusError()).Means(sdk.CodeAuthentication)
		e.Message = "paykassma answers 404 to a wrong secret and to addresses that it does not know"
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

// messageCodes are of what a refusal may say.
var messageCodes = providerhttp.MessageCodes{
	{"insufficient balance", sdk.CodeInsufficientFunds}, // [doc]
	{"wrong secret", sdk.CodeAuthentication},            // [doc]
	{"36205", sdk.CodeAuthentication},                   // the same, as a number or a text [doc]
	{"signature", sdk.CodeAuthentication},               // [decided]
	{"already", sdk.CodeDuplicate},                      // [decided]
	{"duplicate", sdk.CodeDuplicate},                    // [decided]
	{"not found", sdk.CodeNotFound},                     // of an order: it is not finished [doc]
}

// refusal gives a no its meaning: by its words where they are known, else by its HTTP status and its form.
func (a *answer) refusal() error {
	message, done := a.At("message"), a.http.Status < 300
	e := a.http.Refusal(text(a.Value, "code"), cmp.Or(message.Message(), a.At("errors").Message()))
	switch {
	case done && e.ProviderMessage == "":
		return a.http.Unexpected("it names no error")
	case done && message.Kind() == ordered.KindObject: // what is wrong with which field [doc]
		e.Code = sdk.CodeInvalidRequest
	}
	return messageCodes.Apply(e)
}

// proof is what a customer who paid into a wallet must send back. That the amount may be left out where nobody looks at
// it is [decided]: only some systems need it, and their list does not say which.
func proof(wallet ordered.Value) []sdk.Field {
	manual := wallet.At("is_manual").True()
	list := []sdk.Field{
		{Name: "key1", Label: "Transaction number", Required: true, Kind: sdk.FieldText},
		{Name: "amount", Label: "Amount paid", Required: manual, Kind: sdk.FieldAmount},
	}
	if manual && wallet.At("uploading_payment_bill").True() { // no other call takes a file [doc]
		list = append(list, sdk.Field{Name: "screenshot", Label: "Screenshot of the payment", Kind: sdk.FieldFile})
	}
	return list
}

// payoutStatuses are the values of withdrawal_status. [doc]
var payoutStatuses = map[string]sdk.PayoutStatus{"1": sdk.PayoutSucceeded, "5": sdk.PayoutFailed}

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
