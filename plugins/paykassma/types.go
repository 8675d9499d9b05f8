package main

import (
	"cmp"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// text returns what stands under a key, now a text and now a number.
func text(from ordered.Value, key string) string { return strings.TrimSpace(from.At(key).Text()) }

// answer is the answer to any call. Its status is ok or success, fail or error,
// or possible. [doc]
type answer struct {
	ordered.Value
	status string
	resp   *providerhttp.Response
}

// possible: the transaction was not found and will be looked for. checking begins
// the message of an HTTP 400 that is not a refusal: a suspicious transaction is
// looked at. [doc]
const (
	possible = "possible_transaction_created"
	checking = "Check of deposit status started"
)

// pending reports whether a proof is being checked.
func (a *answer) pending() bool {
	return a.status == possible || strings.HasPrefix(text(a.Value, "message"), checking)
}

// payoutStatuses are the values of withdrawal_status. [doc]
var payoutStatuses = map[string]sdk.PayoutStatus{
	"1": sdk.PayoutSucceeded,
	"5": sdk.PayoutFailed,
}

// proof returns the fields that a customer who paid into a wallet must send back.
// The amount may be left out where paykassma checks it by itself. [decided] Only
// some systems need it, and their list does not say which.
func proof(wallet ordered.Value) []sdk.Field {
	manual := wallet.At("is_manual").True()
	list := []sdk.Field{
		{Name: "key1", Label: "Transaction number", Required: true, Kind: sdk.FieldText},
		{Name: "amount", Label: "Amount paid", Required: manual, Kind: sdk.FieldAmount},
	}
	if manual && wallet.At("uploading_payment_bill").True() { // no other call takes a file [doc]
		list = append(list, sdk.Field{
			Name:  "screenshot",
			Label: "Screenshot of the payment",
			Kind:  sdk.FieldFile,
		})
	}
	return list
}

// payoutOptions are the provider_options of a payout, which are sent under the
// names that they have. paykassma's support tells which of them a system needs.
// [doc]
type payoutOptions struct {
	Payments struct {
		Provider string `json:"payments_provider"`
		Method   string `json:"payments_method"`
	} `json:"payments_details"`
	Bank struct {
		Code         string `json:"bank_code"`
		Branch       string `json:"branch_code"`
		CodeInSystem string `json:"bank_code_in_payments_system"`
	} `json:"bank_details"`
}

// fieldOf has the caller's field for each key that is sent; the others are
// options.
var fieldOf = map[string]string{
	"withdrawal_id":  "reference",
	"payment_system": "method",
	"currency_code":  "currency",
	"comment":        "description",
	"label":          "recipient.id",
	"account_name":   "recipient.name",
	"account_number": "recipient.account_number",
	"account_email":  "recipient.email",
	"iban":           "recipient.iban",
}

// withdrawal returns the signed body of a payout. An empty field is neither sent
// nor signed.
func (c config) withdrawal(req sdk.CreatePayoutRequest) (body ordered.Value, err error) {
	var opts payoutOptions
	if err := sdk.DecodeOptions(req.Options, &opts); err != nil {
		return body, err
	}
	wrong := check(req.Amount.Currency, "method", req.Method, "recipient.id", req.Recipient.ID)
	wrong.Add(!req.Amount.Amount.IsInteger(), "amount", "must be a whole number")

	options, _ := ordered.Of(opts) // texts always encode
	body = ordered.Texts(
		"withdrawal_id", req.Reference,
		"payment_system", req.Method,
		"currency_code", req.Amount.Currency,
		"comment", req.Description,
		"label", req.Recipient.ID,
		"account_name", req.Recipient.Name,
		"account_number", req.Recipient.AccountNumber,
		"account_email", req.Recipient.Email,
		"iban", req.Recipient.IBAN,
	).With(options.Members()...).With(
		ordered.Pair("amount", ordered.Decimal(req.Amount.Amount)),
		ordered.Pair("is_test", ordered.Bool(c.Environment == sdk.Sandbox)),
	).Trim() // a space at an end would break the signature [doc]

	body.EachText(func(key, text string) {
		field := cmp.Or(fieldOf[key], "provider_options."+key)
		wrong.Add(strings.Contains(text, ":"), field,
			"must have no colon, which separates what is signed")
	})
	if err := wrong.Err(); err != nil {
		return body, err
	}

	mac, err := payoutSignature(c.PrivateKey[0], body)
	return body.With(ordered.Pair("signature", ordered.String(mac))), err
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

// hashOutput has the provider's own names: singular, where they are plural going
// in. [doc]
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
