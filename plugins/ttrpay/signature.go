package main

import (
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/signature"
)

// sign gives the body to send and its token: the merchant key, a point, and the MD5 of the body followed by the
// merchant secret. The body is what PHP's json_encode makes of the sorted payload, with slashes and Unicode as they
// are. [doc] PHP would sign the secret alone when json_encode fails: here it is an error.
func sign(cfg config, payload ordered.Value) (body, token string, err error) {
	body, err = signature.PHPJSON(signature.KSort(payload), signature.UnescapedUnicode, signature.UnescapedSlashes)
	if err != nil {
		return "", "", err
	}
	return body, cfg.MerchantKey + "." + signature.MD5Hex(body+cfg.MerchantSecret.Reveal()), nil
}
