package main

import (
	"cmp"
	"net/http"
	"net/url"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/signature"
)

// signRequest signs method, path with query, and body, each on its own line.
func signRequest(key sdk.Secret, req providerhttp.Request) string {
	target := req.Path
	if len(req.Query) > 0 {
		target += "?" + req.Query.Encode()
	}
	text := cmp.Or(req.Method, http.MethodGet) + "\n" + target + "\n" + string(req.Body.Bytes())
	return signature.HMACSHA256Hex(key.Reveal(), text)
}

// noticeSigned reports whether one of the keys signed the body. The whole body is signed, so everything in it can be
// believed.
func noticeSigned(keys []sdk.Secret, body []byte, got string) bool {
	var candidates []string
	for _, key := range keys {
		candidates = append(candidates, signature.HMACSHA256Hex(key.Reveal(), string(body)))
	}
	return signature.EqualAny(got, candidates...)
}

// returnSigned reports whether the provider wrote the query with which the customer comes back. The status is the last
// part, so that no reference can be read as one.
func returnSigned(key sdk.Secret, query url.Values) bool {
	want := signature.HMACSHA256Hex(key.Reveal(), query.Get("reference")+"\n"+query.Get("payment_id")+"\n"+query.Get("status"))
	return signature.Equal(query.Get("signature"), want)
}
