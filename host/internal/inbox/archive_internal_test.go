package inbox

import (
	"testing"

	"github.com/payhost/payhost/internal/redact"
)

func TestAMaskKnowsTheFormsOfASecret(t *testing.T) {
	mask := &redact.Set{}
	mask.Add("abcd", `abcd/+"<é`, "abc", "")

	for text, want := range map[string]string{
		"abcd": redact.Mark, "xabcdx": "x" + redact.Mark + "x", "abc": "abc", `abcd/+"<é`: redact.Mark, "abcd%2F%2B%22%3C%C3%A9": redact.Mark, `abcd/+\"\u003cé`: redact.Mark,
		`abcd\/+\"\u003cé`: redact.Mark, "abcd/+&#34;&lt;é": redact.Mark, "": "",
	} {
		if got := mask.Text(text); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}

	for value, want := range map[string]string{
		"Basic c2hvcDphYmNk": "Basic " + redact.Mark, "Basic c2hvcDpvdGhlcg==": "Basic c2hvcDpvdGhlcg==", "Bearer abcd": "Bearer " + redact.Mark, "basic ???": "basic ???", "abcd": redact.Mark,
	} {
		if got := maskHeader(mask, value); got != want {
			t.Errorf("%s becomes %s, want %s", value, got, want)
		}
	}
}
