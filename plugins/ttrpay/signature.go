package main

import (
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/signature"
)

// requestSignature returns the body to send and the token that signs it: the
// merchant key, a point, and the MD5 of the body followed by the merchant
// secret. The body is what PHP's json_encode makes of the sorted payload, with
// slashes and Unicode as they are. [doc] PHP would sign the secret alone when
// json_encode fails: here that is an error.
func requestSignature(cfg config, payload ordered.Value) (body, token string, err error) {
	body, err = signature.PHPJSON(
		signature.KSort(payload),
		signature.UnescapedUnicode,
		signature.UnescapedSlashes,
	)
	if err != nil {
		return "", "", err
	}

	mac := signature.MD5Hex(body + cfg.MerchantSecret.Reveal())
	return body, cfg.MerchantKey + "." + mac, nil
}
