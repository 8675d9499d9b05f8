package signature

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// MaxDepth is how deep ParseJSON lets arrays and objects be nested: [[1]] is
// two deep. No provider's notice comes near it.
const MaxDepth = 64

// MaxValues is how many values ParseJSON reads in one text, those inside of others
// too. A mebibyte of a provider's events has fewer; more is somebody who wants to
// keep a parser busy.
const MaxValues = 50_000

var (
	errMany      = errors.New("signature: JSON has too many values")
	errDepth     = errors.New("signature: JSON is nested too deep")
	errUTF8      = errors.New("signature: JSON is not valid UTF-8")
	errSurrogate = errors.New("signature: JSON escapes half of a surrogate pair")
)

// ParseJSON reads one JSON value, as PHP's json_decode does. Numbers keep
// their text. Of several equal keys in an object the last gives the value and
// the first the place, which is PHP's rule.
//
// What RFC 8259 does not allow is an error, and so are nesting beyond
// MaxDepth, more than MaxValues values, anything but white space after the value, a byte order mark,
// invalid UTF-8, and a \u escape that is half of a surrogate pair: json_decode
// refuses the same, while encoding/json would silently put U+FFFD in place of
// the last two. The one known difference is PHP's limit of 512 levels. Errors
// quote at most one character of the input.
func ParseJSON(data []byte) (Value, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return Value{}, fmt.Errorf("signature: %w", err)
	}
	if !utf8.Valid(data) {
		return Value{}, errUTF8
	}
	if hasHalfSurrogate(data) {
		return Value{}, errSurrogate
	}
	return parseValid(data)
}

// ParseLoosely is ParseJSON for what somebody else may have written badly: text
// that is not valid UTF-8, or half of a surrogate pair, becomes U+FFFD and
// hides nothing beside it. A signature over what was there before does not
// verify.
func ParseLoosely(data []byte) (Value, error) {
	if !json.Valid(data) {
		return Value{}, errors.New("signature: not JSON")
	}
	return parseValid(data)
}

// parseValid reads what is known to be JSON. It scans the text itself: the decoder
// of encoding/json takes ten times as long for text of many small values, which
// anybody may send.
func parseValid(data []byte) (Value, error) {
	scan := scanner{rest: data}
	return scan.value(0)
}

// UnmarshalJSON is ParseJSON, so that a struct may hold the signed part of a
// body as it came: AdditionalData signature.Value `json:"additional_data"`.
func (v *Value) UnmarshalJSON(data []byte) error {
	parsed, err := ParseJSON(data)
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

// Encode makes a Value of a Go value, which becomes what encoding/json would
// write.
func Encode(value any) (Value, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return Value{}, fmt.Errorf("signature: %w", err)
	}
	return ParseJSON(data)
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
		text, err := s.text()
		return String(text), err
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
		key, err := s.text()
		if err != nil {
			return Value{}, err
		}
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

// more goes on to the next item of a list or an object, and reports false after its
// closing bracket.
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

// text reads a string. Only one with escapes or broken UTF-8 is worth more work.
func (s *scanner) text() (string, error) {
	end, plain := 1, true
	for ; s.rest[end] != '"'; end++ {
		if s.rest[end] == '\\' {
			end++
			plain = false
		}
	}
	quoted := s.rest[:end+1]
	s.skip(len(quoted))
	if content := quoted[1:end]; plain && utf8.Valid(content) {
		return string(content), nil
	}

	var text string
	if err := json.Unmarshal(quoted, &text); err != nil {
		return "", fmt.Errorf("signature: %w", err)
	}
	return text, nil
}

// number reads a number as it is written.
func (s *scanner) number() string {
	end := 0
	for (end < len(s.rest)) && !endsNumber(s.rest[end]) {
		end++
	}
	written := string(s.rest[:end])
	s.skip(end)
	return written
}

func endsNumber(char byte) bool {
	return isSpace(char) || (char == ',') || (char == ']') || (char == '}')
}

func isSpace(char byte) bool {
	return (char == ' ') || (char == '\n') || (char == '\r') || (char == '\t')
}

func (s *scanner) skipSpace() {
	for isSpace(s.rest[0]) {
		s.rest = s.rest[1:]
	}
}

func (s *scanner) skip(count int) { s.rest = s.rest[count:] }

// hasHalfSurrogate looks for a \ud800-\udfff escape without its other half.
// In valid JSON a backslash stands only inside strings and always escapes
// something, so no more of the grammar is needed.
func hasHalfSurrogate(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		unit := escapedUnit(data[i:])
		switch {
		case unit>>10 == 0xd800>>10 && escapedUnit(data[i+6:])>>10 == 0xdc00>>10:
			i += 11
		case unit>>11 == 0xd800>>11:
			return true
		default:
			i++ // skips the escaped character, which may be a backslash
		}
	}
	return false
}

// escapedUnit is the UTF-16 unit of the \uXXXX that data begins with, or 0.
func escapedUnit(data []byte) uint64 {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return 0
	}
	unit, _ := strconv.ParseUint(string(data[2:6]), 16, 16)
	return unit
}
