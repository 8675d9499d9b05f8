package serve

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// minSecret is the shortest text that is masked: masking "1" wherever it stands would make every message unreadable,
// and protect nothing.
const minSecret = 4

// secretMask stands where a secret was, as sdk.Secret shows itself.
const secretMask = "[secret]"

// masker replaces the secrets of all the process's accounts, also of those that are gone: a late log line can still
// hold an old one. Masking is by exact value and by the forms in which values appear in URLs and in JSON.
type masker struct {
	mu       sync.Mutex // guards forms
	forms    map[string]bool
	replacer atomic.Pointer[strings.Replacer]
}

// add makes the values masked from now on.
func (m *masker) add(values []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.forms == nil {
		m.forms = map[string]bool{}
	}
	before := len(m.forms)
	for _, v := range values {
		for _, form := range secretForms(v) {
			if len(form) >= minSecret {
				m.forms[form] = true
			}
		}
	}
	if len(m.forms) == before {
		return
	}
	// The longest first: of two secrets of which one begins the other, nothing may stay.
	var forms []string
	for form := range m.forms {
		forms = append(forms, form)
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, form := range forms {
		pairs = append(pairs, form, secretMask)
	}
	m.replacer.Store(strings.NewReplacer(pairs...))
}

// mask gives text with the secrets replaced.
func (m *masker) mask(text string) string {
	if r := m.replacer.Load(); r != nil {
		return r.Replace(text)
	}
	return text
}

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
