package signature

import (
	"testing"

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
