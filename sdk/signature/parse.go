package signature

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// MaxDepth is how deep ParseJSON lets arrays and objects be nested: [[1]] is
// two deep. No provider's notice comes near it.
const MaxDepth = 64

var (
	errDepth     = errors.New("signature: JSON is nested too deep")
	errUTF8      = errors.New("signature: JSON is not valid UTF-8")
	errSurrogate = errors.New("signature: JSON escapes half of a surrogate pair")
)

// ParseJSON reads one JSON value, as PHP's json_decode does. Numbers keep
// their text. Of several equal keys in an object the last gives the value and
// the first the place, which is PHP's rule.
//
// What RFC 8259 does not allow is an error, and so are nesting beyond
// MaxDepth, anything but white space after the value, a byte order mark,
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

// parseValid reads what is known to be JSON.
func parseValid(data []byte) (Value, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return parseValue(decoder, 0)
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

// parseValue reads the next value of a text that is known to be valid JSON.
func parseValue(decoder *json.Decoder, depth int) (Value, error) {
	token, err := decoder.Token()
	if err != nil {
		return Value{}, fmt.Errorf("signature: %w", err)
	}
	switch token := token.(type) {
	case bool:
		return Bool(token), nil
	case string:
		return String(token), nil
	case json.Number:
		return Number(string(token)), nil
	case json.Delim:
		if depth == MaxDepth {
			return Value{}, errDepth
		}
		if token == '[' {
			return parseArray(decoder, depth+1)
		}
		return parseObject(decoder, depth+1)
	default:
		return Null(), nil
	}
}

func parseArray(decoder *json.Decoder, depth int) (Value, error) {
	var items []Value
	for decoder.More() {
		item, err := parseValue(decoder, depth)
		if err != nil {
			return Value{}, err
		}
		items = append(items, item)
	}
	_, err := decoder.Token() // the closing bracket
	return Value{kind: KindArray, items: items}, err
}

func parseObject(decoder *json.Decoder, depth int) (Value, error) {
	var members []Member
	for decoder.More() {
		key, err := parseValue(decoder, depth)
		if err != nil {
			return Value{}, err
		}
		value, err := parseValue(decoder, depth)
		if err != nil {
			return Value{}, err
		}
		members = append(members, Pair(key.text, value))
	}
	_, err := decoder.Token() // the closing brace
	return Object(members...), err
}

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
