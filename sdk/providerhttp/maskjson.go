package providerhttp

import (
	"encoding/json"
	"strings"
)

const (
	// maxNested bounds how deep JSON inside a JSON string is looked into.
	maxNested = 3
	// maxKey bounds how far a key is looked for in text that is no JSON.
	maxKey = 80
)

// json masks the values of secret keys in s, which may be JSON, half of it, or
// JSON inside something else. All that holds no secret stays byte for byte.
func (m masker) json(s string, depth int, found func(string)) string {
	shown := m.tokens(s, depth, found)
	if !json.Valid([]byte(s)) {
		shown = m.loose(shown, found)
	}
	return shown
}

// tokens reads s as JSON tokens, without their grammar: it works up to the end
// of half an answer.
func (m masker) tokens(s string, depth int, found func(string)) string {
	var out strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '"' {
			i = copyToQuote(&out, s, i)
			continue
		}

		end := stringEnd(s, i)
		text := unquote(s[i:end])
		if value := valueStart(s, end); value >= 0 && m.names.fields.has(text) {
			out.WriteString(s[i:value])
			i = valueEnd(s, value)
			out.WriteString(secretValue(s[value:i], found))
			continue
		}

		if shown := m.value(text, depth, found); shown != text {
			out.WriteString(quoteJSON(shown))
		} else {
			out.WriteString(s[i:end])
		}

		i = end
	}

	return out.String()
}

// loose looks for a secret key behind every quote: a stray one before it has
// turned strings inside out.
func (m masker) loose(s string, found func(string)) string {
	var out strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '"' {
			i = copyToQuote(&out, s, i)
			continue
		}

		end := i + stringEnd(s[i:min(len(s), i+maxKey)], 0)
		value := valueStart(s, end)
		if value < 0 || !m.names.fields.has(unquote(s[i:end])) {
			out.WriteByte('"')
			i++
			continue
		}

		out.WriteString(s[i:value])
		i = valueEnd(s, value)
		out.WriteString(secretValue(s[value:i], found))
	}

	return out.String()
}

// copyToQuote writes what stands before the next quote and gives the place of
// that quote.
func copyToQuote(out *strings.Builder, s string, i int) int {
	next := strings.IndexByte(s[i:], '"')
	if next < 0 {
		next = len(s) - i
	}
	out.WriteString(s[i : i+next])
	return i + next
}

// value masks the plain text of one string, which may be JSON itself.
func (m masker) value(text string, depth int, found func(string)) string {
	if depth < maxNested && len(text) > 1 && (text[0] == '{' || text[0] == '[') {
		text = m.json(text, depth+1, found)
	}
	return m.text(text)
}

// secretValue stands for the value of a secret key. That there is none may be
// shown.
func secretValue(literal string, found func(string)) string {
	if literal == `""` || literal == "null" || literal == "" || literal == `"`+masked+`"` {
		return literal
	}
	if found != nil {
		found(unquote(literal))
	}
	return `"` + masked + `"`
}

// stringEnd is the index after the string that begins at i, or the end of s.
func stringEnd(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

// unquote returns the text of a string literal, also of half a one.
func unquote(literal string) string {
	var text string
	for _, end := range []string{"", `"`} {
		if json.Unmarshal([]byte(literal+end), &text) == nil {
			return text
		}
	}

	if at := strings.LastIndexByte(literal, '\\'); at > 0 { // cut within an escape
		if json.Unmarshal([]byte(literal[:at]+`"`), &text) == nil {
			return text
		}
	}

	return strings.TrimSuffix(strings.TrimPrefix(literal, `"`), `"`)
}

// valueStart is where the value of the key that ends at i begins, -1 when that
// string is no key.
func valueStart(s string, i int) int {
	i = skipSpace(s, i)
	if i >= len(s) || s[i] != ':' {
		return -1
	}
	return skipSpace(s, i+1)
}

func skipSpace(s string, i int) int {
	for i < len(s) && strings.IndexByte(" \t\r\n", s[i]) >= 0 {
		i++
	}
	return i
}

// valueEnd is the index after the value that begins at i: of an object or array
// with all that is in it.
func valueEnd(s string, i int) int {
	for open := 0; i < len(s); {
		switch s[i] {
		case '"':
			i = stringEnd(s, i)
			if open == 0 {
				return i
			}
			continue
		case '{', '[':
			open++

		case '}', ']':
			open--
			if open < 0 {
				return i
			}
		case ',', ' ', '\t', '\r', '\n':
			if open == 0 {
				return i
			}
		}

		i++
	}

	return len(s)
}
