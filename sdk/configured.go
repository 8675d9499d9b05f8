package sdk

import (
	"encoding/json"
	"net/url"
	"strings"
)

// ConfigSecrets returns the values of a configuration that must not be seen.
func ConfigSecrets(cfg any) []string { return configSecrets(cfg) }

// ConfigIdentity returns the fingerprint of the values that are tagged identity.
func ConfigIdentity(cfg any) string { return configIdentity(cfg) }

// secretForms gives the ways in which a value may be written.
func secretForms(value string) []string {
	forms := []string{value, url.QueryEscape(value), url.PathEscape(value)}
	if text, err := json.Marshal(value); err == nil {
		forms = append(forms, strings.Trim(string(text), `"`))
	}
	var plain strings.Builder
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	if e.Encode(value) == nil {
		forms = append(forms, strings.Trim(plain.String(), "\"\n"))
	}
	return forms
}
