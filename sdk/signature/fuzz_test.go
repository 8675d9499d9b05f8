package signature

import (
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk/ordered"
)

// FuzzForms looks for crashes, and for JSON that cannot be read again.
func FuzzForms(f *testing.F) {
	for _, seed := range []string{
		`{"b":1,"a":{"x":[1,"2",null,false]},"b":2}`, `{"0":1,"1":2}`, `{"a":1e999}`, `[0.0,-0,1e3,0.00000012,1E-7]`,
		`"\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\"`, `{" 1":1,"1":2,"01":3,"1e3":4,"a":[{}]}`,
	} {
		f.Add([]byte(seed))
	}

	for _, repeated := range []string{"0.10e-7,", `"\\u00e9",`, "7", `{"a":0},`} {
		f.Add([]byte("[" + strings.Repeat(repeated, 1<<20/len(repeated)-1) + "0]"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := ordered.ParseLoosely(data)
		if err != nil {
			return
		}
		isList := v.Kind() == ordered.KindArray || v.Kind() == ordered.KindObject
		if _, err := PHPQuery(v); err != nil && isList && len(data) < 1000 {
			t.Fatal(err)
		}

		_, _ = PHPImplode(":", v)
		if text, err := FastJSON(v); err != nil {
			t.Fatalf("%q: %v", data, err)
		} else if _, err := ordered.Parse([]byte(text)); err != nil {
			t.Fatalf("%q: %v", text, err)
		}

		text, err := PHPJSON(KSort(v))
		if err != nil {
			return // a number beyond a double's range
		}
		if _, err := ordered.Parse([]byte(text)); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
