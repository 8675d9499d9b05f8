package inbox

import "testing"

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
