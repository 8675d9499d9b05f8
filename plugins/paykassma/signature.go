package main

import (
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/signature"
)

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
	for _, item := range items(v) {
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
