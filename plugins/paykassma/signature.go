package main

import (
	"slices"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/signature"
)

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

// withdrawal is the signed body of a payout. What is empty is neither sent nor signed.
func (c config) withdrawal(req sdk.CreatePayoutRequest) (body signature.Value, err error) {
	var opts payoutOptions
	if err := sdk.DecodeOptions(req.Options, &opts); err != nil {
		return body, err
	}
	wrong := check(req.Amount.Currency, "method", req.Method, "recipient.id", req.Recipient.ID)
	wrong.Add(!req.Amount.Amount.IsInteger(), "amount", "must be a whole number")
	// object takes triples of key, text and where the caller wrote it. A space at an end would break the signature [doc],
	// and a colon make it ambiguous.
	object := func(values ...string) (list []signature.Member) {
		for v := range slices.Chunk(values, 3) {
			wrong.Add(strings.Contains(v[1], ":"), v[2], "must have no colon, which separates what is signed")
			if text := strings.TrimSpace(v[1]); text != "" {
				list = append(list, signature.Pair(v[0], signature.String(text)))
			}
		}
		return list
	}
	r, payments, bank := req.Recipient, opts.Payments, opts.Bank
	list := object(
		"withdrawal_id", req.Reference, "reference", "payment_system", req.Method, "method", "comment", req.Description, "description",
		"currency_code", req.Amount.Currency, "currency", "label", r.ID, "recipient.id", "account_name", r.Name, "recipient.name",
		"account_number", r.AccountNumber, "recipient.account_number", "account_email", r.Email, "recipient.email",
		"iban", r.IBAN, "recipient.iban",
	)
	if nested := object(
		"payments_provider", payments.Provider, "provider_options.payments_details.payments_provider",
		"payments_method", payments.Method, "provider_options.payments_details.payments_method",
	); nested != nil {
		list = append(list, signature.Pair("payments_details", signature.Object(nested...)))
	}
	if nested := object(
		"bank_code", bank.Code, "provider_options.bank_details.bank_code",
		"branch_code", bank.Branch, "provider_options.bank_details.branch_code",
		"bank_code_in_payments_system", bank.CodeInSystem, "provider_options.bank_details.bank_code_in_payments_system",
	); nested != nil {
		list = append(list, signature.Pair("bank_details", signature.Object(nested...)))
	}
	if err := wrong.Err(); err != nil {
		return body, err
	}
	list = append(list, signature.Pair("amount", signature.Decimal(req.Amount.Amount)),
		signature.Pair("is_test", signature.Bool(c.Environment == sdk.Sandbox)))
	mac, err := signPayout(c.PrivateKey[0], signature.Object(list...))
	return signature.Object(append(list, signature.Pair("signature", signature.String(mac)))...), err
}

// signPayout is sha1(private_key . md5(values)): all values but the signature, keys sorted at the top level only, nested
// ones in their own order, joined by ":". [doc]
func signPayout(key sdk.Secret, body signature.Value) (string, error) {
	joined, err := join(body.Without("signature").KSort())
	return signature.SHA1Hex(key.Reveal() + signature.MD5Hex(joined)), err
}

// join is the document's multiImplode.
func join(v signature.Value) (string, error) {
	if v.Kind() != signature.KindArray && v.Kind() != signature.KindObject {
		return signature.PHPString(v)
	}
	var parts []string
	for _, item := range v.Elements() {
		part, err := join(item)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ":"), nil
}

// verify reports whether got is sha1(access_key . private_key . md5(additional_data as PHP writes it)) with any pair of
// the configured keys. Nothing else in a postback is signed. [seen]
func (c config) verify(got string, additionalData signature.Value) bool {
	text, err := signature.PHPJSON(additionalData, signature.UnescapedSlashes, signature.UnescapedUnicode)
	var candidates []string
	for _, access := range c.AccessKey {
		for _, private := range c.PrivateKey {
			candidates = append(candidates, signature.SHA1Hex(access.Reveal()+private.Reveal()+signature.MD5Hex(text)))
		}
	}
	return err == nil && signature.EqualAny(got, candidates...)
}
