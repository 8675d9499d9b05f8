package signature

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/payhost/payhost/sdk/ordered"
)

// maxNumber is how long a number may be to be written in another form.
const maxNumber = 64

// FastJSON writes v as compact JSON the way Java's fastjson 1.2 does, for
// providers that sign its output: slashes, < > & and non-ASCII as they are,
// control characters in upper-case hexadecimal, also U+007F to U+009F, U+2028
// and U+2029, and numbers as BigInteger and BigDecimal print them (10.50 stays,
// 1e3 becomes 1E+3). Keys keep their order: see ordered.Value.SortKeys.
//
// It fails on strings that are not valid UTF-8 and on a Number whose text is
// not one.
func FastJSON(v ordered.Value) (string, error) {
	out, err := appendFast(nil, v)
	return string(out), err
}

// appendFast writes v at the end of out.
func appendFast(out []byte, v ordered.Value) ([]byte, error) {
	switch v.Kind() {
	case ordered.KindNull:
		return append(out, "null"...), nil
	case ordered.KindBool:
		return append(out, v.Text()...), nil
	case ordered.KindNumber:
		if !ordered.IsNumber(v.Text()) {
			return nil, errNumber
		}
		return append(out, javaNumber(v.Text())...), nil
	case ordered.KindString:
		return appendFastString(out, v.Text())
	}

	// An array, or an object with keys before its values.
	open, shut := byte('['), byte(']')
	isObject := v.Kind() == ordered.KindObject
	if isObject {
		open, shut = '{', '}'
	}

	out = append(out, open)
	for i, member := range phpArray(v) {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if isObject {
			if out, err = appendFastString(out, member.Key); err != nil {
				return nil, err
			}
			out = append(out, ':')
		}

		if out, err = appendFast(out, member.Value); err != nil {
			return nil, err
		}
	}

	return append(out, shut), nil
}

var errUTF8 = errors.New("signature: string is not valid UTF-8")

// appendFastString escapes more characters than JSON demands: those of the
// second control block too.
func appendFastString(out []byte, text string) ([]byte, error) {
	if !utf8.ValidString(text) {
		return nil, errUTF8
	}

	out = append(out, '"')
	for _, char := range text {
		isControl := char < ' ' || (0x7f <= char && char <= 0x9f)
		letter := escapeLetter(char)

		switch {
		case letter != 0:
			out = append(out, '\\', letter)
		case isControl, isLineEnd(char):
			out = appendUnit(out, uint16(char), upperHex)
		default:
			out = utf8.AppendRune(out, char)
		}
	}

	return append(out, '"'), nil
}

// javaNumber writes one JSON number as Java's BigInteger or BigDecimal does. A
// plain number stands as it is, and so does one that is longer than providers
// send, or whose exponent Java could not hold.
func javaNumber(text string) string {
	hasExponent := strings.ContainsAny(text, "eE")
	isPlain := strings.TrimPrefix(text, "-")[0] != '0' && !hasExponent
	if isPlain || text == "0" || len(text) > maxNumber {
		return text
	}

	// The digits, and the power of ten that they are multiplied with.
	unsigned := strings.TrimPrefix(text, "-")
	mantissa, power := unsigned, "0"
	if hasExponent {
		at := strings.IndexAny(unsigned, "eE")
		mantissa, power = unsigned[:at], unsigned[at+1:]
	}

	whole, fraction, _ := strings.Cut(mantissa, ".")
	written, err := strconv.ParseInt(power, 10, 32)
	exponent := int(written) - len(fraction)
	if err != nil || exponent < math.MinInt32 {
		return text
	}

	digits := strings.TrimLeft(whole+fraction, "0")
	sign := text[:len(text)-len(unsigned)]
	if digits == "" {
		digits, sign = "0", "" // Java has no negative zero
	}

	return sign + javaDigits(digits, exponent)
}

// javaDigits writes digits times ten to the power of exponent as BigDecimal
// does: with an exponent when there would be zeros behind the digits, or more
// than five between the point and them.
func javaDigits(digits string, exponent int) string {
	first := exponent + len(digits) - 1 // the power of ten of the first digit
	if exponent > 0 || first < -6 {
		point := ""
		if len(digits) > 1 {
			point = "."
		}
		return fmt.Sprintf("%s%s%sE%+d", digits[:1], point, digits[1:], first)
	}

	if exponent == 0 {
		return digits
	}

	places := -exponent
	if missing := places + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}

	return digits[:len(digits)-places] + "." + digits[len(digits)-places:]
}
