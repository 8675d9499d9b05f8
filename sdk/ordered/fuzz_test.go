package ordered

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParse holds the parser to encoding/json. Both accept the same texts
// and read the same values, but for what Parse refuses on purpose.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		``, ` `, `null`, `true`, `[]`, `{}`, `"a"`, `-0`, `1.50`, `1E-7`, `12345678901234567890`, `01`, `1 2`, `[1,]`, `{"a":1,}`,
		`{"b":1,"a":{"x":[1,"2",null,false]},"b":2}`, `"\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\"`, `"\ud83d"`, `"\ude00"`, `"\\ud83d"`,
		"\"\xff\"", "\"\x01\"", "\xef\xbb\xbf1", `{"0":1,"1":2}`, `{"a":1e999}`, strings.Repeat("[", 65) + strings.Repeat("]", 65),
		`{"success":true,"transaction_id":3456789,"order_id":4567890,"message":"cancelled \/ auto"}`,
	} {
		f.Add([]byte(seed))
	}

	for _, repeated := range []string{"0,", `"\\u00e9",`, "[", "7", `{"a":0},`, "\xff"} {
		f.Add([]byte("[" + strings.Repeat(repeated, 1<<20/len(repeated)-1) + "0]"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data)
		if err != nil {
			ours := errors.Is(err, errDepth) || errors.Is(err, errMany) ||
				errors.Is(err, errUTF8) ||
				errors.Is(err, errSurrogate)
			if json.Valid(data) != ours {
				t.Fatalf("refused %q: %v", data, err)
			}

			return
		}

		if !json.Valid(data) || !utf8.Valid(data) {
			t.Fatalf("accepted %q", data)
		}
		out, err := v.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}

		if !reflect.DeepEqual(standard(t, data), standard(t, out)) {
			t.Fatalf("%q became %q", data, out)
		}
	})
}

func standard(t *testing.T, data []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
