package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/payhost/payhost/sdk"
)

// guard serves requests that have one of the configured tokens. Without any
// token in the configuration it serves none: an API that moves money is never
// open.
func (a *API) guard(next http.Handler) http.Handler {
	next = as("api", next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		tokens := a.Config().HTTP.Tokens
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if strings.EqualFold(scheme, "Bearer") && known(strings.TrimSpace(given), tokens) {
			next.ServeHTTP(w, r)
			return
		}

		// The same answer for a wrong token and for none.
		detail := "send one of the tokens of the configuration: Authorization: Bearer …"
		if !usable(tokens) {
			detail = "no http.tokens are configured, so the API answers on the admin socket only"
		}
		p := newProblem(http.StatusUnauthorized, codeUnauthorized, detail)
		p.header.Set("WWW-Authenticate", `Bearer realm="payhost"`)
		p.write(w, r)
	})
}

// known compares a token with every one of the configuration, in a time that
// depends on neither.
func known(given string, tokens []sdk.Secret) bool {
	sum := sha256.Sum256([]byte(given))
	found := 0

	for _, token := range tokens {
		want := sha256.Sum256([]byte(token.Reveal()))
		same := subtle.ConstantTimeCompare(sum[:], want[:])
		// An empty token in the configuration opens nothing.
		if token.IsZero() {
			same = 0
		}

		found |= same
	}

	return found == 1
}

// usable reports whether there is a token that a caller could send.
func usable(tokens []sdk.Secret) bool {
	for _, token := range tokens {
		if !token.IsZero() {
			return true
		}
	}
	return false
}
