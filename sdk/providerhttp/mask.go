package providerhttp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/payhost/payhost/internal/redact"
)

const (
	masked      = redact.Mark
	maxRecorded = 4 << 10
	// Of a longer body only this much is looked at, so that a hostile one costs no more than that, and of what comes
	// out the last maxSecret bytes are dropped: a secret could stand there in half.
	maxMasked = 64 << 10
	maxSecret = 16 << 10
	maxKind   = 100 // of a content type that is shown
	// A shorter value that a request carries as a secret is masked where it stands, but not looked for elsewhere: it
	// would take half of every text with it.
	minSearched = 5
)

type nameSet map[string]bool

func newNameSet(names ...string) nameSet {
	set := make(nameSet, len(names))
	for _, n := range names {
		set[strings.ToLower(n)] = true
	}
	return set
}

func (s nameSet) has(name string) bool { return s[strings.ToLower(name)] }

type secretNames struct{ query, header, fields nameSet }

func newSecretNames(o Options) secretNames {
	header := append([]string{"Authorization", "Proxy-Authorization", "Cookie"}, o.SecretHeader...)
	return secretNames{query: newNameSet(o.SecretQuery...), header: newNameSet(header...), fields: newNameSet(o.SecretFields...)}
}

// masker takes secrets out of all that an exchange leaves behind: configured ones wherever they stand, named ones at
// their place, and the values that this request carried as secrets wherever the provider repeats them. The zero
// masker changes nothing.
type masker struct {
	configured func(string) string
	names      secretNames
	carried    *redact.Set
}

func newMasker(configured func(string) string, names secretNames, req *http.Request, body Body) masker {
	m := masker{configured: configured, names: names}
	var values []string
	found := func(v string) { values = append(values, v) }
	m.form(req.URL.RawQuery, names.query, found)
	for name, list := range req.Header {
		if !names.header.has(name) {
			continue
		}
		for _, v := range list {
			found(v)
			if _, credentials, ok := strings.Cut(v, " "); ok { // "Bearer abc"
				found(credentials)
			}
		}
	}
	for _, p := range body.parts {
		if names.fields.has(p.Name) && !p.isFile() {
			found(string(p.Value))
		}
	}
	if len(body.parts) == 0 && isText(body.data) {
		m.content(body.contentType, string(body.data), found)
	}
	m.carried = searchFor(values)
	return m
}

// searchFor returns a mask that finds each value in the spellings in which a
// provider may repeat it; nil when there is none.
func searchFor(values []string) *redact.Set {
	if len(values) == 0 {
		return nil
	}
	carried := redact.NewSet(minSearched)
	carried.Add(values...)
	return carried
}

// text masks secrets in any text.
func (m masker) text(s string) string {
	if m.configured != nil {
		s = m.configured(s)
	}
	return m.carried.Text(s)
}

// url gives the address without secrets.
func (m masker) url(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	if path := m.text(u.Path); path != u.Path {
		shown.Path, shown.RawPath = path, ""
	}
	s := strings.ReplaceAll(shown.String(), "%5Bsecret%5D", masked)
	if u.RawQuery != "" {
		s += "?" + m.form(u.RawQuery, m.names.query, nil)
	}
	return m.text(s)
}

// requestBody is what is recorded of a request's body.
func (m masker) requestBody(b Body) string {
	if len(b.parts) > 0 {
		text := b.outline(m)
		return cut(text, len(text))
	}
	return m.body(b.contentType, b.data)
}

// body gives the beginning of a body without secrets; one that is no text is only described.
func (m masker) body(contentType string, data []byte) string {
	if len(data) == 0 {
		return ""
	}
	if !isText(data) {
		kind := m.text(cmp.Or(contentType, "no text"))
		kind = strings.ToValidUTF8(kind[:min(len(kind), maxKind)], "?")
		return fmt.Sprintf("[%s, %d bytes]", kind, len(data))
	}
	looked := data[:min(len(data), maxMasked)]
	// First as it stands, then what JSON or a form spells otherwise: reading prose as JSON changes its quotes.
	text := m.text(strings.ToValidUTF8(string(looked), "\uFFFD"))
	text = m.text(m.content(contentType, text, nil))
	if len(looked) < len(data) {
		text = text[:max(0, len(text)-maxSecret)]
	}
	return cut(text, len(data))
}

// content masks what stands under secret names, and gives those values to found.
func (m masker) content(contentType, s string, found func(string)) string {
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") || looksLikeForm(s) {
		return m.form(s, m.names.fields, found)
	}
	return m.json(s, 0, found)
}

// looksLikeForm: providers send forms as text/html, too.
func looksLikeForm(s string) bool {
	return strings.Contains(s, "=") && !strings.ContainsAny(s, "\"<> \r\n\t")
}

// form masks a query or form. Pairs that hold no secret stay as they were written.
func (m masker) form(s string, names nameSet, found func(string)) string {
	pairs := strings.Split(s, "&")
	for i, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		plain := unescape(value)
		switch {
		case value == "":
		case names.has(unescape(key)):
			pairs[i] = key + "=" + masked
			if found != nil {
				found(plain)
			}
		default:
			if shown := m.value(plain, 0, found); shown != plain {
				pairs[i] = key + "=" + strings.ReplaceAll(url.QueryEscape(shown), "%5Bsecret%5D", masked)
			}
		}
	}
	return strings.Join(pairs, "&")
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

func quoteJSON(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

// isText: no control characters but white space. Bytes that are not UTF-8 may be text of another charset.
func isText(data []byte) bool {
	for _, c := range data {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}

// cut keeps a record small and says so. It comes after masking: half a secret would not be recognised. whole is the
// size of what the text is the beginning of.
func cut(s string, whole int) string {
	end := len(s)
	if end > maxRecorded {
		end = maxRecorded
	} else if whole <= maxMasked {
		return s
	}
	for end > 0 && end < len(s) && !utf8.RuneStart(s[end]) {
		end--
	}
	return fmt.Sprintf("%s… [cut, %d bytes]", strings.ToValidUTF8(s[:end], ""), whole)
}
