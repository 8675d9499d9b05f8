package ordered

import "testing"

func TestTexts(t *testing.T) {
	v := Texts("b", "1", "a", "", "c", " ").With(Pair("b", Int(2)), Pair("d", Bool(true)))
	if text, err := v.MarshalJSON(); err != nil ||
		string(text) != `{"b":2,"c":" ","d":true}` {
		t.Errorf("got %s, %v", text, err)
	}

	if text, _ := Null().With(Pair("a", Null())).MarshalJSON(); string(
		text,
	) != `{"a":null}` {
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
	if err := Object(Pair("b", String("x")), Pair("a", Number("7"))).Decode(&into); err != nil ||
		into.A != 7 ||
		into.B != "x" {
		t.Errorf("got %+v, %v", into, err)
	}

	for _, wrong := range []Value{String("a"), Object(Pair("a", String("7"))), Object(Pair("a", Number("no number")))} {
		if err := wrong.Decode(&into); err == nil {
			t.Errorf("%v was decoded", wrong)
		}
	}
}

func TestParseLooselyHidesNothingBesideBrokenText(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":"Jos` + "\xe9" + `","b":1.50}`: `{"a":"Jos\ufffd","b":1.50}`,
		`{"a":"\ud83d cut","b":1}`:           `{"a":"\ufffd cut","b":1}`,
		`{"a":"\ud83d\ude00"}`:               `{"a":"\ud83d\ude00"}`,
		`{"a":1`:                             "",
		`{"a":1} x`:                          "",
	} {
		got, err := ParseLoosely([]byte(text))
		if (err != nil) != (want == "") {
			t.Errorf("%q: %v", text, err)
			continue
		}

		if want == "" {
			continue
		}
		wanted, err := Parse([]byte(want))
		if err != nil {
			t.Fatal(err)
		}

		if a, _ := got.MarshalJSON(); string(a) != string(must(wanted.MarshalJSON())) {
			t.Errorf("%q: got %s, want %s", text, a, want)
		}
	}
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}
