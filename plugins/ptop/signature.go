package main

import (
	"regexp"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/signature"
)

// payoutSignature is HMAC-SHA256 over website_id|secret_key|reviverEmail|amount with the_signature as key. [doc]
func payoutSignature(cfg config, email, amount string) string {
	parts := []string{cfg.WebsiteID, cfg.SecretKey.Reveal(), email, amount}
	return signature.HMACSHA256Hex(cfg.TheSignature.Reveal(), strings.Join(parts, "|"))
}

// verify gives the one of the candidates that got signs: HMAC-SHA256 with secret_key over what PHP's json_encode makes
// of the fields, in their order. [doc] It gives them as they were signed: what arrives may spell an id in several ways.
func verify(secretKey sdk.Secret, got string, candidates []ordered.Value) (ordered.Value, error) {
	for _, fields := range candidates {
		text, err := signature.PHPJSON(fields)
		if (err == nil) && signature.Equal(got, signature.HMACSHA256Hex(secretKey.Reveal(), text)) {
			return ordered.Parse([]byte(text))
		}
	}
	return ordered.Value{}, sdk.NotSent(sdk.CodeInvalidSignature, "the signature of the notice does not verify")
}

// truths are the texts of a boolean, with what PHP makes of one in a query.
var truths = map[string]bool{"true": true, "1": true, "false": false, "0": false}

var integer = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)

// typedFields gives what ptop may have signed when the fields came as a query or form, where JSON's types are lost:
// success as a boolean or text, each id as a number or text, in the document's order. [decided] All have the same
// texts: for the meaning it does not matter which one was signed.
func typedFields(form ordered.Value) []ordered.Value {
	typed := []ordered.Value{ordered.Object()}
	for _, name := range []string{"success", "transaction_id", "order_id", "message"} {
		field, there := form.Get(name)
		if !there {
			continue
		}
		text := field.Text()
		readings := []ordered.Value{ordered.String(text)}
		if truth, ok := truths[text]; ok && name == "success" {
			readings = append(readings, ordered.Bool(truth))
		}
		if strings.HasSuffix(name, "_id") && integer.MatchString(text) {
			readings = append(readings, ordered.Number(text))
		}
		var longer []ordered.Value
		for _, t := range typed {
			for _, r := range readings {
				longer = append(longer, ordered.Object(append(t.Members(), ordered.Pair(name, r))...))
			}
		}
		typed = longer
	}
	return typed
}
