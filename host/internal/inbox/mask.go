package inbox

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"

	"github.com/payhost/payhost/host/config"
)

// minSecret is the shortest value that is masked: shorter ones occur in ordinary words and hide nothing.
const minSecret = 4

const masked = "[secret]"

// secretValues returns what must not be seen of an account: the values that its
// configuration takes from elsewhere, and those that its plugin's schema calls
// secret.
func secretValues(account config.Provider, configSchema json.RawMessage) []string {
	var values []string
	for _, secret := range account.Secrets {
		values = append(values, secret.Reveal())
	}

	var schema, value any
	if json.Unmarshal(configSchema, &schema) != nil || json.Unmarshal(account.Config, &value) != nil {
		return values // no plugin has run yet, and nothing says more
	}
	return append(values, writeOnly(schema, value)...)
}

// writeOnly walks a value along its schema.
func writeOnly(schema, value any) []string {
	s, _ := schema.(map[string]any)
	if s["writeOnly"] == true {
		return stringsIn(value)
	}
	var out []string
	switch v := value.(type) {
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		for key, inner := range v {
			under, ok := properties[key]
			if !ok {
				under = s["additionalProperties"]
			}
			out = append(out, writeOnly(under, inner)...)
		}
	case []any:
		for _, inner := range v {
			out = append(out, writeOnly(s["items"], inner)...)
		}
	}
	return out
}

func stringsIn(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, inner := range v {
			out = append(out, stringsIn(inner)...)
		}
		return out
	case map[string]any:
		var out []string
		for _, inner := range v {
			out = append(out, stringsIn(inner)...)
		}
		return out
	}
	return nil
}

// newMask replaces values as they are and as they look in a query, in JSON and in a page. The longest come first: one
// may be the beginning of another.
func newMask(values []string) *strings.Replacer {
	var forms []string
	for _, v := range values {
		if len(v) < minSecret {
			continue
		}
		quoted, _ := json.Marshal(v) // a string always marshals
		inside := string(quoted[1 : len(quoted)-1])
		forms = append(forms, v, url.QueryEscape(v), url.PathEscape(v), inside, strings.ReplaceAll(inside, "/", `\/`), html.EscapeString(v))
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	var pairs []string
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, masked)
	}
	return strings.NewReplacer(pairs...)
}

// maskHeader also looks inside of credentials: "Basic" hides a secret in base64, but not well.
func maskHeader(mask *strings.Replacer, value string) string {
	scheme, encoded, ok := strings.Cut(value, " ")
	if ok && strings.EqualFold(scheme, "Basic") {
		if plain, err := base64.StdEncoding.DecodeString(encoded); err == nil && mask.Replace(string(plain)) != string(plain) {
			return scheme + " " + masked
		}
	}
	return mask.Replace(value)
}
