package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// minEncoded is the shortest spelling in hexadecimal or base64 that is
	// masked: shorter ones look like ordinary words.
	minEncoded = 8
	// minLine is the shortest line of a secret of several lines that is masked
	// by itself: logs are made of lines, and a key in PEM has many.
	minLine = 16
)

// spellings returns the ways in which a secret may be written, some of them
// several times.
func spellings(secret string) []string {
	found := escapes(secret)

	// Short ones look like ordinary words.
	for _, encoded := range encodings(secret) {
		if len(encoded) >= minEncoded {
			found = append(found, encodedEscapes(encoded)...)
		}
	}

	// The lines of a key in PEM, but for its first and last.
	if !strings.Contains(secret, "\n") {
		return found
	}

	for line := range strings.SplitSeq(secret, "\n") {
		line = strings.TrimSpace(line)
		if len(line) >= minLine && !strings.HasPrefix(line, "-----") {
			found = append(found, escapes(line)...)
		}
	}

	return found
}

// encodedEscapes returns hexadecimal or base64 text and its escapes: of its
// characters only / and + are ever escaped.
func encodedEscapes(encoded string) []string {
	if !strings.ContainsAny(encoded, "+/") {
		return []string{encoded}
	}
	form := url.QueryEscape(encoded)
	slashes := strings.ReplaceAll(encoded, "/", "%2F") // a "+" stays in a path

	return []string{
		encoded,
		form,
		lowerEscapes(form),
		slashes,
		lowerEscapes(slashes),
		strings.ReplaceAll(encoded, "/", `\/`),
	}
}

// encodings returns the secret in hexadecimal, and in base64 as it looks within
// a longer text: what is encoded before it shifts it by no, one or two bytes.
func encodings(secret string) []string {
	lower := hex.EncodeToString([]byte(secret))
	found := []string{lower, strings.ToUpper(lower)}

	for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			text := alphabet.EncodeToString([]byte("\x00\x00"[:before] + secret))

			// The neighbours have a part in the characters at the ends.
			first := (8*before + 5) / 6
			last := 8 * (before + len(secret)) / 6
			if first < last {
				found = append(found, text[first:last])
			}
		}
	}

	return found
}

// escapes returns the text and what the escaping of URLs, JSON, HTML and Go
// makes of it, and JSON within JSON, within URLs and within HTML.
func escapes(text string) []string {
	if isPlain(text) {
		return []string{text}
	}

	// By one writer.
	found := append([]string{text}, urlEscapes(text)...)
	found = append(found, htmlEscapes(text)...)
	found = append(found, jsonEscapes(text)...)

	for _, quote := range []func(string) string{strconv.Quote, strconv.QuoteToASCII} {
		quoted := quote(text)
		found = append(found, quoted[1:len(quoted)-1])
	}

	// By two: a body that is JSON, in a log, a form or a page.
	for _, escapeHTML := range []bool{true, false} {
		if quoted := jsonText(text, escapeHTML); quoted != text {
			found = append(found, jsonEscapes(quoted)...)
			found = append(found, urlEscapes(quoted)...)
			found = append(found, htmlEscapes(quoted)...)
		}
	}

	return found
}

// isPlain reports whether no escaping changes the text.
func isPlain(text string) bool {
	for i := range len(text) {
		char := text[i]
		isLetter := ('a' <= char && char <= 'z') || ('A' <= char && char <= 'Z')
		isDigit := '0' <= char && char <= '9'
		if !isLetter && !isDigit && char != '-' && char != '_' && char != '.' {
			return false
		}
	}
	return true
}

// javaScriptKeeps are the escapes that encodeURIComponent does not make.
var javaScriptKeeps = strings.NewReplacer(
	"%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")

// urlEscapes are those of Go, PHP and JavaScript, with letters of either case
// in their hexadecimal digits.
func urlEscapes(text string) []string {
	form := url.QueryEscape(text)
	component := strings.ReplaceAll(form, "+", "%20")
	found := []string{
		form,
		strings.ReplaceAll(form, "~", "%7E"), // PHP's urlencode
		component,
		javaScriptKeeps.Replace(component),
		url.PathEscape(text),
		(&url.URL{Path: text}).EscapedPath(),
	}
	for _, escaped := range found {
		found = append(found, lowerEscapes(escaped))
	}

	return found
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(escaped string) string {
	lower := []byte(escaped)
	for i := 0; i+2 < len(lower); i++ {
		if lower[i] == '%' {
			copy(lower[i:], strings.ToLower(escaped[i:i+3]))
			i += 2
		}
	}
	return string(lower)
}

// Other ways to escape quotes in HTML than Go's: by name, as PHP does, and as
// PHP does without ENT_QUOTES.
var (
	namedQuotes  = strings.NewReplacer("&#34;", "&quot;", "&#39;", "&apos;")
	phpQuotes    = strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#039;")
	doubleQuotes = strings.NewReplacer("&#34;", "&quot;", "&#39;", "'")
)

func htmlEscapes(text string) []string {
	escaped := html.EscapeString(text)
	if escaped == text {
		return nil
	}

	return []string{
		escaped,
		namedQuotes.Replace(escaped),
		phpQuotes.Replace(escaped),
		doubleQuotes.Replace(escaped),
	}
}

// jsonEscapes returns the content of the JSON strings that different writers
// make of the text.
func jsonEscapes(text string) []string {
	var found []string
	for _, quoted := range []string{jsonText(text, true), jsonText(text, false)} {
		ascii := asciiJSON(quoted)
		for _, escaped := range []string{quoted, ascii, upperEscapes(ascii)} {
			found = append(found, escaped, strings.ReplaceAll(escaped, "/", `\/`))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// upperEscapes writes \u00e9 as \u00E9, as Java does.
func upperEscapes(quoted string) string {
	upper := []byte(quoted)
	for i := 0; i+5 < len(upper); i++ {
		if upper[i] != '\\' {
			continue
		}
		if upper[i+1] == 'u' {
			copy(upper[i+2:], strings.ToUpper(quoted[i+2:i+6]))
		}

		i++ // the escaped character may be a backslash
	}

	return string(upper)
}

func jsonText(text string, escapeHTML bool) string {
	var quoted strings.Builder
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(text) // a string always encodes
	return strings.TrimSuffix(quoted.String(), "\"\n")[1:]
}

// asciiJSON escapes what is not ASCII, as PHP and Python do.
func asciiJSON(quoted string) string {
	var escaped strings.Builder
	for _, char := range quoted {
		if char < utf8.RuneSelf {
			escaped.WriteRune(char)
			continue
		}

		for _, unit := range utf16.AppendRune(nil, char) {
			fmt.Fprintf(&escaped, `\u%04x`, unit)
		}
	}

	return escaped.String()
}
