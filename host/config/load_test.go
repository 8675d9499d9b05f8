package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the .want files anew")

// environment is what the tests' configurations see.
func environment(name string) (string, bool) {
	v, ok := map[string]string{
		"SET": "from-the-environment", "EMPTY": "", "LATIN1": "caf\xe9", "DATABASE_URL": "mongodb://root:CANARY@db",
	}[name]
	return v, ok
}

// loadString loads text as if it were a file in a folder that does not exist.
func loadString(text string) (*Config, error) {
	return loadText(
		"config.toml",
		filepath.FromSlash("/nowhere/config.toml"),
		text,
		environment,
	)
}

// problemsOf returns what Load says about a file, with the test's own folder
// written as DIR.
func problemsOf(t *testing.T, path string) string {
	t.Helper()
	dir, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}

	c, err := load(path, environment)
	var problems *Problems
	if !errors.As(err, &problems) {
		t.Fatalf("error is %T, want *Problems", err)
	}

	if c != nil {
		t.Error("a Config came with the error")
	}

	return strings.ReplaceAll(
		strings.ReplaceAll(err.Error(), dir, "DIR"),
		filepath.Dir(path)+"/",
		"",
	) + "\n"
}

func TestBadFilesNameEveryMistake(t *testing.T) {
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}

	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			got := problemsOf(t, file)
			if strings.Contains(got, "CANARY") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			golden := strings.TrimSuffix(file, ".toml") + ".want"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}

			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}
