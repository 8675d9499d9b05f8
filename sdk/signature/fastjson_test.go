package signature

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/payhost/payhost/sdk/ordered"
)

func TestFastJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{"b": "a/b <é>&", "a": [1, true, null]}`: `{"b":"a/b <é>&","a":[1,true,null]}`,
		`"\u001f\n\u2028"`:                        `"\u001F\n\u2028"`,
		"\"\u0085\"":                              `"\u0085"`,
		`[10.50, 1e3, 0.00000012, -7]`:            `[10.50,1E+3,1.2E-7,-7]`,
		`"7e3 is no number"`:                      `"7e3 is no number"`,
	} {
		v, err := ordered.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := FastJSON(v); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", text, got, err, want)
		}
	}

	if _, err := FastJSON(ordered.String("\xff")); err == nil {
		t.Error("a text that is not UTF-8 was written")
	}
}

// decimalJava is javaNumber by another way: with package decimal.
func decimalJava(text string) string {
	d, err := decimal.NewFromString(text)
	if err != nil {
		return text
	}
	first := int(d.Exponent()) + d.NumDigits() - 1
	if d.Exponent() <= 0 && first >= -6 {
		return d.StringFixed(-d.Exponent())
	}

	return fmt.Sprintf(
		"%sE%+d",
		d.Shift(int32(-first)).StringFixed(int32(d.NumDigits()-1)),
		first,
	)
}

func TestJavaNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,2})?`).
			Draw(t, "number")
		if got, want := javaNumber(text), decimalJava(text); got != want {
			t.Fatalf("%s: got %s, want %s", text, got, want)
		}
	})

	for text, want := range map[string]string{
		"1e2147483647": "1E+2147483647", "1e-2147483648": "1E-2147483648", "1e2147483648": "1e2147483648", "1.5e-2147483648": "1.5e-2147483648",
		"-0": "0", "-0.00": "0.00", "0e5": "0E+5",
	} {
		if got := javaNumber(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
