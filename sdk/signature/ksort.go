package signature

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/payhost/payhost/sdk/ordered"
)

// KSort returns an object with its keys in the order of PHP 8.2's ksort. Only
// the top level is sorted; a value that is not an object is returned as it is.
//
// The order is by bytes, except that two keys that both look like numbers to
// PHP ("9", "10", "1.5", "1e3", " 7") compare as numbers, and keys that are
// equal as numbers ("1", "01") keep their order. With keys such as "10", "9"
// and "1a" that rule contradicts itself (9 < 10 < 1a < 9), and what PHP makes
// of them depends on its sorting algorithm: no promise is made for those.
func KSort(v ordered.Value) ordered.Value {
	if v.Kind() != ordered.KindObject {
		return v
	}

	// Each key is read once, not once a comparison.
	members := v.Members()
	keys := make(map[string]phpKey, len(members))
	for _, member := range members {
		keys[member.Key] = newPHPKey(member.Key)
	}

	slices.SortStableFunc(members, func(a, b ordered.Member) int {
		return keys[a.Key].compare(keys[b.Key])
	})

	return ordered.Object(members...)
}

// phpKey is a key and what PHP takes it for when it compares.
type phpKey struct {
	text     string
	numeric  bool
	whole    bool // fits PHP's integer
	overflow bool // written as an integer that does not fit
	integer  int64
	double   float64
}

// newPHPKey recognizes PHP 8's numeric strings: white space is allowed at both
// ends.
func newPHPKey(text string) phpKey {
	key := phpKey{text: text}
	number := strings.Trim(text, " \t\n\r\v\f")
	numeric, whole := phpNumeric(number)
	if !numeric {
		return key
	}

	key.numeric = true
	if whole {
		integer, err := strconv.ParseInt(number, 10, 64)
		key.integer = integer
		key.whole = err == nil
		key.overflow = err != nil
	}

	// Out of range is an infinity or zero here, as in PHP.
	key.double, _ = strconv.ParseFloat(number, 64)
	return key
}

// phpNumeric reports whether text is a number to PHP: digits with a point
// before, among or after them, a sign and an exponent; whole says that it has
// neither point nor exponent.
func phpNumeric(text string) (numeric, whole bool) {
	rest := strings.TrimLeft(text, "+-")
	if len(text)-len(rest) > 1 {
		return false, false
	}

	// Digits alone are an integer.
	digits := countDigits(rest)
	rest = rest[digits:]
	if digits > 0 && rest == "" {
		return true, true
	}

	// Digits may stand on one side of the point only, but not on neither.
	if rest != "" && rest[0] == '.' {
		fraction := countDigits(rest[1:])
		digits += fraction
		rest = rest[1+fraction:]
	}

	if digits == 0 {
		return false, false
	}

	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		rest = rest[1:]
		if rest != "" && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		exponent := countDigits(rest)
		return exponent > 0 && exponent == len(rest), false
	}

	return rest == "", false
}

// countDigits returns how many digits text begins with.
func countDigits(text string) int {
	count := 0
	for count < len(text) && '0' <= text[count] && text[count] <= '9' {
		count++
	}
	return count
}

// compare is zend_compare of two array keys.
func (a phpKey) compare(b phpKey) int {
	switch {
	case !a.numeric || !b.numeric:
		return strings.Compare(a.text, b.text)
	case a.whole && b.whole:
		return cmp.Compare(a.integer, b.integer)
	case a.double == b.double && (math.IsInf(a.double, 0) || (a.overflow && b.overflow)):
		return strings.Compare(a.text, b.text)
	default:
		return cmp.Compare(a.double, b.double)
	}
}
