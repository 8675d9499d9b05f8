package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDataDirIsReadLeniently(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":                {"", ""},
		"valid":                {"[host]\ndata_dir = \"data\"\n", "data"},
		"with a comment":       {"[host] # the host\ndata_dir = 'data' # here\n", "data"},
		"dotted":               {"host.data_dir = \"data\"\n", "data"},
		"inline":               {"host = {data_dir = \"data\"}\n", "data"},
		"another table's":      {"[other]\ndata_dir = \"data\"\n", ""},
		"of another type":      {"[host]\ndata_dir = 5\n", ""},
		"a key that is wrong":  {"[host]\ndata_dirs = \"data\"\n", ""},
		"broken before":        {"[host\n[log]\nlevel = \n[host]\ndata_dir = \"data\"\n", "data"},
		"broken after":         {"[host]\ndata_dir = \"data\"\nwatch = maybe\n", "data"},
		"broken elsewhere":     {"[host]\ndata_dir = \"data\"\n[providers.x]\nplugin = \"x\n", "data"},
		"broken itself":        {"[host]\ndata_dir = \"data\n", ""},
		"broken, not the host": {"[providers.x]\ndata_dir = \"data\"\nplugin = \"x\n", ""},
		"set twice":            {"[host]\ndata_dir = \"data\"\ndata_dir = \"other\"\n", "data"},
	} {
		if got := dataDir(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestSocketPath(t *testing.T) {
	folder := t.TempDir()
	elsewhere := filepath.Join(folder, "config.toml")
	write(t, elsewhere, "[host]\ndata_dir = \"data\"\n")
	absolute := filepath.Join(folder, "absolute.toml")
	write(t, absolute, "[host]\ndata_dir = \"/srv/payhost\"\n")
	large := filepath.Join(folder, "large.toml")
	write(t, large, "[host]\ndata_dir = \"data\"\n"+strings.Repeat("#", maxConfig))

	for config, want := range map[string]string{
		elsewhere:                        filepath.Join(folder, "data", "payhost.sock"),
		absolute:                         "/srv/payhost/payhost.sock",
		filepath.Join(folder, "missing"): filepath.Join(folder, "var", "payhost.sock"),
		large:                            filepath.Join(folder, "var", "payhost.sock"),
		"missing.toml":                   "var/payhost.sock",
	} {
		if got := (&app{config: config}).socket(); got != want {
			t.Errorf("%s: %q, want %q", config, got, want)
		}
	}
}

// A folder too deep for a socket's address is reached from within.
func TestLongSocketPath(t *testing.T) {
	folder := filepath.Join(t.TempDir(), strings.Repeat("deep/", 30))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	if got := short(filepath.Join(folder, "var", socketName)); got != "var/payhost.sock" {
		t.Errorf("%q", got)
	}

	if got := short("/srv/payhost.sock"); got != "/srv/payhost.sock" {
		t.Errorf("a short path became %q", got)
	}
}

func FuzzDataDir(f *testing.F) {
	f.Add("[host]\ndata_dir = \"data\"\nwatch = maybe\n")
	f.Add("host.data_dir = 'x'")
	f.Add("[host]\ndata_dir = \"\"\"\n")
	f.Fuzz(func(_ *testing.T, text string) {
		dataDir(text) // whatever the file holds, it ends and does not panic
	})
}
