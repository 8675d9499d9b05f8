package providerhttp

import (
	"encoding/json"
	"strings"
)

const (
	// maxNested bounds how deep JSON inside a JSON string is looked into.
	maxNested = 3
	// maxKey bounds how far a key is looked for in text that is not JSON.
	maxKey = 80
)

// json masks the values of secret keys in text, which may be JSON, half of it,
// or JSON inside something else. All that holds no secret stays byte for byte.
func (m masker) json(text string, depth int, found func(string)) string {
	shown := m.tokens(text, depth, found)
	if !json.Valid([]byte(text)) {
		shown = m.loose(shown, found)
	}
	return shown
}

// tokens reads text as JSON tokens, without their grammar: it works up to the
// end of half an answer.
func (m masker) tokens(text string, depth int, found func(string)) string {
	var out strings.Builder
	for at := 0; at < len(text); {
		if text[at] != '"' {
			at = copyToQuote(&out, text, at)
			continue
		}

		// A secret key: its value goes, whatever it is.
		end := stringEnd(text, at)
		plain := unquote(text[at:end])
		value := valueStart(text, end)
		if value >= 0 && m.names.fields.has(plain) {
			out.WriteString(text[at:value])
			at = valueEnd(text, value)
			out.WriteString(secretValue(text[value:at], found))
			continue
		}

		// Any other string is written again only when something in it is
		// masked.
		if shown := m.value(plain, depth, found); shown != plain {
			out.WriteString(quoteJSON(shown))
		} else {
			out.WriteString(text[at:end])
		}

		at = end
	}

	return out.String()
}

// loose looks for a secret key behind every quote: a stray one before it has
// turned strings inside out.
func (m masker) loose(text string, found func(string)) string {
	var out strings.Builder
	for at := 0; at < len(text); {
		if text[at] != '"' {
			at = copyToQuote(&out, text, at)
			continue
		}

		// A key is looked for within maxKey bytes: text full of escaped quotes
		// would else be read from each of them to its end.
		end := at + stringEnd(text[at:min(len(text), at+maxKey)], 0)
		value := valueStart(text, end)
		if value < 0 || !m.names.fields.has(unquote(text[at:end])) {
			out.WriteByte('"')
			at++
			continue
		}

		out.WriteString(text[at:value])
		at = valueEnd(text, value)
		out.WriteString(secretValue(text[value:at], found))
	}

	return out.String()
}

// copyToQuote writes the text before the next quote and returns the place of
// that quote.
func copyToQuote(out *strings.Builder, text string, at int) int {
	next := strings.IndexByte(text[at:], '"')
	if next < 0 {
		next = len(text) - at
	}
	out.WriteString(text[at : at+next])
	return at + next
}

// value masks the plain text of one string, which may be JSON itself.
func (m masker) value(text string, depth int, found func(string)) string {
	if depth < maxNested && len(text) > 1 && (text[0] == '{' || text[0] == '[') {
		text = m.json(text, depth+1, found)
	}
	return m.text(text)
}

// secretValue returns what is shown of the value of a secret key. An empty
// value may be shown.
func secretValue(literal string, found func(string)) string {
	if literal == `""` || literal == "null" || literal == "" || literal == `"`+masked+`"` {
		return literal
	}
	if found != nil {
		found(unquote(literal))
	}
	return `"` + masked + `"`
}

// stringEnd returns the index after the string that begins at a place, or the
// end of text.
func stringEnd(text string, at int) int {
	for at++; at < len(text); at++ {
		switch text[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(text)
}

// unquote returns the text of a string literal, also of half a one.
func unquote(literal string) string {
	var text string
	for _, end := range []string{"", `"`} {
		if json.Unmarshal([]byte(literal+end), &text) == nil {
			return text
		}
	}

	// The literal may end within an escape.
	if at := strings.LastIndexByte(literal, '\\'); at > 0 {
		if json.Unmarshal([]byte(literal[:at]+`"`), &text) == nil {
			return text
		}
	}

	return strings.TrimSuffix(strings.TrimPrefix(literal, `"`), `"`)
}

// valueStart returns where the value of the key that ends at a place begins, -1
// when that string is not a key.
func valueStart(text string, at int) int {
	at = skipSpace(text, at)
	if at >= len(text) || text[at] != ':' {
		return -1
	}
	return skipSpace(text, at+1)
}

func skipSpace(text string, at int) int {
	for at < len(text) && strings.IndexByte(" \t\r\n", text[at]) >= 0 {
		at++
	}
	return at
}

// valueEnd returns the index after the value that begins at a place: of an
// object or array with all that is in it.
func valueEnd(text string, at int) int {
	for open := 0; at < len(text); {
		switch text[at] {
		case '"':
			at = stringEnd(text, at)
			if open == 0 {
				return at
			}
			continue
		case '{', '[':
			open++
		case '}', ']': // one too many ends the object that the value stands in
			open--
			if open < 0 {
				return at
			}
		case ',', ' ', '\t', '\r', '\n':
			if open == 0 {
				return at
			}
		}

		at++
	}

	return len(text)
}
