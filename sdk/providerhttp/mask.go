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
	masked = redact.Mark

	// maxRecorded is how much of a body is recorded, in bytes.
	maxRecorded = 4 << 10
	// maxMasked is how much of a longer body is looked at, so that a hostile
	// one costs no more than that. The last maxSecret bytes of the result are
	// dropped: a secret could stand there in half.
	maxMasked = 64 << 10
	maxSecret = 16 << 10
	// maxKind is how much of a content type is shown.
	maxKind = 100
	// minSearched is the shortest value that is searched for when a request
	// carries it as a secret. A shorter one is masked where it stands and
	// nowhere else: it would take half of every text with it.
	minSearched = 5
)

// nameSet holds names without regard to case.
type nameSet map[string]bool

func newNameSet(names ...string) nameSet {
	set := make(nameSet, len(names))
	for _, name := range names {
		set[strings.ToLower(name)] = true
	}
	return set
}

func (s nameSet) has(name string) bool { return s[strings.ToLower(name)] }

// secretNames are the names under which secrets stand.
type secretNames struct{ query, header, fields nameSet }

func newSecretNames(opts Options) secretNames {
	always := []string{"Authorization", "Proxy-Authorization", "Cookie"}
	return secretNames{
		query:  newNameSet(opts.SecretQuery...),
		header: newNameSet(append(always, opts.SecretHeader...)...),
		fields: newNameSet(opts.SecretFields...),
	}
}

// masker masks the secrets in all that an exchange leaves behind: configured
// ones wherever they stand, named ones at their place, and the values that this
// request carried as secrets wherever the provider repeats them. The zero
// masker changes nothing.
type masker struct {
	configured func(string) string
	names      secretNames
	carried    *redact.Set
}

// newMasker collects the secrets that a request carries in its query, its
// headers and its body.
func newMasker(
	configured func(string) string, names secretNames, req *http.Request, body Body,
) masker {
	mask := masker{configured: configured, names: names}
	var values []string
	found := func(value string) { values = append(values, value) }

	mask.form(req.URL.RawQuery, names.query, found)
	for name, list := range req.Header {
		if !names.header.has(name) {
			continue
		}

		for _, value := range list {
			found(value)
			if _, credentials, ok := strings.Cut(value, " "); ok { // "Bearer abc"
				found(credentials)
			}
		}
	}

	for _, part := range body.parts {
		if names.fields.has(part.Name) && !part.isFile() {
			found(string(part.Value))
		}
	}

	if len(body.parts) == 0 && isText(body.data) {
		mask.content(body.contentType, string(body.data), found)
	}

	mask.carried = searchFor(values)
	return mask
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
func (m masker) text(text string) string {
	if m.configured != nil {
		text = m.configured(text)
	}
	return m.carried.Text(text)
}

// escapedMark is what net/url makes of the mark of a secret.
const escapedMark = "%5Bsecret%5D"

// url returns the address without secrets.
func (m masker) url(address *url.URL) string {
	shown := url.URL{
		Scheme:  address.Scheme,
		Host:    address.Host,
		Path:    address.Path,
		RawPath: address.RawPath,
	}
	// RawPath would still show the secret, in its escaped form.
	if path := m.text(address.Path); path != address.Path {
		shown.Path = path
		shown.RawPath = ""
	}

	text := strings.ReplaceAll(shown.String(), escapedMark, masked)
	if address.RawQuery != "" {
		text += "?" + m.form(address.RawQuery, m.names.query, nil)
	}

	return m.text(text)
}

// requestBody returns what is recorded of a request's body.
func (m masker) requestBody(body Body) string {
	if len(body.parts) > 0 {
		text := body.outline(m)
		return cut(text, len(text))
	}
	return m.body(body.contentType, body.data)
}

// body returns the beginning of a body without secrets; one that is not text is
// only described.
func (m masker) body(contentType string, data []byte) string {
	if len(data) == 0 {
		return ""
	}
	if !isText(data) {
		kind := m.text(cmp.Or(contentType, "no text"))
		kind = strings.ToValidUTF8(kind[:min(len(kind), maxKind)], "?")
		return fmt.Sprintf("[%s, %d bytes]", kind, len(data))
	}

	// First as it stands, then what JSON or a form spells otherwise: reading
	// prose as JSON changes its quotes.
	beginning := data[:min(len(data), maxMasked)]
	text := m.text(strings.ToValidUTF8(string(beginning), "\uFFFD"))
	text = m.text(m.content(contentType, text, nil))
	if len(beginning) < len(data) {
		text = text[:max(0, len(text)-maxSecret)]
	}

	return cut(text, len(data))
}

// content masks the values under secret names, and passes them to found.
func (m masker) content(contentType, text string, found func(string)) string {
	isForm := strings.HasPrefix(contentType, "application/x-www-form-urlencoded")
	if isForm || looksLikeForm(text) {
		return m.form(text, m.names.fields, found)
	}
	return m.json(text, 0, found)
}

// looksLikeForm reports whether text is a form by its characters: providers
// send forms as text/html, too.
func looksLikeForm(text string) bool {
	return strings.Contains(text, "=") && !strings.ContainsAny(text, "\"<> \r\n\t")
}

// form masks a query or form. Pairs that hold no secret stay as they were
// written.
func (m masker) form(text string, names nameSet, found func(string)) string {
	pairs := strings.Split(text, "&")
	for i, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		if value == "" {
			continue
		}

		// A secret name: the value goes, and is searched for elsewhere.
		plain := unescape(value)
		if names.has(unescape(key)) {
			pairs[i] = key + "=" + masked
			if found != nil {
				found(plain)
			}
			continue
		}

		if shown := m.value(plain, 0, found); shown != plain {
			escaped := strings.ReplaceAll(url.QueryEscape(shown), escapedMark, masked)
			pairs[i] = key + "=" + escaped
		}
	}

	return strings.Join(pairs, "&")
}

// unescape returns the text as it stands where it does not decode.
func unescape(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// quoteJSON writes a text as a JSON string, with < > & as they are.
func quoteJSON(text string) string {
	var quoted strings.Builder
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string always encodes
	return strings.TrimSuffix(quoted.String(), "\n")
}

// isText reports whether data has no control characters but white space. Bytes
// that are not UTF-8 may be text of another charset.
func isText(data []byte) bool {
	for _, char := range data {
		if char < ' ' && char != '\n' && char != '\r' && char != '\t' {
			return false
		}
	}
	return true
}

// cut keeps a record small and says so. It comes after masking: half a secret
// would not be recognized. whole is the size of the body that text is the
// beginning of.
func cut(text string, whole int) string {
	if len(text) <= maxRecorded && whole <= maxMasked {
		return text
	}

	end := min(len(text), maxRecorded)
	for end > 0 && end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%s… [cut, %d bytes]", strings.ToValidUTF8(text[:end], ""), whole)
}
