package main

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/signature"
)

// requestSignature signs method, path with query, and body, each on its own line.
func requestSignature(key sdk.Secret, req providerhttp.Request) string {
	target := req.Path
	if len(req.Query) > 0 {
		target += "?" + req.Query.Encode()
	}
	text := cmp.Or(req.Method, http.MethodGet) + "\n" + target + "\n" + string(req.Body.Bytes())
	return signature.HMACSHA256Hex(key.Reveal(), text)
}

// verify reports whether one of the keys made one of the signatures that came,
// over one of the forms of a webhook's body. The whole body is signed, so
// everything in it can be believed.
func verify(keys []sdk.Secret, got []string, bodies ...[]byte) bool {
	var candidates []string
	for _, key := range keys {
		for _, body := range bodies {
			candidates = append(candidates, signature.HMACSHA256Hex(key.Reveal(), string(body)))
		}
	}
	return slices.ContainsFunc(got, func(came string) bool {
		return signature.EqualAny(came, candidates...) // in constant time
	})
}

// verifyReturn reports whether the provider wrote the fields with which the
// customer comes back. The status is the last part, so that no reference can be
// read as one.
func verifyReturn(key sdk.Secret, got string, told *resource) bool {
	text := string(told.Reference) + "\n" + string(told.ID) + "\n" + string(told.Status)
	return signature.Equal(got, signature.HMACSHA256Hex(key.Reveal(), text))
}
