package serve

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// The contract says the forms of references and keys as regular expressions.
func TestReferencesAndKeysHaveTheFormsOfTheContract(t *testing.T) {
	reference := regexp.MustCompile(`^[A-Za-z0-9_-]{1,36}$`)
	key := regexp.MustCompile(`^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$`)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`[A-Za-z0-9_-]{0,38}[ .\n\x7f/:@\[{]?`),
			rapid.StringMatching(` ?[\x20-\x7e]{0,5}[ \n\x7f\x1f]?`),
			rapid.StringMatching(`[\x20-\x7e]{250,257}`),
			rapid.String(),
		).Draw(t, "text")

		if got := isReference(text); got != reference.MatchString(text) {
			t.Errorf("%q: a reference: %v", text, got)
		}
		if got := isKey(text); got != key.MatchString(text) {
			t.Errorf("%q: a key: %v", text, got)
		}
	})
}
