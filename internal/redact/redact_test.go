package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/payhost/payhost/internal/redact"
)

func newSet(secrets ...string) *redact.Set {
	set := redact.NewSet(redact.MinSecret)
	set.Add(secrets...)
	return set
}

func TestText(t *testing.T) {
	set := newSet("hunter2", "hunter2-longer", "abc", "", `a"b/ü<1>`)
	for text, want := range map[string]string{
		"":                                    "",
		"nothing":                             "nothing",
		"abc is too short":                    "abc is too short",
		"hunter2":                             "[secret]",
		"xhunter2x hunter2":                   "x[secret]x [secret]",
		"hunter2-longer":                      "[secret]",
		"hunter2-longe":                       "[secret]-longe",
		"hunter":                              "hunter",
		`{"k":"a\"b\/\u00fc\u003c1\u003e"}`:   `{"k":"[secret]"}`,
		"k=a%22b%2f%c3%bc%3c1%3e":             "k=[secret]",
		"a&quot;b/ü&lt;1&gt;":                 "[secret]",
		hex.EncodeToString([]byte("hunter2")): "[secret]",
		base64.StdEncoding.EncodeToString([]byte("hunter2-longer")): "[secret]I=",
	} {
		if got := set.Text(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}

	var none *redact.Set
	if none.Text("hunter2") != "hunter2" || none.Head("h") != "h" ||
		string(none.JSON([]byte(`""`))) != `""` {
		t.Error("a nil set masks something")
	}
}

func TestSetKnowsASecretInAllItsSpellings(t *testing.T) {
	key := "-----BEGIN KEY-----\nMIIabcdefghijklmnop\nqrst\n-----END KEY-----"
	var m redact.Set
	m.Add("p@ss\"word/1", "p@ss", "abc", "", key, `a"&b<c`)

	for text, want := range map[string]string{
		`it is p@ss"word/1.`:             "it is [secret].",
		`{"k":"p@ss\"word/1"}`:           `{"k":"[secret]"}`,
		"https://x/?k=p%40ss%22word%2F1": "https://x/?k=[secret]",
		`{"k":"p@ss\"word\/1"}`:          `{"k":"[secret]"}`,
		`{"k":"a\"\u0026b\u003cc"}`:      `{"k":"[secret]"}`,
		`{"k":"a\"&b<c"}`:                `{"k":"[secret]"}`,
		"only p@ss":                      "only [secret]",
		"abc is too short":               "abc is too short",
		"MIIabcdefghijklmnop":            "[secret]",
	} {
		if got := m.Text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}

	for text, want := range map[string]string{
		`{"b":"{\"k\":\"p@ss\\\"word/1\"}","a":[1.0,"\u0061","x p@ss"]}`: `{"b":"{\"k\":\"[secret]\"}","a":[1.0,"\u0061","x [secret]"]}`,
		`{"p@ss":"\\"}`: `{"[secret]":"\\"}`,
		`[]`:            `[]`,
	} {
		if got := string(m.JSON([]byte(text))); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}

	if got := (*redact.Set)(nil).Text("x"); got != "x" {
		t.Error(got)
	}
}

// A credential "user:secret" in base64 hides the secret, but not well.
func TestBasicCredentials(t *testing.T) {
	set := newSet("hunter2-hunter2")
	for _, user := range []string{"", "a", "ab", "abc", "somebody"} {
		header := "Basic " + base64.StdEncoding.EncodeToString(
			[]byte(user+":hunter2-hunter2"),
		)
		if shown := set.Text(header); !strings.Contains(shown, redact.Mark) {
			t.Errorf("%q comes through as %q", header, shown)
		}
	}
}

func TestHead(t *testing.T) {
	set := newSet("hunter2", "hunter2-longer")
	for text, want := range map[string]string{
		"xhunter2x":          "xhunter2x"[:1] + "[secret]x",
		"x hunt":             "x [secret]",
		"x h":                "x [secret]",
		"x hunter2-lon":      "x [secret]",
		"hunter2 hunter2-":   "[secret] [secret]",
		"nothing of it here": "nothing of it here",
	} {
		if got := set.Head(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	set := newSet(`hunter"2`)
	for text, want := range map[string]string{
		`{"a": "b", "n":1.50 }`:                      `{"a": "b", "n":1.50 }`,
		`{"a":"hunter\"2"}`:                          `{"a":"[secret]"}`,
		`{"a":"{\"b\":\"hunter\\\"2\"}"}`:            `{"a":"{\"b\":\"[secret]\"}"}`,
		`{"hunter\u00222":["x","hunter\"2y"],"z":2}`: `{"[secret]":["x","[secret]y"],"z":2}`,
		`"cut \"hunt`:                                `"cut \"hunt`,
		``:                                           ``,
	} {
		if got := string(set.JSON(json.RawMessage(text))); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// Each line of a key in PEM is a secret of its own, but for its first and last.
func TestLines(t *testing.T) {
	set := newSet(
		"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\nAB\n-----END PRIVATE KEY-----\n",
	)
	const text = "-----BEGIN PRIVATE KEY----- | MIIEvQIBADANBgkqhkiG | AB"
	if got := set.Text(text); got != "-----BEGIN PRIVATE KEY----- | [secret] | AB" {
		t.Errorf("got %q", got)
	}
}

func TestIn(t *testing.T) {
	const schema = `{"properties":{"key":{"writeOnly":true},"keys":{"writeOnly":true},"plain":{},
		"bank":{"properties":{"pin":{"writeOnly":true}}},"list":{"items":{"properties":{"k":{"writeOnly":true}}}}},
		"additionalProperties":{"writeOnly":true}}`
	const config = `{"key":"s1","keys":["s2",{"x":"s3"}],"plain":"p","bank":{"pin":"s4","code":"c"},"list":[{"k":"s5","l":"m"}],"other":"s6"}`
	found := redact.In(json.RawMessage(schema), json.RawMessage(config))

	for _, want := range []string{"s1", "s2", "s3", "s4", "s5", "s6"} {
		if !strings.Contains(fmt.Sprint(found), want) {
			t.Errorf("%s is not found in %q", want, found)
		}
	}

	if len(found) != 6 || redact.In(nil, json.RawMessage(config)) != nil ||
		redact.In(json.RawMessage(schema), nil) != nil {
		t.Errorf("got %q", found)
	}
}

// spellers write a secret as programs do.
var spellers = map[string]func(string) string{
	"plain":     func(s string) string { return s },
	"form":      url.QueryEscape,
	"component": func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") },
	"path":      url.PathEscape,
	"url":       func(s string) string { return (&url.URL{Scheme: "https", Host: "h", Path: "/" + s}).String() },
	"lower":     func(s string) string { return percent(s) },
	"json":      func(s string) string { b, _ := json.Marshal(s); return string(b) },
	"json in json": func(s string) string {
		inner, _ := json.Marshal(map[string]string{"k": s})
		outer, _ := json.Marshal(string(inner))
		return string(outer)
	},
	"json in a form": func(s string) string { b, _ := json.Marshal(s); return url.QueryEscape(string(b)) },
	"json in html":   func(s string) string { b, _ := json.Marshal(s); return html.EscapeString(string(b)) },
	"php": func(s string) string {
		var b strings.Builder
		for _, unit := range utf16.Encode([]rune(s)) {
			switch {
			case unit == '"' || unit == '\\' || unit == '/':
				b.WriteString(`\` + string(rune(unit)))
			case unit < 128:
				b.WriteByte(byte(unit))
			default:
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		}

		return b.String()
	},
	"go":     strconv.Quote,
	"html":   html.EscapeString,
	"hex":    func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEX":    func(s string) string { return fmt.Sprintf("%X", s) },
	"base64": func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 in a url": func(s string) string {
		return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte("u:" + s)))
	},
	"base64url": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("x" + s + "yz")) },
}

// percent escapes every byte that is no letter or digit, in lower case.
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c == '-' || c == '_' || c == '.' || c == '~' ||
			('0' <= c && c <= '9') ||
			('A' <= c && c <= 'Z') ||
			('a' <= c && c <= 'z') {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}

	return b.String()
}

// Whatever the spelling, and wherever the text is cut into pieces, no secret
// comes through: pieces show what the whole would, and the whole shows nothing
// that the secret's spelling has in its middle.
func TestNoSpellingComesThroughInAnyPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringOfN(rapid.RuneFrom([]rune(`abcXYZ019+/=&"\<>' ~%é€😀`)), 12, 40, -1).
			Draw(t, "secret")
		name := rapid.SampledFrom(sortedNames()).Draw(t, "spelling")
		spelled := spellers[name](secret)
		text := rapid.StringMatching(`[.|#]{0,3}`).
			Draw(t, "before") +
			spelled + rapid.StringMatching(`[.|#]{0,3}`).
			Draw(t, "after")

		set := newSet(secret, "another secret")

		shown := set.Text(text)
		if !strings.Contains(shown, redact.Mark) || strings.Contains(shown, secret) ||
			strings.Contains(shown, spelled) {
			t.Fatalf("%s of %q comes through %q as %q", name, secret, text, shown)
		}

		// What is left of the spelling is less than what surrounds the secret
		// in it.
		if len(shown) > len(text)-len(secret)+len(redact.Mark)+4 {
			t.Fatalf("%s of %q is masked in part: %q", name, secret, shown)
		}

		stream := redact.Stream{Set: set}
		var pieces strings.Builder

		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			pieces.WriteString(stream.Next(rest[:n]))
			rest = rest[n:]
		}

		pieces.WriteString(stream.End())
		if pieces.String() != shown {
			t.Fatalf(
				"in pieces %q is shown as %q, as a whole as %q",
				text,
				pieces.String(),
				shown,
			)
		}

		// However early the text is cut, its beginning shows no more than the
		// whole.
		cut := rapid.IntRange(0, len(text)).Draw(t, "cut")
		head := strings.ReplaceAll(set.Head(text[:cut]), redact.Mark, "")
		if !strings.HasPrefix(strings.ReplaceAll(shown, redact.Mark, ""), head) {
			t.Fatalf("cut at %d, %q is shown as %q", cut, text, head)
		}
	})
}

func sortedNames() []string {
	names := make([]string, 0, len(spellers))
	for name := range spellers {
		names = append(names, name)
	}

	for i := range names {
		for j := i; j > 0 && names[j] < names[j-1]; j-- {
			names[j], names[j-1] = names[j-1], names[j]
		}
	}

	return names
}

// BenchmarkText compares a Set with a strings.Replacer that knows three
// spellings of each secret: the Set knows many more, and costs no more.
func BenchmarkText(b *testing.B) {
	text := strings.Repeat(
		`{"id":"12345","status":"succeeded","amount":"60.00","customer":{"email":"a@example.com"}}`+"\n",
		700,
	)

	for _, count := range []int{1, 10, 40} {
		set := newSet()
		var pairs []string

		for i := range count {
			secret := fmt.Sprintf("sk_live_%032x/+%d", i*7919, i)
			set.Add(secret)
			for _, spelling := range []string{secret, url.QueryEscape(secret), strings.ReplaceAll(secret, "/", `\/`)} {
				pairs = append(pairs, spelling, redact.Mark)
			}
		}

		replacer := strings.NewReplacer(pairs...)
		for name, mask := range map[string]func(string) string{"set": set.Text, "replacer": replacer.Replace} {
			b.Run(fmt.Sprint(count, " ", name), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					mask(text)
				}
			})
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	for name, secret := range map[string]string{"plain": "sk_live_51H8xkjahsdkjhasd8yasd98yasd", "odd": `a+"b/&<é'x c2VjcmV0`} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				newSet(secret)
			}
		})
	}
}
