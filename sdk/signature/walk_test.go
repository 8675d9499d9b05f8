package signature

import (
	"slices"
	"testing"
)

func TestAt(t *testing.T) {
	v, err := ParseJSON([]byte(`{"data":{"list":[],"id":7,"none":null}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		keys []string
		kind Kind
		text string
	}{
		{nil, KindObject, ""},
		{[]string{"data", "id"}, KindNumber, "7"},
		{[]string{"data", "list"}, KindArray, ""},
		{[]string{"data", "list", "id"}, KindNull, ""}, // [] is PHP's empty object
		{[]string{"data", "none", "id"}, KindNull, ""},
		{[]string{"data", "id", "id"}, KindNull, ""},
		{[]string{"missing", "id"}, KindNull, ""},
	} {
		if got := v.At(c.keys...); got.Kind() != c.kind || got.Text() != c.text {
			t.Errorf("At(%q) is %v %q", c.keys, got, got.Text())
		}
	}
}

func TestElements(t *testing.T) {
	for text, want := range map[string][]string{
		`["b","a"]`: {"b", "a"}, `{"1":"b","0":"a"}`: {"b", "a"}, `[]`: nil, `{}`: nil, `null`: nil, `"ab"`: nil, `7`: nil,
	} {
		v, err := ParseJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, item := range v.Elements() {
			got = append(got, item.Text())
		}
		if !slices.Equal(got, want) {
			t.Errorf("of %s: %q, want %q", text, got, want)
		}
	}
}
