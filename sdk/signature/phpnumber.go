package signature

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/payhost/payhost/sdk/ordered"
)

var errNumber = errors.New("signature: not a JSON number")

// PHPNumber returns what PHP 8.2 prints when the number that json_decode makes
// of text is joined to a string. text must be a number as JSON writes it.
//
// A number without fraction and exponent that fits 64 bits is an integer and
// printed exactly; -0 is 0. Any other is a double to PHP and printed with 14
// significant digits at most: 1000.00 is 1000, 1e6 is 1000000,
// 0.30000000000000004 is 0.3, 12345678901234.56 is 12345678901235, 0.00001 is
// 1.0E-5 and 1e999 is INF. Amounts of fifteen digits or more thus lose digits,
// as they do at a provider that signs this way.
func PHPNumber(text string) (string, error) {
	number, err := parsePHPNumber(text)
	if err != nil {
		return "", err
	}
	return number.format(14, 'E'), nil
}

// PHPString returns what PHP 8.2 makes of a value where a string is wanted, as
// in $a . $b and implode: a string itself, a number as PHPNumber says, true as
// "1", false and null as "". Arrays and objects are an error; PHP would print
// "Array", which no provider means.
func PHPString(v ordered.Value) (string, error) {
	switch v.Kind() {
	case ordered.KindNull:
		return "", nil
	case ordered.KindBool:
		if v.Text() == "true" {
			return "1", nil
		}
		return "", nil
	case ordered.KindNumber:
		return PHPNumber(v.Text())
	case ordered.KindString:
		return v.Text(), nil
	default:
		return "", errors.New("signature: an array or object has no PHP string form")
	}
}

// PHPImplode returns PHP's implode of all that v holds, arrays and objects
// within it imploded in their place, with the same glue:
//
//	function join($glue, $list) {
//	    foreach ($list as $v) $parts[] = is_array($v) ? join($glue, $v) : $v;
//	    return implode($glue, $parts);
//	}
//
// An empty array within v is an empty part. The errors are PHPString's.
func PHPImplode(glue string, v ordered.Value) (string, error) {
	if v.Kind() != ordered.KindArray && v.Kind() != ordered.KindObject {
		return PHPString(v)
	}
	var parts []string

	for _, item := range v.Elements() {
		part, err := PHPImplode(glue, item)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
	}

	return strings.Join(parts, glue), nil
}

// phpNumber is a number as json_decode reads it: an integer or a double.
type phpNumber struct {
	whole   bool
	integer int64
	double  float64
}

// parsePHPNumber reads a number as JSON writes it.
func parsePHPNumber(text string) (phpNumber, error) {
	if !ordered.IsNumber(text) {
		return phpNumber{}, errNumber
	}
	if integer, err := strconv.ParseInt(text, 10, 64); err == nil {
		return phpNumber{whole: true, integer: integer}, nil
	}

	// Out of range is an infinity or zero, as in PHP: the error says no more.
	double, _ := strconv.ParseFloat(text, 64)
	return phpNumber{double: double}, nil
}

// shortest asks format for the fewest digits that read back as the same
// double: PHP's serialize_precision -1.
const shortest = 0

// format prints the number with at most that many significant digits, and with
// the letter between mantissa and exponent where PHP uses an exponent: below
// 0.0001, and when there are more digits before the point than allowed (17 when
// printing the shortest form).
func (n phpNumber) format(digits int, letter byte) string {
	if n.whole {
		return strconv.FormatInt(n.integer, 10)
	}
	if math.IsInf(n.double, 0) {
		if n.double < 0 {
			return "-INF"
		}
		return "INF"
	}

	precision := digits - 1
	limit := digits // of digits before the point
	if digits == shortest {
		precision = -1
		limit = 17
	}

	sign, mantissa, point := splitDouble(n.double, precision)
	switch {
	case n.double == 0:
		return sign + "0"
	case point < -3 || point > limit:
		return sign + withExponent(mantissa, point-1, letter)
	case point <= 0:
		return sign + "0." + strings.Repeat("0", -point) + mantissa
	case point >= len(mantissa):
		return sign + mantissa + strings.Repeat("0", point-len(mantissa))
	default:
		return sign + mantissa[:point] + "." + mantissa[point:]
	}
}

// splitDouble returns the sign, the significant digits without trailing zeros,
// and how many of them (or zeros after them) stand before the decimal point;
// zero or less counts the zeros after the point.
func splitDouble(double float64, precision int) (sign, digits string, point int) {
	text := strconv.FormatFloat(double, 'e', precision, 64) // [-]d[.ddd]e±dd
	if text[0] == '-' {
		sign, text = "-", text[1:]
	}

	mantissa, exponent, _ := strings.Cut(text, "e")
	point, _ = strconv.Atoi(exponent)
	digits = strings.Replace(mantissa, ".", "", 1)
	if !tiedAtFourteen(double, precision) {
		digits = strings.TrimRight(digits, "0")
	}

	return sign, digits, point + 1
}

// tiedAtFourteen reports whether PHP's own conversion (zend_dtoa) prints a
// number with trailing zeros: whole ones of fifteen digits that end in 05, such
// as 100000000000005.0, where fourteen digits are an exact tie rounded down.
func tiedAtFourteen(double float64, precision int) bool {
	absolute := math.Abs(double)
	hasFifteen := absolute >= 1e14 && absolute < 1e15
	return precision == 13 && hasFifteen && math.Mod(absolute, 100) == 5
}

// withExponent writes 1.0e+25: always a point, always a sign, and no zeros
// before the exponent.
func withExponent(digits string, exponent int, letter byte) string {
	fraction := digits[1:]
	if fraction == "" {
		fraction = "0"
	}
	sign := "+"
	if exponent < 0 {
		sign, exponent = "-", -exponent
	}
	return digits[:1] + "." + fraction + string(letter) + sign + strconv.Itoa(exponent)
}
