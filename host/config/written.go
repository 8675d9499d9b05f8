package config

import (
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// secretName matches the usual names of a plugin's secret keys. Only the plugin
// knows for certain.
var secretName = regexp.MustCompile(
	`(?i)(secret|token|passw|private|(^|_)keys?$|(^|_)key_|api_?key|credential)`,
)

// WrittenSecrets returns the keys in File whose secrets are in the file itself
// and are not references, sorted. It is empty for a Config that was built in
// code, and for a file that can no longer be read.
func (c *Config) WrittenSecrets() []string {
	if c.File == "" {
		return nil
	}
	text, err := os.ReadFile(c.File)
	if err != nil || len(text) > maxFile {
		return nil
	}

	var tree map[string]any
	if _, err := toml.Decode(string(text), &tree); err != nil {
		return nil
	}

	// The host's own keys are known; a provider's are recognized by their
	// names.
	var found []string

	for _, path := range [][]string{{"http", "tokens"}, {"events", "secret"}} {
		if hasWritten(at(tree, path...)) {
			found = append(found, strings.Join(path, "."))
		}
	}

	if address, ok := at(tree, "store", "url").(string); ok && hasPassword(address) {
		found = append(found, "store.url")
	}
	if tokens, ok := at(tree, "tokens").(map[string]any); ok {
		for name := range tokens {
			if hasWritten(at(tokens, name, "secret")) {
				found = append(found, join("tokens", name)+".secret")
			}
		}
	}
	if providers, ok := at(tree, "providers").(map[string]any); ok {
		for name := range providers {
			own, _ := at(providers, name, "config").(map[string]any)
			for key, value := range own {
				if secretName.MatchString(key) && hasWritten(value) {
					found = append(found, join("providers", name)+".config."+key)
				}
			}
		}
	}

	slices.Sort(found)
	return found
}

// at returns the value at a path; nil when there is none.
func at(tree map[string]any, path ...string) any {
	var value any = tree
	for _, key := range path {
		table, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = table[key]
	}
	return value
}

// hasWritten reports whether a value is, or holds, a text that is not a
// reference.
func hasWritten(value any) bool {
	switch value := value.(type) {
	case string:
		return value != "" && !strings.HasPrefix(value, "env:") && !strings.HasPrefix(value, "file:")
	case []any:
		return slices.ContainsFunc(value, hasWritten)
	case map[string]any:
		for _, inner := range value {
			if hasWritten(inner) {
				return true
			}
		}
	}

	return false
}

// hasPassword reports whether a URL contains a password.
func hasPassword(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return false
	}
	_, has := u.User.Password()
	return has
}
