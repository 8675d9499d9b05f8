package main

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/signature"
)

// payoutSignature is sha1(private_key . md5(values)): all values but the
// signature, keys sorted at the top level only, nested ones in their own order,
// joined by ":". [doc]
func payoutSignature(key sdk.Secret, body ordered.Value) (string, error) {
	joined, err := signature.PHPImplode(":", signature.KSort(body.Without("signature")))
	return signature.SHA1Hex(key.Reveal() + signature.MD5Hex(joined)), err
}

// verify reports whether got is sha1(access_key . private_key . md5(additional_data
// as PHP writes it)) with any pair of the configured keys, and returns
// additional_data as it was signed: the fields that arrive may spell an id in
// several ways. Nothing else in a webhook is signed. [seen]
func verify(
	cfg config, got string, additionalData ordered.Value,
) (signed ordered.Value, genuine bool) {
	signed, text, err := asSigned(additionalData)
	var candidates []string
	for _, access := range cfg.AccessKey {
		for _, private := range cfg.PrivateKey {
			keys := access.Reveal() + private.Reveal()
			candidates = append(candidates, signature.SHA1Hex(keys+signature.MD5Hex(text)))
		}
	}
	return signed, err == nil && signature.EqualAny(got, candidates...)
}

// asSigned returns additional_data with the numbers that PHP writes, and the text
// that is signed.
func asSigned(data ordered.Value) (signed ordered.Value, text string, err error) {
	text, err = signature.PHPJSON(data, signature.UnescapedSlashes, signature.UnescapedUnicode)
	if err == nil {
		signed, err = ordered.Parse([]byte(text))
	}
	return signed, text, err
}
