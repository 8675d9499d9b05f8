package main

import "github.com/payhost/payhost/sdk/signature"

// requestSignature is HMAC-SHA256 with the API key over uid, mid, country and the
// account's e-mail address, without separators. [doc] cc is exactly the text that
// is sent as such. Amount and customer are not signed.
func requestSignature(cfg config, cc string) string {
	return signature.HMACSHA256Hex(cfg.APIKey.Reveal(), cfg.UID+cfg.MID+cc+cfg.Email)
}
