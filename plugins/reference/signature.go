package main

import (
	"cmp"
	"net/http"
	"slices"

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

// noticeSigned reports whether one of the keys made one of the signatures over
// one of the forms of the body. The whole body is signed, so everything in it
// can be believed.
func noticeSigned(keys []sdk.Secret, got []string, bodies ...[]byte) bool {
	var candidates []string
	for _, key := range keys {
		for _, body := range bodies {
			candidates = append(candidates, signature.HMACSHA256Hex(key.Reveal(), string(body)))
		}
	}
	return slices.ContainsFunc(got, func(one string) bool { return signature.EqualAny(one, candidates...) })
}

// returnSigned reports whether the provider wrote that with which the customer
// comes back. The status is the last part, so that no reference can be read as
// one.
func returnSigned(key sdk.Secret, got string, told *resource) bool {
	text := string(told.Reference) + "\n" + string(told.ID) + "\n" + string(told.Status)
	return signature.Equal(got, signature.HMACSHA256Hex(key.Reveal(), text))
}
