package ordered

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// MaxDepth is how deep Parse lets arrays and objects be nested: [[1]] is two
// deep. No provider's webhook comes near it.
const MaxDepth = 64

// MaxValues is how many values Parse reads in one text, those inside of others
// too. A mebibyte of a provider's events has fewer; more are there to keep a
// parser busy.
const MaxValues = 50_000

var (
	errNotJSON   = errors.New("ordered: not JSON")
	errMany      = errors.New("ordered: JSON has too many values")
	errDepth     = errors.New("ordered: JSON is nested too deep")
	errUTF8      = errors.New("ordered: JSON is not valid UTF-8")
	errSurrogate = errors.New("ordered: JSON escapes half of a surrogate pair")
)

// Parse reads one JSON value, as PHP's json_decode does. Numbers keep their
// text. When an object has a key several times, the last one has the value and
// the first one the place, which is PHP's rule.
//
// Text that RFC 8259 does not allow is an error, and so are nesting beyond
// MaxDepth, more than MaxValues values, anything but white space after the
// value, a byte order mark, invalid UTF-8, and a \u escape that is half of a
// surrogate pair: json_decode refuses the same, while encoding/json would
// silently put U+FFFD in place of the last two. The one known difference is
// PHP's limit of 512 levels. Errors quote at most one character of the input.
func Parse(data []byte) (Value, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return Value{}, fmt.Errorf("ordered: %w", err)
	}
	if !utf8.Valid(data) {
		return Value{}, errUTF8
	}

	if hasHalfSurrogate(data) {
		return Value{}, errSurrogate
	}

	return parseValid(data)
}

// ParseLoosely is Parse for text that may have been written badly: text that is
// not valid UTF-8, or half of a surrogate pair, becomes U+FFFD and hides
// nothing beside it. A signature over what was there before does not verify.
func ParseLoosely(data []byte) (Value, error) {
	if !json.Valid(data) {
		return Value{}, errNotJSON
	}
	return parseValid(data)
}

// parseValid reads text that is known to be JSON. It scans the text itself: the
// decoder of encoding/json takes ten times as long for text of many small
// values, which a sender may choose.
func parseValid(data []byte) (Value, error) {
	scan := scanner{rest: data}
	return scan.value(0)
}

// UnmarshalJSON is Parse, so that a struct may hold the signed part of a body
// as it came: AdditionalData ordered.Value `json:"additional_data"`.
func (v *Value) UnmarshalJSON(data []byte) error {
	parsed, err := Parse(data)
	if err != nil {
		return err
	}
	*v = parsed
	return nil
}

// Decode reads v into a Go value as encoding/json would.
func (v Value) Decode(into any) error {
	data, err := v.MarshalJSON()
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// Of makes a Value of a Go value, which becomes what encoding/json would write.
func Of(value any) (Value, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return Value{}, fmt.Errorf("ordered: %w", err)
	}
	return Parse(data)
}

// scanner reads a text that is known to be valid JSON, from its beginning on.
type scanner struct {
	rest   []byte
	values int // read so far
}

// value reads the next value.
func (s *scanner) value(depth int) (Value, error) {
	s.values++
	if s.values > MaxValues {
		return Value{}, errMany
	}

	s.skipSpace()
	// The text is known to be valid, so its first byte tells the kind and is
	// there.
	switch s.rest[0] {
	case '{', '[':
		if depth == MaxDepth {
			return Value{}, errDepth
		}
		if s.rest[0] == '[' {
			return s.array(depth + 1)
		}

		return s.object(depth + 1)
	case '"':
		return String(s.text()), nil
	case 't':
		s.skip(len("true"))
		return Bool(true), nil
	case 'f':
		s.skip(len("false"))
		return Bool(false), nil
	case 'n':
		s.skip(len("null"))
		return Null(), nil
	default:
		return Number(s.number()), nil
	}
}

func (s *scanner) array(depth int) (Value, error) {
	var items []Value
	for s.skip(1); s.more(']'); {
		item, err := s.value(depth)
		if err != nil {
			return Value{}, err
		}
		items = append(items, item)
	}
	return Value{kind: KindArray, items: items}, nil
}

