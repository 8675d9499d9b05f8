package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/payhost/payhost/sdk"
)

// guard lets through whoever sends one of the configured tokens. Without any,
// nobody is: an API that moves money has no open door.
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

		detail := "send one of the tokens of the configuration: Authorization: Bearer …"
		if !usable(tokens) {
			detail = "no http.tokens are configured, so the API answers on the admin socket only"
		}
		p := newProblem(http.StatusUnauthorized, codeUnauthorized, detail)
		p.header.Set("WWW-Authenticate", `Bearer realm="payhost"`)
		p.write(w, r)
	})
}

// known compares with every token, in a time that depends on neither.
func known(given string, tokens []sdk.Secret) bool {
	sum, found := sha256.Sum256([]byte(given)), 0
	for _, t := range tokens {
		want := sha256.Sum256([]byte(t.Reveal()))
		same := subtle.ConstantTimeCompare(sum[:], want[:])
		if t.IsZero() {
			same = 0
		}

		found |= same
	}

	return found == 1
}

func usable(tokens []sdk.Secret) bool {
	for _, t := range tokens {
		if !t.IsZero() {
			return true
		}
	}
	return false
}
