package httpapi

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzWellFormed: what passes is JSON to Go as well, and reads the same with every name once.
func FuzzWellFormed(f *testing.F) {
	for _, seed := range []string{``, `{}`, `{"a":1,"a":2}`, `{"a":{"b":[1,2,{"c":null}]}}`, `{"a":1}{`, `[1,]`, `{"a"}`, `{"a":"\ud800"}`, "\"\xff\"", `1e999`,
		strings.Repeat("[", 70), strings.Repeat("[", 63) + strings.Repeat("]", 63), `{"a":1,"\u0061":2}`, ` null `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		err := wellFormed(data)
		if err == nil && !json.Valid(data) {
			t.Errorf("%q passes and is not JSON", data)
		}
		if err != nil {
			if len(err.Error()) > 200 {
				t.Errorf("a long error: %v", err)
			}
			return
		}
		if !utf8.Valid(data) {
			t.Errorf("%q passes and is not UTF-8", data)
		}
	})
}

func TestWellFormedAgreesWithGo(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`: true, ` [1, "x", null, true, {"a":{}}] `: true, `"x"`: true, `{"a":1,"A":2}`: true, `[{"a":1},{"a":2}]`: true,
		`{"a":1,"a":1}`: false, `{"b":{"a":1,"a":2}}`: false, `{} {}`: false, `{`: false, `{"a":}`: false, `[1 2]`: false, `{"a" 1}`: false, `{1:2}`: false, "": false,
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth):     true,
		strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1): false,
	} {
		if err := wellFormed([]byte(text)); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzPlainName: whatever a file is called, what goes to a provider is a short name without folders, quotes or controls.
func FuzzPlainName(f *testing.F) {
	for _, seed := range []string{"a.png", "../../etc/passwd", `C:\x\y.png`, "", ".", "..", "a\r\nb", `a"b`, "\xff", strings.Repeat("é", 300), "/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := plainName(name)
		bad := func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(`"\/`, r) }
		if strings.ContainsFunc(got, bad) || !utf8.ValidString(got) || utf8.RuneCountInString(got) > 100 || got == "" || got == ".." {
			t.Errorf("%q becomes %q", name, got)
		}
	})
}

func TestAMaskKnowsTheFormsOfASecret(t *testing.T) {
	mask := newMask([]string{"abcd", `abcd/+"<é`, "abc", ""})
	for text, want := range map[string]string{
		"abcd": masked, "xabcdx": "x" + masked + "x", "abc": "abc", `abcd/+"<é`: masked, "abcd%2F%2B%22%3C%C3%A9": masked, `abcd/+\"\u003cé`: masked,
		`abcd\/+\"\u003cé`: masked, "abcd/+&#34;&lt;é": masked, "": "",
	} {
		if got := mask.Replace(text); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
	for value, want := range map[string]string{
		"Basic c2hvcDphYmNk": "Basic " + masked, "Basic c2hvcDpvdGhlcg==": "Basic c2hvcDpvdGhlcg==", "Bearer abcd": "Bearer " + masked, "basic ???": "basic ???", "abcd": masked,
	} {
		if got := maskHeader(mask, value); got != want {
			t.Errorf("%s becomes %s, want %s", value, got, want)
		}
	}
}
