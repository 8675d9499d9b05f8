package ordered

import (
	"errors"
	"unicode/utf8"
)

var (
	errNumber  = errors.New("ordered: not a JSON number")
	errInvalid = errors.New("ordered: string is not valid UTF-8")
)

// MarshalJSON writes v as compact JSON with keys in their order, numbers as
// their text and characters as they are. Send what it returns, not a struct
// that holds v: json.Marshal escapes < > & in what a MarshalJSON returns unless
// told not to. It fails on strings that are not valid UTF-8 and on a Number
// whose text is not one.
func (v Value) MarshalJSON() ([]byte, error) {
	return v.append(nil)
}

func (v Value) append(out []byte) ([]byte, error) {
	switch v.kind {
	case KindBool:
		return append(out, v.text...), nil
	case KindNumber:
		if !IsNumber(v.text) {
			return nil, errNumber
		}
		return append(out, v.text...), nil
	case KindString:
		return appendString(out, v.text)
	case KindArray:
		return v.appendArray(out)
	case KindObject:
		return v.appendObject(out)
	default:
		return append(out, "null"...), nil
	}
}

func (v Value) appendArray(out []byte) ([]byte, error) {
	out = append(out, '[')
	for i, item := range v.items {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = item.append(out); err != nil {
			return nil, err
		}
	}

	return append(out, ']'), nil
}

func (v Value) appendObject(out []byte) ([]byte, error) {
	out = append(out, '{')
	for i, member := range v.members {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendString(out, member.Key); err != nil {
			return nil, err
		}

		out = append(out, ':')
		if out, err = member.Value.append(out); err != nil {
			return nil, err
		}
	}

	return append(out, '}'), nil
}

// appendString escapes only what JSON demands, and U+2028 and U+2029, which
// JavaScript once took for line ends.
func appendString(out []byte, text string) ([]byte, error) {
	if !utf8.ValidString(text) {
		return nil, errInvalid
	}

	out = append(out, '"')
	for _, char := range text {
		switch {
		case char == '"' || char == '\\':
			out = append(out, '\\', byte(char))
		case char < ' ':
			out = appendControl(out, byte(char))
		case char == '\u2028':
			out = append(out, `\u2028`...)
		case char == '\u2029':
			out = append(out, `\u2029`...)
		default:
			out = utf8.AppendRune(out, char)
		}
	}

	return append(out, '"'), nil
}

// appendControl escapes a character below U+0020.
func appendControl(out []byte, char byte) []byte {
	switch char {
	case '\b':
		return append(out, `\b`...)
	case '\f':
		return append(out, `\f`...)
	case '\n':
		return append(out, `\n`...)
	case '\r':
		return append(out, `\r`...)
	case '\t':
		return append(out, `\t`...)
	}

	const digits = "0123456789abcdef"
	return append(out, '\\', 'u', '0', '0', digits[char>>4], digits[char&15])
}

// IsNumber reports whether text is a number as JSON writes it.
func IsNumber(text string) bool {
	if text != "" && text[0] == '-' {
		text = text[1:]
	}

	// A whole number, without zeros in front.
	whole := digits(text)
	if whole == 0 || (whole > 1 && text[0] == '0') {
		return false
	}

	text = text[whole:]

	if text != "" && text[0] == '.' {
		fraction := digits(text[1:])
		if fraction == 0 {
			return false
		}
		text = text[1+fraction:]
	}

	if text != "" && (text[0] == 'e' || text[0] == 'E') {
		text = text[1:]
		if text != "" && (text[0] == '+' || text[0] == '-') {
			text = text[1:]
		}
		exponent := digits(text)
		return exponent > 0 && exponent == len(text)
	}

	return text == ""
}

// digits returns how many digits text begins with.
func digits(text string) int {
	count := 0
	for count < len(text) && '0' <= text[count] && text[count] <= '9' {
		count++
	}
	return count
}
