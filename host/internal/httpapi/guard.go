package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// guard serves requests that have one of the configured tokens, each as the
// caller that the token stands for. Without any token in the configuration it
// serves none: an API that moves money is never open.
func (a *API) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		keys := a.keys()
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")

		// The same answer for a wrong token and for none.
		detail := "send one of the tokens of the configuration: Authorization: Bearer …"
		if len(keys.list) == 0 {
			detail = "no http.tokens and no [tokens.NAME] are configured, so the API answers on the " +
				"admin socket only"
		}

		if strings.EqualFold(scheme, "Bearer") {
			who, ok := keys.callerOf(strings.TrimSpace(given))
			expired := ok && !who.Expires.IsZero() && !a.Now().Before(who.Expires)
			if ok && !expired {
				as(who, next).ServeHTTP(w, r)
				return
			}

			if expired {
				detail = fmt.Sprintf("the token %s expired on %s; its tokens.%s.expires has the date",
					who.Name, who.Expires.Format(time.RFC3339), who.Name)
				a.Logger.Warn("a token was refused: it has expired",
					"token", who.Name, "expired", who.Expires, "request_id", requestID(r.Context()))
				who.RequestID = requestID(r.Context())
				a.auditRefusal(caller.With(r.Context(), who), payment.AuditEntry{
					Action: "any", Note: "the token has expired",
				})
			}
		}

		p := newProblem(http.StatusUnauthorized, codeUnauthorized, detail)
		p.header.Set("WWW-Authenticate", `Bearer realm="payhost"`)
		p.write(w, r)
	})
}

// keyring are the tokens of a configuration, by their digests.
type keyring struct {
	of   *config.Config
	list []key
}

type key struct {
	digest [sha256.Size]byte
	caller caller.Caller
}

// keys returns those of the configuration in force. The digests are made once
// for each configuration.
func (a *API) keys() *keyring {
	cfg := a.Config()
	if keys := a.keyring.Load(); keys != nil && keys.of == cfg {
		return keys
	}
	keys := newKeyring(cfg)
	a.keyring.Store(keys)
	return keys
}

func newKeyring(cfg *config.Config) *keyring {
	keys := &keyring{of: cfg}
	add := func(secret sdk.Secret, who caller.Caller) {
		// An empty token in the configuration opens nothing.
		if !secret.IsZero() {
			digest := sha256.Sum256([]byte(secret.Reveal()))
			keys.list = append(keys.list, key{digest, who})
		}
	}

	for _, secret := range cfg.HTTP.Tokens {
		add(secret, caller.Caller{Name: caller.API, Unlimited: true})
	}
	for _, token := range cfg.Tokens {
		who := caller.Caller{
			Name:      token.Name,
			Token:     true,
			Providers: token.Providers,
			Expires:   token.Expires,
		}
		for _, scope := range token.Scopes {
			who.Scopes = append(who.Scopes, caller.Scope(scope))
		}
		for _, secret := range token.Secrets {
			add(secret, who)
		}
	}

	return keys
}

// callerOf compares a token with every one of the configuration, in a time that
// depends on neither.
func (k *keyring) callerOf(given string) (caller.Caller, bool) {
	digest := sha256.Sum256([]byte(given))
	found := 0 // one more than the place in the list
	for place := range k.list {
		same := subtle.ConstantTimeCompare(digest[:], k.list[place].digest[:])
		found = subtle.ConstantTimeSelect(same, place+1, found)
	}

	if found == 0 {
		return caller.Caller{}, false
	}
	return k.list[found-1].caller, true
}
