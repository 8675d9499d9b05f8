package main

import (
	"cmp"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/signature"
)

// payoutOptions are the provider_options of a payout, which are sent as they are called. Which of them a system needs,
// paykassma's support tells. [doc]
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

// fieldOf says where the caller wrote what is sent under a key; the others are options.
var fieldOf = map[string]string{
	"withdrawal_id": "reference", "payment_system": "method", "currency_code": "currency", "comment": "description",
	"label": "recipient.id", "account_name": "recipient.name", "account_number": "recipient.account_number",
	"account_email": "recipient.email", "iban": "recipient.iban",
}

// withdrawal is the signed body of a payout. What is empty is neither sent nor signed.
func (c config) withdrawal(req sdk.CreatePayoutRequest) (body ordered.Value, err error) {
	var opts payoutOptions
	if err := sdk.DecodeOptions(req.Options, &opts); err != nil {
		return body, err
	}
	wrong := check(req.Amount.Currency, "method", req.Method, "recipient.id", req.Recipient.ID)
	wrong.Add(!req.Amount.Amount.IsInteger(), "amount", "must be a whole number")
	options, _ := ordered.Of(opts) // texts always encode
	body = ordered.Texts(
		"withdrawal_id", req.Reference, "payment_system", req.Method, "currency_code", req.Amount.Currency,
		"comment", req.Description, "label", req.Recipient.ID, "account_name", req.Recipient.Name,
		"account_number", req.Recipient.AccountNumber, "account_email", req.Recipient.Email, "iban", req.Recipient.IBAN,
	).With(options.Members()...).With(
		ordered.Pair("amount", ordered.Decimal(req.Amount.Amount)),
		ordered.Pair("is_test", ordered.Bool(c.Environment == sdk.Sandbox)),
	).Trim() // a space at an end would break the signature [doc]
	body.EachText(func(key, text string) {
		field := cmp.Or(fieldOf[key], "provider_options."+key)
		wrong.Add(strings.Contains(text, ":"), field, "must have no colon, which separates what is signed")
	})
	if err := wrong.Err(); err != nil {
		return body, err
	}
	mac, err := signPayout(c.PrivateKey[0], body)
	return body.With(ordered.Pair("signature", ordered.String(mac))), err
}

// signPayout is sha1(private_key . md5(values)): all values but the signature, keys sorted at the top level only, nested
// ones in their own order, joined by ":". [doc]
func signPayout(key sdk.Secret, body ordered.Value) (string, error) {
	joined, err := signature.PHPImplode(":", signature.KSort(body.Without("signature")))
	return signature.SHA1Hex(key.Reveal() + signature.MD5Hex(joined)), err
}

// verify reports whether got is sha1(access_key . private_key . md5(additional_data as PHP writes it)) with any pair of
// the configured keys, and gives additional_data as it was signed: what arrives may spell an id in several ways. Nothing
// else in a postback is signed. [seen]
func (c config) verify(got string, additionalData ordered.Value) (signed ordered.Value, genuine bool) {
	signed, text, err := asSigned(additionalData)
	var candidates []string
	for _, access := range c.AccessKey {
		for _, private := range c.PrivateKey {
			candidates = append(candidates, signature.SHA1Hex(access.Reveal()+private.Reveal()+signature.MD5Hex(text)))
		}
	}
	return signed, (err == nil) && signature.EqualAny(got, candidates...)
}

// asSigned gives additional_data with the numbers that PHP writes, and the text
// that is signed.
func asSigned(data ordered.Value) (signed ordered.Value, text string, err error) {
	text, err = signature.PHPJSON(data, signature.UnescapedSlashes, signature.UnescapedUnicode)
	if err == nil {
		signed, err = ordered.Parse([]byte(text))
	}
	return signed, text, err
}
