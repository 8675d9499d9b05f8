package golden

import (
	"net/http"
	"strings"
	"testing"
)

// What counts as the same request, and what the test is told when it is not.
func TestRequestsAreComparedByValue(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	const boundary = "multipart/form-data; boundary=x"
	for _, c := range []struct {
		name              string
		want, got         string // bodies
		contentType       string
		wantURL, gotURL   string
		wantMethod        string
		varying           []string
		says, doesNotShow string
	}{
		{name: "the order of keys", want: `{"a":1,"b":{"c":[1,2]}}`, got: `{ "b": {"c":[1, 2]}, "a": 1 }`},
		{name: "another value", want: `{"a":{"b":[1,"x"]}}`, got: `{"a":{"b":[1,"y"]}}`, says: `body.a.b[1]: is not the same: recorded "x", now "y"`},
		{name: "another spelling of a number", want: `{"a":60.00}`, got: `{"a":60}`, says: `body.a: is not the same: recorded "60.00", now "60"`},
		{name: "a number as text", want: `{"a":60}`, got: `{"a":"60"}`, says: "body.a"},
		{name: "a list of another length", want: `[1]`, got: `[1,2]`, says: "body"},
		{name: "a field less", want: `{"a":1,"b":null}`, got: `{"a":1}`, says: "body.b: is missing now"},
		{name: "a field more", want: `{"a":1}`, got: `{"a":1,"b":"hush"}`, says: "body.b: was not recorded", doesNotShow: "hush"},
		{name: "no JSON any more", want: `{"a":1}`, got: `a=1`, says: "is no JSON now"},
		{name: "two values", want: `{"a":1}`, got: `{"a":1}{}`, says: "is no JSON now"},
		{name: "a secret", want: `{"key":"[secret]","n":"[secret]"}`, got: `{"key":"hush","n":[47]}`},
		{name: "a secret in a text", want: `{"auth":"Key [secret], id [secret]."}`, got: `{"auth":"Key a, id b."}`},
		{name: "the text around a secret", want: `{"auth":"Key [secret]."}`, got: `{"auth":"Kay hush."}`, says: "body.auth: is not the same; it is masked", doesNotShow: "hush"},
		{name: "a secret that is gone", want: `{"key":"[secret]"}`, got: `{}`, says: "body.key: is missing now"},
		{name: "JSON in a text", want: `{"a":"{\"b\":1,\"c\":\"[secret]\"}"}`, got: `{"a":"{\"c\":\"s\", \"b\":1}"}`},
		{name: "varying", want: `{"time":1,"in":{"sign":"a"}}`, got: `{"time":2,"in":{"sign":"b"}}`, varying: []string{"time", "sign"}},
		{name: "varying, but gone", want: `{"time":1}`, got: `{}`, varying: []string{"time"}, says: "body.time: is missing now"},
		{name: "a form", contentType: form, want: "a=1&b=x+y&key=[secret]", got: "key=%26&b=x%20y&a=1"},
		{name: "a form's value", contentType: form, want: "a=1&b=2", got: "a=1&b=3", says: `body.b: is not the same: recorded "2", now "3"`},
		{name: "a form's values in another order", contentType: form, want: "a=1&a=2", got: "a=2&a=1", says: "body.a[0]"},
		{name: "a form's value twice", contentType: form, want: "a=1", got: "a=1&a=1", says: "body.a"},
		{name: "varying in a form", contentType: form, want: "t=1", got: "t=2", varying: []string{"t"}},
		{name: "text", want: "<a>1</a>", got: "<a>2</a>", says: "body: is not the same"},
		{name: "no body any more", want: "x", got: "", says: "body: is not the same"},
		{
			name:        "a form of several parts",
			contentType: boundary,
			want:        "a: 1\nfile: [file, 3 bytes]\nkey: [secret]",
			got: "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nabc\r\n" +
				"--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nhush\r\n--x--\r\n",
		},
		{name: "bytes", contentType: "image/png", want: "[image/png, 3 bytes]", got: "\x00\x01\x02"},
		{name: "other bytes", contentType: "image/png", want: "[image/png, 3 bytes]", got: "\x00\x01", says: "now \"[image/png, 2 bytes]\""},
		{name: "only the beginning", want: `{"a":"xxx… [cut, 5000 bytes]`, got: `{"a":"xxxyyy"}`},
		{name: "another beginning", want: `{"a":"xxx… [cut, 5000 bytes]`, got: `{"a":"xyx"}`, says: "body"},
		{name: "a query", wantURL: "/a/[secret]/b?x=1&key=[secret]", gotURL: "/a/hush/b?key=hush&x=1"},
		{name: "another query", wantURL: "/a?x=1", gotURL: "/a?x=2", says: "query.x"},
		{name: "no query any more", wantURL: "/a?x=1", gotURL: "/a", says: "query.x: is missing now"},
		{name: "another path", wantURL: "/a", gotURL: "/b", says: `the path was "/a"`},
		{name: "another method", wantMethod: "PUT", says: "the method was PUT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := Exchange{Method: "POST", URL: "/", Request: Body(c.want)}
			got := "/"
			if c.wantURL != "" {
				e.URL, got = c.wantURL, c.gotURL
			}

			if c.wantMethod != "" {
				e.Method = c.wantMethod
			}
			r := &http.Request{
				Method: "POST",
				Header: http.Header{"Content-Type": {c.contentType}},
			}
			comparison := newComparison([]Option{Varying(c.varying...)})
			differences := comparison.request(e, r, got, []byte(c.got))
			said := strings.Join(texts(differences), "\n")
			if (c.says == "") != (said == "") || !strings.Contains(said, c.says) {
				t.Errorf("it says %q, want %q", said, c.says)
			}

			if c.doesNotShow != "" && strings.Contains(said, c.doesNotShow) {
				t.Errorf("it shows what may be a secret: %s", said)
			}
		})
	}
}

func TestAMaskStandsForAnything(t *testing.T) {
	for _, c := range []struct {
		want, got string
		fits      bool
	}{
		{"", "", true},
		{"", "a", false},
		{"[secret]", "", true},
		{"a[secret]a", "a", false}, // the two are not the same one
		{"a[secret]a", "aa", true},
		{"[secret]b[secret]", "abc", true},
		{"[secret]b[secret]", "ac", false},
		{"x[secret]b[secret]c", "xbbc", true},
	} {
		if fits(c.want, c.got) != c.fits {
			t.Errorf("%q and %q: %t", c.want, c.got, !c.fits)
		}
	}
}
