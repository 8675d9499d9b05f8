package providerhttp

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Whatever surrounds it, the value of a secret key goes, and JSON stays JSON.
func FuzzMaskJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":[1,"x"],"b":"\"}"}`, `"`, `{"a":"{\"b\":1}"}`, `[`, `<b>"`, `\"`, `{"secret_key":{"a":"]}"}}`} {
		f.Add(seed, "value")
	}
	f.Add(`{"a":"\`, `quoted " and \`)
	m := masker{names: secretNames{fields: newNameSet("secret_key")}}
	f.Fuzz(func(t *testing.T, around, rest string) {
		m.json(around, 0, nil) // of anything: no panic, an end
		if !json.Valid([]byte(around)) {
			return
		}
		var found []string
		secret := "cnry" + strings.ToValidUTF8(rest, "?")
		text := `{"before":` + around + `, "secret_key" : ` + quoteJSON(
			secret,
		) + `,"after":` + around + `}`

		got := m.json(text, 0, func(v string) { found = append(found, v) })
		if !json.Valid([]byte(got)) {
			t.Errorf("%s becomes %s", text, got)
		}
		if strings.Contains(got, "cnry") && !strings.Contains(around, "cnry") {
			t.Errorf("a secret is left in %s", got)
		}

		for _, v := range found {
			if v == secret {
				return
			}
		}

		t.Errorf("the secret %q was not found: %q", secret, found)
	})
}

func FuzzMaskForm(f *testing.F) {
	f.Add("a=1&b=%zz&&=", "value")
	f.Add("a={\"secret_key\":\"x\"}", "%&=+ ")
	m := masker{names: secretNames{query: newNameSet("secret")}}
	f.Fuzz(func(t *testing.T, around, rest string) {
		text := around + "&Secret=" + url.QueryEscape("cnry"+rest) + "&" + around
		got := m.form(text, m.names.query, nil)
		if strings.Contains(got, "cnry") && !strings.Contains(unescape(around), "cnry") &&
			!strings.Contains(around, "cnry") {
			t.Errorf("a secret is left in %s", got)
		}
	})
}

// Half a document is read as far as it goes, and nothing but secrets changes.
func TestMaskHalfJSON(t *testing.T) {
	m := masker{
		names:      secretNames{fields: newNameSet("key")},
		configured: func(s string) string { return strings.ReplaceAll(s, "a/b", masked) },
	}

	for text, want := range map[string]string{
		`{"key":"x`:                     `{"key":"[secret]"`,
		`{"key":},"x":1}`:               `{"key":},"x":1}`,
		`{"key":"x"<br>rest`:            `{"key":"[secret]"<br>rest`,
		`{"key":{"a":[1,{}]},"x":1}`:    `{"key":"[secret]","x":1}`,
		`[{"key":[1]}]5" rest`:          `[{"key":"[secret]"}]5" rest`,
		`{"key":`:                       `{"key":`,
		`{"key`:                         `{"key`,
		`{"key":{"a":[1,"}"`:            `{"key":"[secret]"`,
		`{"key":tru`:                    `{"key":"[secret]"`,
		`{"x":"a\/b`:                    `{"x":"[secret]"`,
		`{"x":"a\/b\`:                   `{"x":"[secret]"`,
		`{"x":"a\/b\u00`:                `{"x":"[secret]"`,
		`{"x":"{\"key\":\"x\"}`:         `{"x":"{\"key\":\"[secret]\"}"`,
		`{"x":"{\"key\":\"x`:            `{"x":"{\"key\":\"[secret]\""`,
		`5" {"key" : 12, "x":1.0}`:      `5" {"key" : "[secret]", "x":1.0}`,
		`{"x":"unchanged \u0041 \`:      `{"x":"unchanged \u0041 \`,
		`{"k\u0065y":"x","z":"\u0041"}`: `{"k\u0065y":"[secret]","z":"\u0041"}`,
	} {
		if got := m.json(text, 0, nil); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
}

// A short secret is masked in its place and nowhere else.
func TestShortSecretsAreNotLookedFor(t *testing.T) {
	req, err := http.NewRequest("GET", "https://a.example/?pin=12&long=12345", nil)
	if err != nil {
		t.Fatal(err)
	}
	names := newSecretNames(Options{SecretQuery: []string{"pin", "long"}})
	m := newMasker(nil, names, req, Body{})
	if got := m.url(req.URL); got != "https://a.example/?pin=[secret]&long=[secret]" {
		t.Errorf("the address becomes %s", got)
	}

	if got := m.text("2012 12345"); got != "2012 [secret]" {
		t.Errorf("the text becomes %s", got)
	}
}

// Of two secrets that begin alike, nothing of the longer one stays.
func TestLongerSecretsFirst(t *testing.T) {
	for range 10 {
		if got := searchFor([]string{"abcde", "abcdefgh"}).Text("abcdefgh abcde"); got != "[secret] [secret]" {
			t.Fatalf("the text becomes %s", got)
		}
	}
}
