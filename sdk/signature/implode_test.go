package signature

import (
	"testing"

	"github.com/payhost/payhost/sdk/ordered"
)

func TestPHPImplode(t *testing.T) {
	for text, want := range map[string]string{
		`{"b":1000.00,"a":{"d":"x","c":[true,false,null]},"e":[]}`: "1000:x:1:::", `[]`: "", `"a:b"`: "a:b", `["",""]`: ":",
	} {
		v, err := ordered.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := PHPImplode(":", v); err != nil || got != want {
			t.Errorf("of %s: %q, %v, want %q", text, got, err, want)
		}
	}

	if _, err := PHPImplode(":", ordered.Array(ordered.Number("x"))); err == nil {
		t.Error("what is no number was joined")
	}
}
