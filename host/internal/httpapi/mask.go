package httpapi

import (
	"encoding/base64"
	"strings"

	"github.com/payhost/payhost/internal/redact"
)

// maskOf returns the mask of an account: it knows the values that its
// configuration takes from elsewhere, and those that its plugin's schema calls
// secret. Before a plugin has run there is no schema: what came from elsewhere
// is masked all the same.
func (a *API) maskOf(name string) *redact.Set {
	mask := &redact.Set{}
	for _, p := range a.Config().Providers {
		if p.Name != name {
			continue
		}
		status, _ := a.Providers.Status(p.Name)
		mask.Add(redact.Reveal(p.Secrets)...)
		mask.Add(redact.In(status.ConfigSchema, p.Config)...)
	}
	return mask
}

// maskHeader also looks inside of credentials: "Basic" hides a secret in base64, but not well.
func maskHeader(mask *redact.Set, value string) string {
	scheme, encoded, ok := strings.Cut(value, " ")
	if ok && strings.EqualFold(scheme, "Basic") {
		if plain, err := base64.StdEncoding.DecodeString(encoded); err == nil && mask.Text(string(plain)) != string(plain) {
			return scheme + " " + redact.Mark
		}
	}
	return mask.Text(value)
}
