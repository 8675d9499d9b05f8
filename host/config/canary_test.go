package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/config"
)

// A new version only reads along: a share of payments is refused, and so is what
// would compare a program with itself.
func TestANewVersionOnlyReadsAlong(t *testing.T) {
	for table, want := range map[string]string{
		`version = "1.3.0"`:                    "",
		"version = \"1.3.0\"\npercent = 0":     "",
		"version = \"1.3.0\"\npercent = 5":     "providers.shop.canary.percent: must be 0",
		"version = \"1.2.0\"":                  "providers.shop.canary.version: is the version that serves",
		"version = \"../x\"":                   "providers.shop.canary.version: is not a version",
		"percent = 5":                          "providers.shop.canary.version: is not a version",
		"version = \"1.3.0\"\nshare = 1":       "share",
		"version = \"1.3.0\"\npercent = \"x\"": "percent",
	} {
		file := filepath.Join(t.TempDir(), "config.toml")
		text := "[providers.shop]\nplugin = \"acme\"\nversion = \"1.2.0\"\n" +
			"[providers.shop.canary]\n" + table + "\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}

		loaded, err := config.Load(file)
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", table, err)
		case want == "" && loaded.Providers[0].Canary.Version != "1.3.0":
			t.Errorf("%q: %+v", table, loaded.Providers[0].Canary)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %q", table, err, want)
		}
	}
}
