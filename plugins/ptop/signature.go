package main

import (
	"regexp"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/signature"
)

// payoutSignature is HMAC-SHA256 over website_id|secret_key|reviverEmail|amount
// with the_signature as key. [doc]
func payoutSignature(cfg config, email, amount string) string {
	parts := []string{cfg.WebsiteID, cfg.SecretKey.Reveal(), email, amount}
	return signature.HMACSHA256Hex(cfg.TheSignature.Reveal(), strings.Join(parts, "|"))
}

// verify returns the one of the candidates that got signs: HMAC-SHA256 with
// secret_key over the text that PHP's json_encode makes of the fields, in their
// order. [doc] It returns them as they were signed: the fields that arrive may
// spell an id in several ways.
func verify(secretKey sdk.Secret, got string, candidates []ordered.Value) (ordered.Value, error) {
	for _, fields := range candidates {
		text, err := signature.PHPJSON(fields)
		if err != nil {
			continue
		}
		if signature.Equal(got, signature.HMACSHA256Hex(secretKey.Reveal(), text)) {
			return ordered.Parse([]byte(text))
		}
	}

	return ordered.Value{}, sdk.NotSent(sdk.CodeInvalidSignature,
		"the signature of the webhook does not verify")
}

// truths are the texts of a boolean, with what PHP makes of one in a query.
var truths = map[string]bool{
	"true":  true,
	"1":     true,
	"false": false,
	"0":     false,
}

var integer = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)

// typedFields returns what ptop may have signed when the fields came as a query
// or a form, where JSON's types are lost: success as a boolean or text, each id
// as a number or text, in the document's order. [decided] All of them have the
// same texts: for the meaning it does not matter which one was signed.
func typedFields(form ordered.Value) []ordered.Value {
	typed := []ordered.Value{ordered.Object()}
	for _, name := range []string{"success", "transaction_id", "order_id", "message"} {
		field, there := form.Get(name)
		if !there {
			continue
		}

		// Every object so far goes on with each of the field's readings.
		var longer []ordered.Value
		for _, object := range typed {
			for _, reading := range readings(name, field.Text()) {
				members := append(object.Members(), ordered.Pair(name, reading))
				longer = append(longer, ordered.Object(members...))
			}
		}
		typed = longer
	}
	return typed
}

// readings returns the values of which text may be the text in a form.
func readings(name, text string) []ordered.Value {
	all := []ordered.Value{ordered.String(text)}
	if truth, ok := truths[text]; ok && name == "success" {
		all = append(all, ordered.Bool(truth))
	}
	if strings.HasSuffix(name, "_id") && integer.MatchString(text) {
		all = append(all, ordered.Number(text))
	}
	return all
}
