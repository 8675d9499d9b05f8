package sdk

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// String says in words what is expected, as in "must be text".
func (t configType) String() string {
	return map[configType]string{
		typeText: "text", typeSecret: "text", typeBool: "true or false", typeInt: "a whole number",
		typeDecimal: "a decimal number", typeDuration: `a duration such as "30s"`, typeStruct: "an object",
	}[t]
}

// mismatch is the message for a value of the wrong kind.
func (t configType) mismatch(n *configNode) string {
	hint := ""
	if (t == typeText || t == typeSecret) && n.kind == configNumber {
		hint = ": put it in quotes" // such as an id with zeros in front
	}
	return fmt.Sprintf("must be %s, not %s%s", t, n.kind, hint)
}

// setValue puts one value, no list and no object, into v and gives what is wrong with it; "" when nothing is. No
// message repeats the value.
func (f *configField) setValue(n *configNode, v reflect.Value) string {
	switch f.typ {
	case typeBool:
		if n.kind != configBool {
			return f.typ.mismatch(n)
		}
		v.SetBool(n.truth)
		return ""
	case typeInt:
		return f.setInt(n, v)
	case typeDecimal:
		return f.setDecimal(n, v)
	}
	if n.kind != configText {
		return f.typ.mismatch(n)
	}
	if problem := f.checkText(n.text); problem != "" {
		return problem
	}
	switch f.typ {
	case typeDuration:
		return f.setDuration(n.text, v)
	case typeSecret:
		v.Set(reflect.ValueOf(NewSecret(n.text)))
	default:
		v.SetString(n.text)
	}
	return ""
}

func (f *configField) setInt(n *configNode, v reflect.Value) string {
	if n.kind != configNumber {
		return f.typ.mismatch(n)
	}
	if strings.ContainsAny(n.text, ".eE") {
		return "must be a whole number, without point and exponent"
	}
	i, err := strconv.ParseInt(n.text, 10, strconv.IntSize)
	if err != nil {
		return fmt.Sprintf("must be a whole number of at most %d bits", strconv.IntSize)
	}
	if problem := f.checkBounds(decimal.NewFromInt(i)); problem != "" {
		return problem
	}
	v.SetInt(i)
	return ""
}

func (f *configField) setDecimal(n *configNode, v reflect.Value) string {
	if n.kind != configNumber && n.kind != configText {
		return f.typ.mismatch(n)
	}
	d, err := ParseAmount(n.text)
	if err != nil {
		return fmt.Sprintf("must be a decimal number, at most %d digits with at most one point", maxAmountLength)
	}
	if problem := f.checkBounds(d); problem != "" {
		return problem
	}
	v.Set(reflect.ValueOf(d))
	return ""
}

func (f *configField) setDuration(text string, v reflect.Value) string {
	d, err := time.ParseDuration(text)
	if err != nil {
		return `must be a duration such as "30s" or "1h30m"`
	}
	if problem := f.checkBounds(decimal.NewFromInt(int64(d))); problem != "" {
		return problem
	}
	v.SetInt(int64(d))
	return ""
}

func (f *configField) checkBounds(d decimal.Decimal) string {
	if f.min != nil && d.LessThan(f.min.value) {
		return "must be at least " + f.min.text
	}
	if f.max != nil && d.GreaterThan(f.max.value) {
		return "must be at most " + f.max.text
	}
	return ""
}

func (f *configField) checkText(text string) string {
	if (f.typ == typeSecret || f.identity) && text != strings.TrimFunc(text, isBlank) {
		return "starts or ends with white space, which usually comes from a file's last line"
	}
	for _, r := range text {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return "contains a line break or another control character"
		}
		if r == utf8.RuneError { // also what encoding/json makes of half a surrogate pair
			return "contains something that is not a character"
		}
	}
	if f.oneOf != nil {
		return f.checkOneOf(text)
	}
	if f.uri {
		return checkURL(text)
	}
	if f.check != nil {
		return f.check(text)
	}
	return ""
}

func (f *configField) checkOneOf(text string) string {
	for _, value := range f.oneOf {
		if text == value {
			return ""
		}
	}
	return `must be one of "` + strings.Join(f.oneOf, `", "`) + `"`
}

// isBlank counts the invisible characters too that come along when a value is copied from a web page.
func isBlank(r rune) bool {
	return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)
}
