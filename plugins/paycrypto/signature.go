package main

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/signature"
)

// requestSignature signs a call. The path is the API's own, the query is signed as a form decodes it. [doc]
func requestSignature(cfg config, timestamp, method, path, query string, body signature.Value) string {
	target, _ := url.QueryUnescape(strings.TrimSuffix(path+"?"+query, "?")) // url.Values wrote it
	return signature.HMACSHA256Base64(cfg.APISecret.Reveal(), timestamp+method+cfg.APIKey.Reveal()+target+bodyText(body))
}

// verify: a webhook's signature covers the action in upper case and the body as in a request, not the bytes. [seen]
func verify(secrets []sdk.Secret, got, timestamp, action string, body signature.Value) bool {
	signed := timestamp + strings.ToUpper(action) + bodyText(body)
	return slices.ContainsFunc(secrets, func(secret sdk.Secret) bool {
		return signature.Equal(got, signature.HMACSHA256Base64(secret.Reveal(), signed))
	})
}

// bodyText is the form in which a body is signed: its keys in byte order as k=v joined by &, texts as they are, the rest
// as JSON. An empty body is no text. [doc]
func bodyText(body signature.Value) string {
	var pairs []string
	for _, m := range body.SortKeys().Members() {
		text := m.Value.Text()
		if m.Value.Kind() != signature.KindString {
			data, _ := m.Value.MarshalJSON() // it was read from JSON
			text = tokens.ReplaceAllStringFunc(string(data), javaToken)
		}
		pairs = append(pairs, m.Key+"="+text)
	}
	return strings.Join(pairs, "&")
}

var tokens = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*`) // texts and numbers
var controls = regexp.MustCompile(`\\u[0-9a-f]{4}|\\.|[\x{7f}-\x{9f}]`) // escapes, and what Java escapes besides

// javaToken writes a token of compact JSON as fastjson 1.2 does, with which the provider signs: control characters in
// upper-case hexadecimal, numbers as BigInteger and BigDecimal print them (10.50 stays, 1e3 becomes 1E+3). [seen]
func javaToken(text string) string {
	if text[0] == '"' {
		return controls.ReplaceAllStringFunc(text, func(c string) string {
			if c[0] != '\\' {
				c = fmt.Sprintf(`\u%04x`, []rune(c)[0])
			}
			return c[:2] + strings.ToUpper(c[2:])
		})
	}
	d, err := decimal.NewFromString(text)
	if err != nil || len(text) > 64 {
		return text // no provider sends that
	}
	first := int(d.Exponent()) + d.NumDigits() - 1 // the power of ten of the first digit
	if d.Exponent() <= 0 && first >= -6 {
		return d.StringFixed(-d.Exponent())
	}
	return fmt.Sprintf("%sE%+d", d.Shift(int32(-first)).StringFixed(int32(d.NumDigits()-1)), first)
}
