package ordered

import (
	"slices"
	"testing"
)

func TestAt(t *testing.T) {
	v, err := Parse([]byte(`{"data":{"list":[],"id":7,"none":null}}`))
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
		v, err := Parse([]byte(text))
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

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		`"No"`: "No", `7`: "7", `true`: "true", `false`: "", `null`: "", `[]`: "", `{}`: "", `{"key1": ["too short"]}`: `{"key1":["too short"]}`, `[""]`: `[""]`,
	} {
		v, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Message(); got != want {
			t.Errorf("of %s: %q, want %q", text, got, want)
		}
	}

	if got := Array(Number("no number")).Message(); got != "" {
		t.Errorf("of what is no JSON: %q", got)
	}
}

func TestTrue(t *testing.T) {
	for text, want := range map[string]bool{
		`true`: true, `1`: true, `"true"`: true, `"1"`: true, `false`: false, `0`: false, `"yes"`: false, `null`: false, `[1]`: false, `{}`: false,
	} {
		v, err := Parse([]byte(text))
		if err != nil || v.True() != want {
			t.Errorf("%s is %v, %v", text, v.True(), err)
		}
	}
}

func TestTrim(t *testing.T) {
	const text = `{"a":" x y\t","b":" ","c":{"d":"","e":{"f":"\n"}},"g":[" 1 ",""],"h":0,"i":false,"j":null,"k":[],"l":{"m":" n"}}`
	v, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}

	got, err := v.Trim().MarshalJSON()
	if err != nil ||
		string(got) != `{"a":"x y","g":["1",""],"h":0,"i":false,"j":null,"l":{"m":"n"}}` {
		t.Errorf("got %s, %v", got, err)
	}

	if before, _ := v.MarshalJSON(); string(before) != text {
		t.Errorf("the value itself became %s", before)
	}
}

func TestEachText(t *testing.T) {
	v, err := Parse([]byte(`{"a":"1","b":{"c":"2","d":{"e":"3"}},"f":4,"g":["5"]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	v.EachText(func(path, text string) { got = append(got, path+"="+text) })
	if want := []string{"a=1", "b.c=2", "b.d.e=3"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOf(t *testing.T) {
	v, err := Of(struct {
		B string `json:"b"`
		A any    `json:"a,omitempty"`
	}{"<é>", nil})
	if err != nil || v.At("b").Text() != "<é>" || len(v.Members()) != 1 {
		t.Errorf("got %v, %v", v, err)
	}

	if _, err := Of(func() {}); err == nil {
		t.Error("a function was encoded")
	}
}
