package strictjson

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzCheck: what passes is JSON to Go as well, and reads the same with every
// name once and every character as it was written.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{``, `{}`, `{"a":1,"a":2}`, `{"a":{"b":[1,2,{"c":null}]}}`, `{"a":1}{`, `[1,]`, `{"a"}`,
		`{"a":"\ud800"}`, `"\ud83d\ude00"`, `"\\ud800"`, "\"\xff\"", `1e999`, strings.Repeat("[", 70),
		strings.Repeat("[", 63) + strings.Repeat("]", 63), `{"a":1,"\u0061":2}`, ` null `} {
		f.Add([]byte(seed))
	}

	f.Fuzz(func(t *testing.T, data []byte) {
		err := Check(data)
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

		var text string
		if json.Unmarshal(data, &text) == nil &&
			strings.ContainsRune(text, utf8.RuneError) &&
			!strings.Contains(string(data), "\ufffd") &&
			!strings.Contains(strings.ToLower(string(data)), `\ufffd`) {
			t.Errorf("%q is read as %q, which it does not say", data, text)
		}
	})
}

func TestCheckAgreesWithGo(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`: true, ` [1, "x", null, true, {"a":{}}] `: true, `"x"`: true, `{"a":1,"A":2}`: true, `[{"a":1},{"a":2}]`: true,
		`{"a":1,"a":1}`: false, `{"b":{"a":1,"a":2}}`: false, `{} {}`: false, `{`: false, `{"a":}`: false, `[1 2]`: false,
		`{"a" 1}`: false, `{1:2}`: false, "": false,
		strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth):     true,
		strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1): false,
	} {
		if err := Check([]byte(text)); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Half a surrogate has no place in UTF-8, wherever it stands in a text.
func TestHalfASurrogateIsRefused(t *testing.T) {
	for text, want := range map[string]bool{
		`"\ud83d\ude00"`: true, `"\uD83D\uDE00 end"`: true, `"\\ud83d"`: true, `"\\\\ud83d"`: true, `"\u00e9\n"`: true,
		`"\ufffd"`: true, "\"\U0001F600\"": true,
		`"\ud83d cut"`: false, `"\ud83d"`: false, `"\ude00"`: false, `"\ud83d\n"`: false, `"\ud83d\u0041"`: false,
		`"\ud83d\ud83d\ude00"`: false, `"\\\ud83d"`: false, `{"\ud83d":1}`: false, `{"a":[{"b":"\uDBFF"}]}`: false,
	} {
		if err := Check([]byte(text)); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}
