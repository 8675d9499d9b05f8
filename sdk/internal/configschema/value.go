package configschema

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// maxDecimal bounds a decimal in characters, as sdk.ParseAmount does: a hostile
// number must not grow into megabytes of digits when it is computed with.
const maxDecimal = 64

// plainDecimal is a decimal without exponent.
var plainDecimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

var errDecimal = errors.New("is not plain digits with at most one point")

func parseDecimal(text string) (decimal.Decimal, error) {
	if len(text) > maxDecimal || !plainDecimal.MatchString(text) {
		return decimal.Decimal{}, errDecimal
	}
	return decimal.NewFromString(text)
}

// String says in words what is expected, as in "must be text".
func (t fieldType) String() string {
	return map[fieldType]string{
		typeText:     "text",
		typeSecret:   "text",
		typeBool:     "true or false",
		typeInt:      "a whole number",
		typeDecimal:  "a decimal number",
		typeDuration: `a duration such as "30s"`,
		typeStruct:   "an object",
	}[t]
}

// mismatch returns the message for a value of the wrong kind.
func (t fieldType) mismatch(value *jsonNode) string {
	hint := ""
	if (t == typeText || t == typeSecret) && value.kind == kindNumber {
		hint = ": put it in quotes" // such as an id with zeros in front
	}
	return fmt.Sprintf("must be %s, not %s%s", t, value.kind, hint)
}

// set puts one value, neither list nor object, into target and returns what is
// wrong with it; "" when nothing is. No message repeats the value.
func (f *fieldPlan) set(value *jsonNode, target reflect.Value) string {
	switch f.typ {
	case typeBool:
		if value.kind != kindBool {
			return f.typ.mismatch(value)
		}
		target.SetBool(value.truth)
		return ""
	case typeInt:
		return f.setInt(value, target)
	case typeDecimal:
		return f.setDecimal(value, target)
	}

	if value.kind != kindText {
		return f.typ.mismatch(value)
	}
	if problem := f.checkText(value.text); problem != "" {
		return problem
	}

	return f.setText(value.text, target)
}

func (f *fieldPlan) setText(text string, target reflect.Value) string {
	switch {
	case f.typ == typeDuration:
		return f.setDuration(text, target)
	case f.typ == typeSecret, f.checks:
		if err := unmarshalText(text, target); err != nil {
			return err.Error()
		}
	default:
		target.SetString(text)
	}

	return ""
}

func (f *fieldPlan) setInt(value *jsonNode, target reflect.Value) string {
	if value.kind != kindNumber {
		return f.typ.mismatch(value)
	}
	if strings.ContainsAny(value.text, ".eE") {
		return "must be a whole number, without point and exponent"
	}

	number, err := strconv.ParseInt(value.text, 10, strconv.IntSize)
	if err != nil {
		return fmt.Sprintf("must be a whole number of at most %d bits", strconv.IntSize)
	}
	if problem := f.checkBounds(decimal.NewFromInt(number)); problem != "" {
		return problem
	}

	target.SetInt(number)
	return ""
}

func (f *fieldPlan) setDecimal(value *jsonNode, target reflect.Value) string {
	if value.kind != kindNumber && value.kind != kindText {
		return f.typ.mismatch(value)
	}

	// The digits are read as they were written: no float comes between.
	number, err := parseDecimal(value.text)
	if err != nil {
		return fmt.Sprintf(
			"must be a decimal number, at most %d digits with at most one point",
			maxDecimal,
		)
	}

	if problem := f.checkBounds(number); problem != "" {
		return problem
	}
	target.Set(reflect.ValueOf(number))

	return ""
}

func (f *fieldPlan) setDuration(text string, target reflect.Value) string {
	duration, err := time.ParseDuration(text)
	if err != nil {
		return `must be a duration such as "30s" or "1h30m"`
	}
	if problem := f.checkBounds(decimal.NewFromInt(int64(duration))); problem != "" {
		return problem
	}
	target.SetInt(int64(duration))
	return ""
}

func (f *fieldPlan) checkBounds(number decimal.Decimal) string {
	if f.min != nil && number.LessThan(f.min.value) {
		return "must be at least " + f.min.text
	}
	if f.max != nil && number.GreaterThan(f.max.value) {
		return "must be at most " + f.max.text
	}
	return ""
}

func (f *fieldPlan) checkText(text string) string {
	if (f.typ == typeSecret || f.identity) && text != strings.TrimFunc(text, isBlank) {
		return "starts or ends with white space, which usually comes from a file's last line"
	}

	// They come from copying, and break headers and signatures.
	for _, char := range text {
		if unicode.IsControl(char) || char == '\u2028' || char == '\u2029' {
			return "contains a line break or another control character"
		}
		if char == utf8.RuneError { // also what encoding/json makes of half a surrogate pair
			return "contains something that is not a character"
		}
	}

	if f.oneOf != nil {
		return f.checkOneOf(text)
	}
	if f.uri {
		return checkURL(text)
	}

	return ""
}

func (f *fieldPlan) checkOneOf(text string) string {
	for _, value := range f.oneOf {
		if text == value {
			return ""
		}
	}
	return `must be one of "` + strings.Join(f.oneOf, `", "`) + `"`
}

// isBlank counts the invisible characters too that come along when a value is
// copied from a web page.
func isBlank(char rune) bool {
	return unicode.IsSpace(char) || unicode.Is(unicode.Cf, char)
}
