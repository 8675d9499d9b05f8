package main

import (
	"net/url"
	"slices"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/signature"
)

// requestSignature signs a call. The path is the API's own, the query is signed
// as a form decodes it. [doc]
func requestSignature(
	cfg config, timestamp, method, path, query string, body ordered.Value,
) string {
	target, _ := url.QueryUnescape(strings.TrimSuffix(path+"?"+query, "?")) // url.Values wrote it
	return signature.HMACSHA256Base64(cfg.APISecret.Reveal(),
		timestamp+method+cfg.APIKey.Reveal()+target+bodyText(body))
}

// verify reports whether one of the secrets made one of the signatures that came:
// there may be one for each secret. A webhook's signature covers the action in
// upper case and the body as in a request, not the bytes. [seen]
func verify(
	secrets []sdk.Secret, got []string, timestamp, action string, body ordered.Value,
) bool {
	signed := timestamp + strings.ToUpper(action) + bodyText(body)
	return slices.ContainsFunc(secrets, func(secret sdk.Secret) bool {
		return signature.EqualAny(signature.HMACSHA256Base64(secret.Reveal(), signed), got...)
	})
}

// bodyText is the form in which a body is signed: its keys in byte order as k=v
// joined by &, texts as they are, the rest as JSON. An empty body is no text.
// [doc]
func bodyText(body ordered.Value) string {
	var pairs []string
	for _, member := range body.SortKeys().Members() {
		text := member.Value.Text()
		if member.Value.Kind() != ordered.KindString {
			text, _ = signature.FastJSON(member.Value) // it was read from JSON
		}
		pairs = append(pairs, member.Key+"="+text)
	}
	return strings.Join(pairs, "&")
}
