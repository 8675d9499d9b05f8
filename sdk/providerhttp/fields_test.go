package providerhttp_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// parts writes fields as multipart/form-data: pairs of name and value.
func parts(boundary string, pairs ...string) string {
	var text strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(
			&text,
			"--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n",
			boundary,
			pairs[i],
			pairs[i+1],
		)
	}

	return text.String()
}

func TestFieldsAreReadInEveryForm(t *testing.T) {
	whole := parts("b0", "a", "1.50", "b", "ж x", "a", "2") + "--b0--\r\n"
	const multipart = "multipart/form-data; boundary=b0"

	for name, c := range map[string]struct {
		contentType, body, query string
		want                     string // as JSON
		typed                    bool
	}{
		"JSON":                         {"", " {\"b\":1.50,\"a\":[true]}\n", "b=2", `{"b":1.50,"a":[true]}`, true},
		"JSON with a mark":             {"", "\ufeff{\"b\":1}", "", `{"b":1}`, true},
		"JSON with a byte of Latin-1":  {"", "{\"a\":\"\xe9\",\"b\":1}", "", `{"a":"` + "\ufffd" + `","b":1}`, true},
		"half of a JSON, and a query":  {"", `{"b":1`, "b=2", `{"{\"b\":1":"","b":"2"}`, false},
		"a form":                       {"", "b=1.50&a=%D0%B6+x&c", "", `{"b":"1.50","a":"ж x","c":""}`, false},
		"a form in Latin-1":            {"", "a=Jos%E9&b=1", "", `{"a":"Jos` + "\ufffd" + `","b":"1"}`, false},
		"a query":                      {"", "", "z=1&a=2", `{"z":"1","a":"2"}`, false},
		"a form beside a query":        {"", "a=1", "a=2&b=3", `{"a":"1","b":"3"}`, false},
		"a query beside a blank":       {"", "\r\n", "z=1", `{"z":"1"}`, false},
		"the first of a name":          {"", "a=1&b=2&a=3&%61=4", "", `{"a":"1","b":"2"}`, false},
		"nothing":                      {"", "", "", `{}`, false},
		"an array is no object":        {"", `["b=1"]`, "", `{"[\"b":"1\"]"}`, false},
		"a percent that escapes none":  {"", "a=100%&b=%zz&c=3", "", `{"a":"100%","b":"%zz","c":"3"}`, false},
		"a semicolon":                  {"", "a=1;b=2&c=3", "", `{"a":"1;b=2","c":"3"}`, false},
		"a name that needs quotes":     {"", "a%22=1", "", `{"a\"":"1"}`, false},
		"parts":                        {multipart, whole, "", `{"a":"1.50","b":"ж x"}`, false},
		"parts whose header was lost":  {"", whole, "", `{"a":"1.50","b":"ж x"}`, false},
		"parts under another boundary": {"multipart/form-data; boundary=b1", whole, "", `{"a":"1.50","b":"ж x"}`, false},
		"parts after a preamble":       {multipart, "hello\r\n" + whole, "", `{"a":"1.50","b":"ж x"}`, false},
		"parts without an end":         {multipart, parts("b0", "a", "1", "b", "2"), "", `{"a":"1","b":"2"}`, false},
		"parts beside a query":         {multipart, whole, "c=3", `{"a":"1.50","b":"ж x","c":"3"}`, false},
		"a form that begins with --":   {"", "--a=1&b=2", "", `{"--a":"1","b":"2"}`, false},
	} {
		got, typed := providerhttp.Fields(sdk.HTTPRequest{
			Header: http.Header{"Content-Type": {c.contentType}},
			Body:   []byte(c.body),
			Query:  c.query,
		})
		text, err := got.MarshalJSON()
		if string(text) != c.want || typed != c.typed || err != nil {
			t.Errorf("%s: got %s, typed %v, %v; want %s", name, text, typed, err, c.want)
		}
	}
}

func TestFieldsAreBounded(t *testing.T) {
	got, _ := providerhttp.Fields(sdk.HTTPRequest{Body: []byte(manyPairs(5000))})
	if n := len(got.Members()); n != 1000 {
		t.Errorf("%d fields of a form were read", n)
	}
}

func manyPairs(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "n%d=1&", i)
	}
	return text.String()
}

// A form says by its names what url.Values says, and nothing is lost.
func FuzzFields(f *testing.F) {
	f.Add([]byte("a=1&b=2&a=3"), "")
	f.Add([]byte(`{"a":1}`), "a=2")
	f.Add([]byte(""), "a=%C3%A9&;")
	f.Add([]byte(" "), "0")
	f.Add(bytes.Repeat([]byte("%61&"), 1<<18), strings.Repeat("a=&", 1<<18))
	f.Add(bytes.Repeat([]byte("--x\r\n\r\n"), 1<<17), "")
	f.Add([]byte("{}"+strings.Repeat(" ", 1<<20)), "")
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--"), "")

	f.Fuzz(func(t *testing.T, body []byte, query string) {
		got, typed := providerhttp.Fields(sdk.HTTPRequest{Body: body, Query: query})
		if _, err := got.MarshalJSON(); err != nil {
			t.Errorf("%q and %q: %v", body, query, err)
		}
		if typed || len(bytes.TrimSpace(body)) > 0 {
			return
		}

		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}

		for name := range values {
			if v, there := got.Get(strings.ToValidUTF8(name, "\ufffd")); !there ||
				v.Kind() != ordered.KindString {
				t.Errorf("%q: field %q is lost", query, name)
			}
		}
	})
}
