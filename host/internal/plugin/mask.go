package plugin

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/payhost/payhost/sdk"
)

// minSecret is the shortest value that is masked: shorter ones occur in
// ordinary words and hide nothing.
const minSecret = 4

// longLine is the shortest line of a secret of several lines that is masked by
// itself.
const longLine = 16

// Mask replaces secrets in text that a plugin prints. Secrets are only ever
// added: what a plugin prints may still hold one that was replaced. It may be
// used by several goroutines; nil masks nothing.
type Mask struct {
	mu       sync.Mutex
	forms    map[string]struct{}
	replacer atomic.Pointer[strings.Replacer]
}

// Add makes the mask know the secrets, as they are and as they look in a URL or
// in JSON.
func (m *Mask) Add(secrets ...sdk.Secret) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.forms == nil {
		m.forms = map[string]struct{}{}
	}

	before := len(m.forms)
	for _, secret := range secrets {
		for _, form := range secretForms(secret.Reveal()) {
			if len(form) >= minSecret {
				m.forms[form] = struct{}{}
			}
		}
	}

	if len(m.forms) == before {
		return
	}

	// The longest first: a secret may be the beginning of another.
	longest := slices.SortedFunc(maps.Keys(m.forms), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	pairs := make([]string, 0, 2*len(longest))
	for _, form := range longest {
		pairs = append(pairs, form, "[secret]")
	}

	m.replacer.Store(strings.NewReplacer(pairs...))
}

// Text returns text without the secrets.
func (m *Mask) Text(text string) string {
	if m == nil {
		return text
	}
	if replacer := m.replacer.Load(); replacer != nil {
		return replacer.Replace(text)
	}
	return text
}

// jsonText is a string in JSON, with its quotes.
var jsonText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// JSON returns JSON without the secrets in its texts, which may hold JSON
// themselves: there a secret is escaped twice, and Text would not know it. A
// text without a secret stays as it is written.
func (m *Mask) JSON(text json.RawMessage) json.RawMessage {
	return jsonText.ReplaceAllFunc(text, func(literal []byte) []byte {
		var plain string
		if json.Unmarshal(literal, &plain) != nil {
			return literal
		}

		shown := m.Text(plain)
		if shown == plain {
			return literal
		}
		quoted, _ := json.Marshal(shown) // a text always encodes

		return quoted
	})
}

// secretForms returns the ways in which a value may be written. Logs are made
// of lines, so each long line of a value with several, such as a key in PEM,
// counts as well.
func secretForms(value string) []string {
	forms := []string{value, url.QueryEscape(value), url.PathEscape(value)}
	for _, escapeHTML := range []bool{true, false} {
		quoted := inJSON(value, escapeHTML)
		forms = append(forms, quoted)
		forms = append(forms, strings.ReplaceAll(quoted, "/", `\/`)) // PHP escapes slashes, too
	}

	lines := strings.Split(value, "\n")
	if len(lines) == 1 {
		return forms
	}

	for _, line := range lines {
		line = strings.TrimSpace(line)
		if len(line) >= longLine && !strings.HasPrefix(line, "-----") {
			forms = append(forms, line)
		}
	}

	return forms
}

// inJSON returns a text as it is written in JSON, without the quotes.
func inJSON(text string, escapeHTML bool) string {
	var written strings.Builder
	encoder := json.NewEncoder(&written)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(text) // a text always encodes
	quoted := strings.TrimSuffix(written.String(), "\n")
	return quoted[1 : len(quoted)-1]
}
