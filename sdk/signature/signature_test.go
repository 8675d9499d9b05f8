package signature

import (
	"testing"

	"github.com/payhost/payhost/sdk/ordered"
)

// Published vectors: RFC 4231 case 2 for HMAC, RFC 1321 and FIPS 180 for the
// digests.
func TestDigests(t *testing.T) {
	const key, message = "Jefe", "what do ya want for nothing?"
	same(
		t,
		"hex",
		HMACSHA256Hex(key, message),
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	)
	same(
		t,
		"base64",
		HMACSHA256Base64(key, message),
		"W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=",
	)

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

// What a caller does with what it got, or with what it gave, changes nothing.
func TestValuesDoNotChange(t *testing.T) {
	given := []ordered.Value{ordered.Int(1), ordered.Int(2)}
	v := ordered.Object(
		ordered.Pair("b", ordered.Array(given...)),
		ordered.Pair(
			"a",
			ordered.Object(
				ordered.Pair("d", ordered.Int(1)),
				ordered.Pair("c", ordered.Int(2)),
			),
		),
	)

	want := phpJSON(t, v)

	given[0] = ordered.String("changed")
	v.Members()[0].Key = "changed"
	b, _ := v.Get("b")
	b.Items()[0] = ordered.String("changed")
	KSort(v)
	v.SortKeys()
	v.Without("b")
	same(t, "the same as before", phpJSON(t, v), want)
}

func TestSortKeys(t *testing.T) {
	v := parse(t, `{"10":1,"9":2,"b":{"z":1,"a":[{"y":1,"x":2},"q","p"]},"B":3}`)
	same(
		t,
		"sorted",
		phpJSON(t, v.SortKeys()),
		`{"10":1,"9":2,"B":3,"b":{"a":[{"x":2,"y":1},"q","p"],"z":1}}`,
	)
	same(
		t,
		"an array",
		phpJSON(t, parse(t, `[2,1,{"b":1,"a":2}]`).SortKeys()),
		`[2,1,{"a":2,"b":1}]`,
	)

	same(t, "ksort of an array", phpJSON(t, KSort(parse(t, `["b","a"]`))), `["b","a"]`)
}

func TestWhatPHPRefuses(t *testing.T) {
	bad := "a\xff"
	for name, v := range map[string]ordered.Value{
		"a string":        ordered.String(bad),
		"a key":           ordered.Object(ordered.Pair(bad, ordered.Null())),
		"deep":            ordered.Array(ordered.Object(ordered.Pair("a", ordered.Array(ordered.String(bad))))),
		"in a list":       ordered.Object(ordered.Pair("0", ordered.String(bad))),
		"beyond doubles":  ordered.Number("1e999"),
		"below doubles":   ordered.Array(ordered.Number("-1e999")),
		"no number":       ordered.Number("1,5"),
		"an empty number": ordered.Number(""),
		"hexadecimal":     ordered.Number("0x10"),
		"NaN":             ordered.Number("NaN"),
		"a leading zero":  ordered.Number("01"),
		"a line end":      ordered.Number("1\n"),
	} {
		if got, err := PHPJSON(v); err == nil || got != "" {
			t.Errorf("%s: wrote %q, error %v", name, got, err)
		}
	}

	for name, v := range map[string]ordered.Value{
		"no number": ordered.Number("1_0"), "an array": ordered.Array(), "an object": ordered.Object(),
	} {
		if got, err := PHPString(v); err == nil || got != "" {
			t.Errorf("PHPString of %s: %q, error %v", name, got, err)
		}
	}

	for name, v := range map[string]ordered.Value{
		"a string": ordered.String("a=b"), "null": ordered.Null(), "no number": ordered.Array(ordered.Number("x")), "nested": ordered.Object(ordered.Pair("a", ordered.Array(ordered.Number("")))),
	} {
		if got, err := PHPQuery(v); err == nil || got != "" {
			t.Errorf("PHPQuery of %s: %q, error %v", name, got, err)
		}
	}

	if out, err := ordered.Number("x").MarshalJSON(); err == nil {
		t.Errorf("MarshalJSON wrote %q", out)
	}
}

func TestPHPString(t *testing.T) {
	for want, v := range map[string]ordered.Value{
		"1": ordered.Bool(true), "1000": ordered.Number("1000.00"), "1000.00": ordered.String("1000.00"), "é": ordered.String("é"), "-5": ordered.Int(-5),
	} {
		same(t, "PHPString", phpString(t, v), want)
	}
	same(t, "false", phpString(t, ordered.Bool(false)), "")
	same(t, "null", phpString(t, ordered.Null()), "")
}
