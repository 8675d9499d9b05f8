package signature

import (
	"bytes"
	"net/url"
	"testing"
)

func TestParseFields(t *testing.T) {
	for name, c := range map[string]struct {
		body, query string
		want        string // as JSON; "" is an error
		typed       bool
	}{
		"JSON":                    {" {\"b\":1.50,\"a\":[true]}\n", "b=2", `{"b":1.50,"a":[true]}`, true},
		"JSON with a mark":        {"\ufeff{\"b\":1}", "", `{"b":1}`, true},
		"half of a JSON":          {`{"b":1`, "b=2", "", true},
		"a form":                  {"b=1.50&a=%D0%B6+x&c", "b=2", `{"b":"1.50","a":"ж x","c":""}`, false},
		"a query":                 {"", "z=1&a=2", `{"z":"1","a":"2"}`, false},
		"a query beside a blank":  {"\r\n", "z=1", `{"z":"1"}`, false},
		"the first of a name":     {"a=1&b=2&a=3&%61=4", "", `{"a":"1","b":"2"}`, false},
		"nothing":                 {"", "", `{}`, false},
		"an array is no form":     {`["b=1"]`, "", `{"[\"b":"1\"]"}`, false},
		"a broken escape":         {"a=%zz", "", "", false},
		"another separator":       {"a=1;b=2", "", "", false},
		"a name that needs quote": {"a%22=1", "", `{"a\"":"1"}`, false},
	} {
		got, typed, err := ParseFields([]byte(c.body), c.query)
		if (err != nil) != (c.want == "") || typed != c.typed {
			t.Errorf("%s: typed is %v, error %v", name, typed, err)
			continue
		}
		if text, _ := got.MarshalJSON(); err == nil && string(text) != c.want {
			t.Errorf("%s: got %s, want %s", name, text, c.want)
		}
	}
}

// A form says by its names what url.Values says, and nothing is lost.
func FuzzParseFields(f *testing.F) {
	f.Add([]byte("a=1&b=2&a=3"), "")
	f.Add([]byte(`{"a":1}`), "a=2")
	f.Add([]byte(""), "a=%C3%A9&;")
	f.Add([]byte(" "), "0")
	f.Fuzz(func(t *testing.T, body []byte, query string) {
		got, typed, err := ParseFields(body, query)
		if err != nil || typed {
			return
		}
		form, body := query, bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
		if len(body) > 0 {
			form = string(body)
		}
		values, _ := url.ParseQuery(form)
		for _, m := range got.Members() {
			if !values.Has(m.Key) || m.Value.Kind() != KindString {
				t.Errorf("%q and %q: a field %q that is not there", body, query, m.Key)
			}
		}
		for name := range values {
			if v, there := got.Get(name); !there || v.Text() != values.Get(name) {
				t.Errorf("%q: field %q is lost", form, name)
			}
		}
	})
}

func TestTexts(t *testing.T) {
	v := Texts("b", "1", "a", "", "c", " ").With(Pair("b", Int(2)), Pair("d", Bool(true)))
	if text, err := v.MarshalJSON(); err != nil || string(text) != `{"b":2,"c":" ","d":true}` {
		t.Errorf("got %s, %v", text, err)
	}
	if text, _ := Null().With(Pair("a", Null())).MarshalJSON(); string(text) != `{"a":null}` {
		t.Errorf("of null: %s", text)
	}
	if v := Texts(); v.Kind() != KindObject || len(v.Members()) != 0 {
		t.Errorf("of nothing: %v", v)
	}
}

func TestDecode(t *testing.T) {
	var into struct {
		A int    `json:"a"`
		B string `json:"b"`
	}
	if err := Object(Pair("b", String("x")), Pair("a", Number("7"))).Decode(&into); err != nil || into.A != 7 || into.B != "x" {
		t.Errorf("got %+v, %v", into, err)
	}
	for _, wrong := range []Value{String("a"), Object(Pair("a", String("7"))), Object(Pair("a", Number("no number")))} {
		if err := wrong.Decode(&into); err == nil {
			t.Errorf("%v was decoded", wrong)
		}
	}
}
