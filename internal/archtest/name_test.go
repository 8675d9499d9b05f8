package archtest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// providerNames finds a provider's name in the source of the sdk or the host,
// comments included.
func providerNames(sources []source) []offence {
	var found []offence
	names := slices.Sorted(maps.Keys(providers(sources)))

	for _, s := range sources {
		if s.test || !in(s.dir, "sdk", "host") {
			continue
		}

		for _, name := range names {
			if line := mentions(s.text, name); line > 0 {
				found = append(found, offence{
					fmt.Sprintf("%s:%d", s.path, line),
					"names the provider " + name,
					"a special case for one provider is a mechanism that the contract lacks; the next provider needs it too",
				})
			}
		}
	}

	return found
}

// mentions returns the first line that holds the name as a word of its own or
// as a part of a camel-case identifier (newAcme, acmeClient, ACME_KEY), and 0
// if none does. "ptop" is no part of "laptop" or "acceptOptions".
func mentions(text, name string) int {
	for _, at := range regexp.MustCompile("(?i)"+regexp.QuoteMeta(name)).FindAllStringIndex(text, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
		first, _ := utf8.DecodeRuneInString(text[at[0]:])
		after, _ := utf8.DecodeRuneInString(text[at[1]:])
		begins := !unicode.IsLetter(before) ||
			(unicode.IsLower(before) && unicode.IsUpper(first))
		if begins && !unicode.IsLower(after) {
			return strings.Count(text[:at[0]], "\n") + 1
		}
	}

	return 0
}

func TestNoProviderNames(t *testing.T) { check(t, providerNames) }

func TestProviderNamesBite(t *testing.T) {
	for line, want := range map[string]bool{
		"// as ptop does":           true,
		"type PtopConfig struct{}":  true,
		"func newPtop() {}":         true,
		"const PTOP_KEY = 1":        true,
		"var ptopClient int":        true,
		`const name = "ptop"`:       true,
		"// on a laptop":            false,
		"func acceptOptions() {}":   false,
		"// stoptop and ptoptions.": false,
	} {
		for _, path := range []string{"sdk/serve.go", "host/internal/core/core.go"} {
			found := providerNames(tree(t, map[string]string{
				path:                   "package p\n\n" + line + "\n",
				"host/open_test.go":    "package p\n\n// ptop in a test\n",
				"plugins/ptop/main.go": "package main\n",
			}))
			if (len(found) == 1 && found[0].who == path+":3") != want || len(found) > 1 {
				t.Errorf("%s in %s: %v", line, path, found)
			}
		}
	}
}
