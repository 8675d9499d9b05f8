package ordered

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

func parse(t *testing.T, text string) Value {
	t.Helper()
	v, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func exactly(t *testing.T, v Value) string {
	t.Helper()
	out, err := v.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func TestParseKeepsOrderAndText(t *testing.T) {
	const text = `{"z":1.500,"a":[1E+2,-0.0,12345678901234567890],"z2":{"b":null,"a":true},"s":"é<>&"}`
	out, err := parse(t, text).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	same(t, "written again", string(out), text)
}

func TestParseEqualKeys(t *testing.T) {
	out, _ := parse(t, `{"a":1,"b":{"x":1,"x":2},"a":3}`).MarshalJSON()
	same(t, "last value, first place", string(out), `{"a":3,"b":{"x":2}}`)
}

func TestParseLimits(t *testing.T) {
	nested := func(open, shut string, n int) string { return strings.Repeat(open, n) + strings.Repeat(shut, n) }
	for name, c := range map[string]struct {
		text string
		want error // nil: accepted
	}{
		"values at the limit":    {"[1" + strings.Repeat(",1", MaxValues-2) + "]", nil},
		"values beyond it":       {"[1" + strings.Repeat(",1", MaxValues-1) + "]", errMany},
		"arrays at the limit":    {nested("[", "]", MaxDepth), nil},
		"arrays beyond it":       {nested("[", "]", MaxDepth+1), errDepth},
		"objects at the limit":   {strings.Repeat(`{"a":`, MaxDepth) + "1" + strings.Repeat("}", MaxDepth), nil},
		"objects beyond it":      {strings.Repeat(`{"a":`, MaxDepth+1) + "1" + strings.Repeat("}", MaxDepth+1), errDepth},
		"wide is not deep":       {"[" + strings.Repeat("[],", 1000) + "[]]", nil},
		"invalid UTF-8":          {"\"\xc3\"", errUTF8},
		"invalid UTF-8 in a key": {"{\"\xff\":1}", errUTF8},
		"a surrogate in UTF-8":   {"\"\xed\xa0\x80\"", errUTF8},
		"high half":              {`"\ud83d"`, errSurrogate},
		"high half, then text":   {`"\ud83dxxxxxx"`, errSurrogate},
		"low half":               {`"\uDE00"`, errSurrogate},
		"high half twice":        {`"\ud83d\ud83d\ude00"`, errSurrogate},
		"half in a key":          {`{"\ud83d":1}`, errSurrogate},
		"both halves":            {`"\uD83D\uDE00\ud83d\ude00"`, nil},
		"an escaped backslash":   {`"\\ud83d"`, nil},
		"two escaped, then half": {`"\\\\\ud83d"`, errSurrogate},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse([]byte(c.text)); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

func TestParseErrorsDoNotQuote(t *testing.T) {
	_, err := Parse([]byte(`{"secret":"hunter2"} hunter2`))
	if err == nil || strings.Contains(err.Error(), "hunter") {
		t.Errorf("error %v", err)
	}
}

func TestValueAsAField(t *testing.T) {
	var body struct {
		Data Value `json:"additional_data"`
	}
	if err := json.Unmarshal([]byte(`{"additional_data":[{"b":1.0,"a":2}],"x":1}`), &body); err != nil {
		t.Fatal(err)
	}

	out, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "written again", string(out), `{"additional_data":[{"b":1.0,"a":2}]}`)

	if err := json.Unmarshal([]byte(`{"additional_data":"\ud83d"}`), &body); !errors.Is(
		err,
		errSurrogate,
	) {
		t.Errorf("error %v", err)
	}
}

func TestConstructors(t *testing.T) {
	v := Object(
		Pair(
			"n",
			Null(),
		),
		Pair("t", Bool(true)),
		Pair("f", Bool(false)),
		Pair("s", String("x")),
		Pair(
			"i",
			Int(-9223372036854775808),
		),
		Pair("d", Decimal(decimal.RequireFromString("10.00"))),
		Pair(
			"c",
			Decimal(decimal.RequireFromString("1234567890123456789.05")),
		),
		Pair("raw", Number("1e2")),
		Pair(
			"a",
			Array(Int(1), Array()),
		),
		Pair("o", Object()),
		Pair("s", String("y")),
		Pair("zero", Value{}),
	)

	out, err := v.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	same(
		t,
		"JSON",
		string(out),
		`{"n":null,"t":true,"f":false,"s":"y","i":-9223372036854775808,"d":10,`+
			`"c":1234567890123456789.05,"raw":1e2,"a":[1,[]],"o":{},"zero":null}`,
	)
}

func TestLookups(t *testing.T) {
	v := parse(t, `{"s":"text","n":10.50,"t":true,"z":null,"a":[1],"o":{"k":"v"}}`)
	for key, want := range map[string]string{"s": "text", "n": "10.50", "t": "true", "z": "", "a": "", "o": ""} {
		got, ok := v.Get(key)
		if !ok || got.Text() != want {
			t.Errorf("%s: %q, %v", key, got.Text(), ok)
		}
	}

	if got, ok := v.Get("missing"); ok || got.Kind() != KindNull {
		t.Errorf("missing: %v, %v", got, ok)
	}
	if got, ok := String("s").Get("s"); ok || got.Kind() != KindNull {
		t.Errorf("key of a string: %v, %v", got, ok)
	}

	same(
		t,
		"without",
		exactly(t, v.Without("n", "a", "o", "no such")),
		`{"s":"text","t":true,"z":null}`,
	)
	if v.Items() != nil || Array(Int(1)).Members() != nil {
		t.Error("items of an object or members of an array")
	}
}

func TestPrintingAValueShowsNothing(t *testing.T) {
	v := Object(Pair("secret_key", String("hunter2")))
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %s %v", v, v, v, []Value{v})
	if strings.Contains(out.String(), "hunter2") ||
		!strings.Contains(out.String(), "object") {
		t.Errorf("printed %q", out.String())
	}
}
