package signature

import (
	"errors"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/payhost/payhost/sdk/ordered"
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
func PHPJSON(v ordered.Value, flags ...PHPFlag) (string, error) {
	var all PHPFlag
	for _, flag := range flags {
		all |= flag
	}
	out, err := all.append(nil, v)
	return string(out), err
}

// append writes v with the flags.
func (f PHPFlag) append(out []byte, v ordered.Value) ([]byte, error) {
	switch v.Kind() {
	case ordered.KindBool:
		return append(out, v.Text()...), nil
	case ordered.KindNumber:
		return appendDouble(out, v.Text())
	case ordered.KindString:
		return f.appendString(out, v.Text())
	case ordered.KindArray:
		return f.appendArray(out, v.Items())
	case ordered.KindObject:
		return f.appendObject(out, v.Members())
	default:
		return append(out, "null"...), nil
	}
}

// appendDouble writes a number as json_encode does.
func appendDouble(out []byte, text string) ([]byte, error) {
	number, err := parsePHPNumber(text)
	if err != nil {
		return nil, err
	}
	if math.IsInf(number.double, 0) {
		return nil, errors.New("signature: number is beyond the range of PHP's json_encode")
	}
	return append(out, number.format(shortest, 'e')...), nil
}

func (f PHPFlag) appendArray(out []byte, items []ordered.Value) ([]byte, error) {
	out = append(out, '[')
	for i, item := range items {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = f.append(out, item); err != nil {
			return nil, err
		}
	}

	return append(out, ']'), nil
}

func (f PHPFlag) appendObject(out []byte, members []ordered.Member) ([]byte, error) {
	// PHP has one type for both, and prints this one as a list.
	if f&KeepObjects == 0 && isPHPList(members) {
		items := make([]ordered.Value, len(members))
		for i, member := range members {
			items[i] = member.Value
		}
		return f.appendArray(out, items)
	}

	out = append(out, '{')
	for i, member := range members {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = f.appendString(out, member.Key); err != nil {
			return nil, err
		}

		out = append(out, ':')
		if out, err = f.append(out, member.Value); err != nil {
			return nil, err
		}
	}

	return append(out, '}'), nil
}

// isPHPList reports whether the keys are 0, 1, 2 and so on: such a PHP array
// is a list, and an empty one is too.
func isPHPList(members []ordered.Member) bool {
	for i, member := range members {
		if member.Key != strconv.Itoa(i) {
			return false
		}
	}
	return true
}

// phpArray returns an object or an array as the PHP array that it becomes: an
// array has its places as keys.
func phpArray(v ordered.Value) []ordered.Member {
	members := v.Members()
	for i, item := range v.Items() {
		members = append(members, ordered.Pair(strconv.Itoa(i), item))
	}
	return members
}

func (f PHPFlag) appendString(out []byte, text string) ([]byte, error) {
	if !utf8.ValidString(text) {
		return nil, errUTF8
	}

	out = append(out, '"')
	for _, char := range text {
		letter := escapeLetter(char)
		// PHP escapes U+2028 and U+2029 even with JSON_UNESCAPED_UNICODE: a
		// signature over the plain characters would be another one.
		beyondASCII := char >= utf8.RuneSelf && (f&UnescapedUnicode == 0 || isLineEnd(char))

		switch {
		case letter != 0:
			out = append(out, '\\', letter)
		case char == '/' && f&UnescapedSlashes == 0:
			out = append(out, `\/`...)
		case char < ' ', beyondASCII:
			out = appendUTF16(out, char)
		default:
			out = utf8.AppendRune(out, char)
		}
	}

	return append(out, '"'), nil
}

// escapeLetter returns the letter with which JSON escapes a character, or 0.
func escapeLetter(char rune) byte {
	switch char {
	case '"', '\\':
		return byte(char)
	case '\b':
		return 'b'
	case '\f':
		return 'f'
	case '\n':
		return 'n'
	case '\r':
		return 'r'
	case '\t':
		return 't'
	}

	return 0
}

// isLineEnd reports whether JavaScript once took the character for a line end.
func isLineEnd(char rune) bool { return char == '\u2028' || char == '\u2029' }

const (
	lowerHex = "0123456789abcdef"
	upperHex = "0123456789ABCDEF"
)

// appendUTF16 writes a character as \uxxxx, or as two where it takes a
// surrogate pair.
func appendUTF16(out []byte, char rune) []byte {
	high, low := utf16.EncodeRune(char)
	if high == utf8.RuneError {
		return appendUnit(out, uint16(char), lowerHex)
	}
	out = appendUnit(out, uint16(high), lowerHex)
	return appendUnit(out, uint16(low), lowerHex)
}

func appendUnit(out []byte, unit uint16, digits string) []byte {
	return append(out, '\\', 'u',
		digits[unit>>12], digits[unit>>8&15], digits[unit>>4&15], digits[unit&15])
}
