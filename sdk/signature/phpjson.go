package signature

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// PHPFlag changes what PHPJSON writes.
type PHPFlag uint8

const (
	// UnescapedSlashes is PHP's JSON_UNESCAPED_SLASHES: / instead of \/.
	UnescapedSlashes PHPFlag = 1 << iota
	// UnescapedUnicode is PHP's JSON_UNESCAPED_UNICODE: é instead of \u00e9.
	// U+2028 and U+2029 are escaped all the same.
	UnescapedUnicode
	// KeepObjects is for a provider that keeps objects as PHP objects
	// (json_decode without its second argument): {} stays {}.
	KeepObjects
	// keepNumbers writes a number's own text. It is not PHP's.
	keepNumbers
)

// PHPJSON returns what PHP 8.2's json_encode writes for the value that
// json_decode($text, true) would have made of v: compact, in the order of v.
//
//   - Objects are PHP arrays, so {} becomes [] and {"0":"a","1":"b"} becomes
//     ["a","b"]; KeepObjects prevents both.
//   - Numbers without fraction and exponent that fit 64 bits are written
//     exactly; all others pass through a double and are written with the
//     fewest digits that read back the same: 10.00 as 10, 3.20 as 3.2, 1e6 as
//     1000000, 0.00001 as 1.0e-5, 1e17 as 1.0e+17.
//   - Strings escape " and \, control characters as \b \f \n \r \t or \u00xx,
//     / as \/, and everything beyond ASCII as \uxxxx in lower-case
//     hexadecimal, surrogate pairs included. < > & ' and U+007F stay.
//
// Like json_encode it fails on invalid UTF-8 and on numbers beyond a double's
// range, and it fails on a Number whose text is not one.
func PHPJSON(v Value, flags ...PHPFlag) (string, error) {
	var all PHPFlag
	for _, flag := range flags {
		all |= flag
	}
	out, err := appendJSON(nil, v, all)
	return string(out), err
}

// MarshalJSON writes v as compact JSON with keys in their order and numbers as
// their text. It is not any PHP form: to sign, and to send exactly what was
// signed, use PHPJSON. (encoding/json escapes < > & in what it returns unless
// told not to.)
func (v Value) MarshalJSON() ([]byte, error) {
	return appendJSON(nil, v, UnescapedSlashes|UnescapedUnicode|KeepObjects|keepNumbers)
}

func appendJSON(out []byte, v Value, flags PHPFlag) ([]byte, error) {
	switch v.kind {
	case KindBool:
		return append(out, v.text...), nil
	case KindNumber:
		return appendNumber(out, v.text, flags)
	case KindString:
		return appendString(out, v.text, flags)
	case KindArray:
		return appendArray(out, v.items, flags)
	case KindObject:
		return appendObject(out, v.members, flags)
	default:
		return append(out, "null"...), nil
	}
}

func appendNumber(out []byte, text string, flags PHPFlag) ([]byte, error) {
	number, err := parsePHPNumber(text)
	if err != nil {
		return nil, err
	}
	if flags&keepNumbers != 0 {
		return append(out, text...), nil
	}
	if math.IsInf(number.double, 0) {
		return nil, errors.New("signature: number is beyond the range of PHP's json_encode")
	}
	return append(out, number.format(shortest, 'e')...), nil
}

func appendArray(out []byte, items []Value, flags PHPFlag) ([]byte, error) {
	out = append(out, '[')
	for i, item := range items {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendJSON(out, item, flags); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

func appendObject(out []byte, members []Member, flags PHPFlag) ([]byte, error) {
	if flags&KeepObjects == 0 && isPHPList(members) {
		items := make([]Value, len(members))
		for i, m := range members {
			items[i] = m.Value
		}
		return appendArray(out, items, flags)
	}
	out = append(out, '{')
	for i, m := range members {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendString(out, m.Key, flags); err != nil {
			return nil, err
		}
		if out, err = appendJSON(append(out, ':'), m.Value, flags); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

// isPHPList reports whether the keys are 0, 1, 2 and so on: such a PHP array
// is a list, and an empty one is too.
func isPHPList(members []Member) bool {
	for i, m := range members {
		if m.Key != strconv.Itoa(i) {
			return false
		}
	}
	return true
}

func appendString(out []byte, s string, flags PHPFlag) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, errors.New("signature: string is not valid UTF-8")
	}
	out = append(out, '"')
	for _, r := range s {
		out = appendRune(out, r, flags)
	}
	return append(out, '"'), nil
}

func appendRune(out []byte, r rune, flags PHPFlag) []byte {
	const short = "\"\"\\\\\bb\ff\nn\rr\tt" // pairs: the character, the letter it is escaped with
	for i := 0; i < len(short); i += 2 {
		if r == rune(short[i]) {
			return append(out, '\\', short[i+1])
		}
	}
	lineEnd := r == 0x2028 || r == 0x2029
	switch {
	case r == '/' && flags&UnescapedSlashes == 0:
		return append(out, `\/`...)
	case r < ' ', r >= utf8.RuneSelf && (flags&UnescapedUnicode == 0 || lineEnd):
		for _, unit := range utf16.AppendRune(nil, r) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
		return out
	default:
		return utf8.AppendRune(out, r)
	}
}