func (s *scanner) object(depth int) (Value, error) {
	var members []Member
	for s.skip(1); s.more('}'); {
		key := s.text()
		s.skipSpace()
		s.skip(1) // the colon
		value, err := s.value(depth)
		if err != nil {
			return Value{}, err
		}

		members = append(members, Pair(key, value))
	}

	return Object(members...), nil
}

// more goes on to the next item of a list or an object, and reports false after
// its closing bracket.
func (s *scanner) more(closing byte) bool {
	s.skipSpace()
	if s.rest[0] == ',' {
		s.skip(1)
		s.skipSpace()
	}

	if s.rest[0] == closing {
		s.skip(1)
		return false
	}

	return true
}

// text reads a string. Only one with escapes or broken UTF-8 is worth more
// work.
func (s *scanner) text() string {
	end, plain := 1, true
	for ; s.rest[end] != '"'; end++ {
		if s.rest[end] == '\\' {
			end++
			plain = false
		}
	}

	// Most strings are their own content.
	content := s.rest[1:end]
	s.skip(end + 1)
	if plain && utf8.Valid(content) {
		return string(content)
	}

	return unescaped(content)
}

// number reads a number as it is written.
func (s *scanner) number() string {
	end := 0
	for end < len(s.rest) && !endsNumber(s.rest[end]) {
		end++
	}
	written := string(s.rest[:end])
	s.skip(end)
	return written
}

func endsNumber(char byte) bool {
	return isSpace(char) || char == ',' || char == ']' || char == '}'
}

func isSpace(char byte) bool {
	return char == ' ' || char == '\n' || char == '\r' || char == '\t'
}

func (s *scanner) skipSpace() {
	for isSpace(s.rest[0]) {
		s.rest = s.rest[1:]
	}
}

func (s *scanner) skip(count int) { s.rest = s.rest[count:] }

// escapedBytes are the characters that one letter after a backslash stands for.
var escapedBytes = map[byte]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// unescaped returns what the content of a valid JSON string says, with U+FFFD
// in place of broken UTF-8 and of halves of surrogate pairs, as encoding/json
// has it.
func unescaped(content []byte) string {
	text := make([]byte, 0, len(content))
	for at := 0; at < len(content); {
		char := content[at]
		switch {
		case char == '\\' && content[at+1] == 'u':
			unit, length := escapedRune(content[at:])
			text = utf8.AppendRune(text, unit)
			at += length
		case char == '\\':
			text = append(text, escapedBytes[content[at+1]])
			at += 2
		case char < utf8.RuneSelf:
			text = append(text, char)
			at++
		default:
			decoded, length := utf8.DecodeRune(content[at:])
			text = utf8.AppendRune(text, decoded)
			at += length
		}
	}

	return string(text)
}

// The parts of the surrogate pairs of UTF-16.
const (
	highSurrogate = 0xd800
	lowSurrogate  = 0xdc00
	surrogateEnd  = 0xe000
)

// escapedRune reads the \uXXXX that data begins with, and the other half of a
// surrogate pair after it.
func escapedRune(data []byte) (char rune, length int) {
	const one, two = len(`\uXXXX`), len(`\uXXXX\uXXXX`)
	unit := escapedUnit(data)
	if unit < highSurrogate || unit >= surrogateEnd {
		return rune(unit), one
	}

	if unit < lowSurrogate {
		second := escapedUnit(data[one:])
		if lowSurrogate <= second && second < surrogateEnd {
			return rune((unit-highSurrogate)<<10|(second-lowSurrogate)) + 0x10000, two
		}
	}

	return utf8.RuneError, one
}

// hasHalfSurrogate looks for a \ud800-\udfff escape without its other half.
// In valid JSON a backslash stands only inside strings and always escapes
// something, so no more of the grammar is needed.
func hasHalfSurrogate(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		if data[i+1] != 'u' {
			i++ // skips the escaped character, which may be a backslash
			continue
		}

		char, length := escapedRune(data[i:])
		if char == utf8.RuneError && escapedUnit(data[i:]) != utf8.RuneError {
			return true
		}
		i += length - 1
	}

	return false
}

// escapedUnit returns the UTF-16 unit of the \uXXXX that data begins with, or
// 0.
func escapedUnit(data []byte) uint64 {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return 0
	}
	unit, _ := strconv.ParseUint(string(data[2:6]), 16, 16)
	return unit
}
