package config

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value skips one value, and notes the lines of its inner keys and elements.
func (s *scanner) value(path string, depth int) *fault {
	if depth > maxDepth {
		return tooDeep(s.line)
	}

	switch c := s.peek(); c {
	case '"', '\'':
		if strings.HasPrefix(s.src[s.pos:], strings.Repeat(string(c), 3)) {
			return s.longString(c)
		}
		return s.shortString(c)
	case '[':
		return s.list(path, depth)
	case '{':
		return s.inlineTable(path, depth)
	}

	return s.literal(path)
}

// literalForm matches the possible forms of a number, a boolean or a date. The
// parser decides whether a match is one.
var literalForm = regexp.MustCompile(`^(true|false|[+-]?(inf|nan)|0[xob][0-9A-Fa-f_]+` +
	`|[+-]?[0-9][0-9_.:eETtZz+-]*( [0-9][0-9:.Zz+-]*)?)$`)

// literal skips a number, a boolean or a date, which may hold a space, and
// keeps its text.
func (s *scanner) literal(path string) *fault {
	rest := s.src[s.pos:]
	if i := strings.IndexAny(rest, ",]}#\r\n\"'=[{"); i >= 0 {
		rest = rest[:i]
	}
	text := strings.TrimRight(rest, " \t")

	switch {
	case text == "":
		return broken(s.line, "a value is missing; text goes in quotes")
	case !literalForm.MatchString(text):
		return broken(s.line, "a value is expected here; text goes in quotes")
	}

	s.out.literals[path] = text
	s.pos += len(text)
	return nil
}

// list skips [ … ], which may run over several lines.
func (s *scanner) list(path string, depth int) *fault {
	from := s.line
	s.pos++

	for i := 0; ; i++ {
		s.blank(true)
		if s.eat(']') {
			return nil
		}
		if s.pos == len(s.src) {
			return unclosed(from, "a list that begins here has no closing bracket ]")
		}

		// An element has its own line, and so do the keys inside it.
		at := element(path, i)
		s.out.lines.write(at, s.line)
		if f := s.value(at, depth+1); f != nil {
			return s.inside(f, from, "a list that begins here has no closing bracket ]")
		}

		s.blank(true)
		if !s.eat(',') && s.peek() != ']' {
			return unclosed(
				from,
				"in a list that begins here a comma or the closing bracket ] is missing",
			)
		}
	}
}

// inlineTable skips { … }, which may run over several lines.
func (s *scanner) inlineTable(path string, depth int) *fault {
	from := s.line
	s.pos++

	for {
		s.blank(true)
		if s.eat('}') {
			return nil
		}
		if s.pos == len(s.src) {
			return unclosed(from, "a table that begins here has no closing brace }")
		}

		if _, f := s.keyValue(path, depth+1); f != nil {
			return s.inside(f, from, "a table that begins here has no closing brace }")
		}
		s.blank(true)
		if !s.eat(',') && s.peek() != '}' {
			return unclosed(
				from,
				"in a table that begins here a comma or the closing brace } is missing",
			)
		}
	}
}

// inside returns the cause of broken syntax in a list or table. When the
// scanner has run into the header of the next table, the cause is the missing
// end of the outer one.
func (s *scanner) inside(f *fault, from int, message string) *fault {
	if !f.deep && s.line > from && s.onHeader() {
		return unclosed(from, message)
	}
	return f
}

// shortString skips "…" or '…', which end on their line.
func (s *scanner) shortString(quote byte) *fault {
	s.pos++
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == quote:
			s.pos++
			return nil
		case c == '\n':
			return broken(s.line, "a text in quotes has no closing quote on its line")
		case c == '\\' && quote == '"' && s.pos+1 < len(s.src) && s.src[s.pos+1] != '\n':
			s.pos++
		}

		s.pos++
	}

	return broken(s.line, "a text in quotes has no closing quote on its line")
}

// longString skips a string in three quotes. Up to two more quotes may stand
// before the closing three.
func (s *scanner) longString(quote byte) *fault {
	from := s.line
	for s.pos += 3; s.pos < len(s.src); s.pos++ {
		switch c := s.src[s.pos]; {
		case c == '\n':
			s.line++
		case c == '\\' && quote == '"':
			if s.pos++; s.peek() == '\n' {
				s.line++
			}
		case c == quote:
			rest := s.src[s.pos:]
			n := len(rest) - len(strings.TrimLeft(rest, string(quote)))
			if n >= 3 { // more than five are an error, which the parser locates better
				s.pos += n
				return nil
			}
		}
	}

	s.pos = len(s.src)
	return unclosed(from, "a text of several lines that begins here has no closing quotes")
}

// unquote returns the text of a quoted key. An invalid escape stays as it is:
// the parser refuses it anyway.
func unquote(quoted string) string {
	body := quoted[1 : len(quoted)-1]
	if quoted[0] == '\'' || !strings.Contains(body, `\`) {
		return body
	}
	var out strings.Builder

	for i := 0; i < len(body); i++ {
		if body[i] != '\\' || i+1 == len(body) {
			out.WriteByte(body[i])
			continue
		}

		i++
		if digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[body[i]]; digits > 0 &&
			i+digits < len(body) {
			n, err := strconv.ParseUint(body[i+1:i+1+digits], 16, 32)
			if err == nil && utf8.ValidRune(rune(n)) {
				out.WriteRune(rune(n))
				i += digits
				continue
			}
		}

		if at := strings.IndexByte(`btnfre"\`, body[i]); at >= 0 {
			out.WriteByte("\b\t\n\f\r\x1b\"\\"[at])
			continue
		}

		out.WriteString(body[i-1 : i+1])
	}

	return out.String()
}
