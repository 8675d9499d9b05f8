package signature

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/shopspring/decimal"
)

var (
	tokens   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*`) // texts and numbers of compact JSON
	controls = regexp.MustCompile(`\\u[0-9a-f]{4}|\\.|[\x{7f}-\x{9f}]`)   // escapes, and what Java escapes besides
)

// maxNumber is how long a number may be to be written anew.
const maxNumber = 64

// FastJSON writes v as compact JSON the way Java's fastjson 1.2 does, for providers that sign its output: slashes, < > &
// and non-ASCII as they are, control characters in upper-case hexadecimal, also U+007F to U+009F, U+2028 and U+2029, and
// numbers as BigInteger and BigDecimal print them (10.50 stays, 1e3 becomes 1E+3). Keys keep their order: see SortKeys.
// The error is MarshalJSON's.
func FastJSON(v Value) (string, error) {
	data, err := v.MarshalJSON()
	if err != nil {
		return "", err
	}
	return tokens.ReplaceAllStringFunc(string(data), javaToken), nil
}

// javaToken writes one text or number of compact JSON again.
func javaToken(text string) string {
	if text[0] == '"' {
		return controls.ReplaceAllStringFunc(text, func(c string) string {
			if c[0] != '\\' {
				c = fmt.Sprintf(`\u%04x`, []rune(c)[0])
			}
			return c[:2] + strings.ToUpper(c[2:])
		})
	}
	// What no provider sends is not computed with, which could take seconds; a plain number stands as it is.
	plain := strings.TrimPrefix(text, "-")[0] != '0' && !strings.ContainsAny(text, "eE")
	if plain || (len(text) > maxNumber) {
		return text
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return text
	}
	first := int(d.Exponent()) + d.NumDigits() - 1 // the power of ten of the first digit
	if d.Exponent() <= 0 && first >= -6 {
		return d.StringFixed(-d.Exponent())
	}
	return fmt.Sprintf("%sE%+d", d.Shift(int32(-first)).StringFixed(int32(d.NumDigits()-1)), first)
}
