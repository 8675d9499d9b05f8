package signature

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

// Published vectors: RFC 4231 case 2 for HMAC, RFC 1321 and FIPS 180 for the
// digests.
func TestDigests(t *testing.T) {
	const key, message = "Jefe", "what do ya want for nothing?"
	same(t, "hex", HMACSHA256Hex(key, message), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
	same(t, "base64", HMACSHA256Base64(key, message), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=")
	same(t, "md5", MD5Hex("abc"), "900150983cd24fb0d6963f7d28e17f72")
	same(t, "sha1", SHA1Hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d")
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"abc", "abc", true},
		{"abc", "abd", false},
		{"abc", "ABC", false},
		{"abc", "abcd", false},
		{"abc", "", false},
		{"", "abc", false},
		{"", "", false}, // nothing sent against no secret set
	} {
		if got := Equal(c.a, c.b); got != c.want {
			t.Errorf("Equal(%q, %q) = %v", c.a, c.b, got)
		}
	}
}

func TestEqualAny(t *testing.T) {
	for _, c := range []struct {
		got        string
		candidates []string
		want       bool
	}{
		{"new", []string{"new", "old"}, true},
		{"old", []string{"new", "old"}, true},
		{"older", []string{"new", "old"}, false},
		{"new", nil, false},
		{"new", []string{""}, false},
		{"", []string{""}, false},
		{"same", []string{"same", "same"}, true},
	} {
		if got := EqualAny(c.got, c.candidates...); got != c.want {
			t.Errorf("EqualAny(%q, %q) = %v", c.got, c.candidates, got)
		}
	}
}

func TestParseJSONKeepsOrderAndText(t *testing.T) {
	const text = `{"z":1.500,"a":[1E+2,-0.0,12345678901234567890],"z2":{"b":null,"a":true},"s":"é<>&"}`
	out, err := parse(t, text).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	same(t, "written again", string(out), text)
}

func TestParseJSONEqualKeys(t *testing.T) {
	out, _ := parse(t, `{"a":1,"b":{"x":1,"x":2},"a":3}`).MarshalJSON()
	same(t, "last value, first place", string(out), `{"a":3,"b":{"x":2}}`)
}

func TestParseJSONLimits(t *testing.T) {
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
			if _, err := ParseJSON([]byte(c.text)); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

func TestParseJSONErrorsDoNotQuote(t *testing.T) {
	_, err := ParseJSON([]byte(`{"secret":"hunter2"} hunter2`))
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

	if err := json.Unmarshal([]byte(`{"additional_data":"\ud83d"}`), &body); !errors.Is(err, errSurrogate) {
		t.Errorf("error %v", err)
	}
}

func TestConstructors(t *testing.T) {
	v := Object(
		Pair("n", Null()), Pair("t", Bool(true)), Pair("f", Bool(false)), Pair("s", String("x")),
		Pair("i", Int(-9223372036854775808)), Pair("d", Decimal(decimal.RequireFromString("10.00"))),
		Pair("c", Decimal(decimal.RequireFromString("1234567890123456789.05"))), Pair("raw", Number("1e2")),
		Pair("a", Array(Int(1), Array())), Pair("o", Object()), Pair("s", String("y")), Pair("zero", Value{}),
	)
	out, err := v.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	same(t, "JSON", string(out), `{"n":null,"t":true,"f":false,"s":"y","i":-9223372036854775808,"d":10,`+
		`"c":1234567890123456789.05,"raw":1e2,"a":[1,[]],"o":{},"zero":null}`)
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
	same(t, "without", phpJSON(t, v.Without("n", "a", "o", "no such")), `{"s":"text","t":true,"z":null}`)
	if v.Items() != nil || Array(Int(1)).Members() != nil {
		t.Error("items of an object or members of an array")
	}
}

// What a caller does with what it got, or with what it gave, changes nothing.
func TestValuesDoNotChange(t *testing.T) {
	given := []Value{Int(1), Int(2)}
	v := Object(Pair("b", Array(given...)), Pair("a", Object(Pair("d", Int(1)), Pair("c", Int(2)))))
	want := phpJSON(t, v)

	given[0] = String("changed")
	v.Members()[0].Key = "changed"
	b, _ := v.Get("b")
	b.Items()[0] = String("changed")
	v.KSort()
	v.SortKeys()
	v.Without("b")
	same(t, "the same as before", phpJSON(t, v), want)
}

func TestSortKeys(t *testing.T) {
	v := parse(t, `{"10":1,"9":2,"b":{"z":1,"a":[{"y":1,"x":2},"q","p"]},"B":3}`)
	same(t, "sorted", phpJSON(t, v.SortKeys()), `{"10":1,"9":2,"B":3,"b":{"a":[{"x":2,"y":1},"q","p"],"z":1}}`)
	same(t, "an array", phpJSON(t, parse(t, `[2,1,{"b":1,"a":2}]`).SortKeys()), `[2,1,{"a":2,"b":1}]`)
	same(t, "ksort of an array", phpJSON(t, parse(t, `["b","a"]`).KSort()), `["b","a"]`)
}

func TestWhatPHPRefuses(t *testing.T) {
	bad := "a\xff"
	for name, v := range map[string]Value{
		"a string":        String(bad),
		"a key":           Object(Pair(bad, Null())),
		"deep":            Array(Object(Pair("a", Array(String(bad))))),
		"in a list":       Object(Pair("0", String(bad))),
		"beyond doubles":  Number("1e999"),
		"below doubles":   Array(Number("-1e999")),
		"no number":       Number("1,5"),
		"an empty number": Number(""),
		"hexadecimal":     Number("0x10"),
		"NaN":             Number("NaN"),
		"a leading zero":  Number("01"),
		"a line end":      Number("1\n"),
	} {
		if got, err := PHPJSON(v); err == nil || got != "" {
			t.Errorf("%s: wrote %q, error %v", name, got, err)
		}
	}
	for name, v := range map[string]Value{
		"no number": Number("1_0"), "an array": Array(), "an object": Object(),
	} {
		if got, err := PHPString(v); err == nil || got != "" {
			t.Errorf("PHPString of %s: %q, error %v", name, got, err)
		}
	}
	for name, v := range map[string]Value{
		"a string": String("a=b"), "null": Null(), "no number": Array(Number("x")), "nested": Object(Pair("a", Array(Number("")))),
	} {
		if got, err := PHPQuery(v); err == nil || got != "" {
			t.Errorf("PHPQuery of %s: %q, error %v", name, got, err)
		}
	}
	if out, err := Number("x").MarshalJSON(); err == nil {
		t.Errorf("MarshalJSON wrote %q", out)
	}
}

func TestPHPString(t *testing.T) {
	for want, v := range map[string]Value{
		"1": Bool(true), "1000": Number("1000.00"), "1000.00": String("1000.00"), "é": String("é"), "-5": Int(-5),
	} {
		same(t, "PHPString", phpString(t, v), want)
	}
	same(t, "false", phpString(t, Bool(false)), "")
	same(t, "null", phpString(t, Null()), "")
}

func TestPrintingAValueShowsNothing(t *testing.T) {
	v := Object(Pair("secret_key", String("hunter2")))
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %s %v", v, v, v, []Value{v})
	if strings.Contains(out.String(), "hunter2") || !strings.Contains(out.String(), "object") {
		t.Errorf("printed %q", out.String())
	}
}
