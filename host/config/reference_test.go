package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadReference(t *testing.T) {
	dir := t.TempDir()
	most := strings.Repeat("x", maxReference)
	for name, c := range map[string]struct{ text, want, problem string }{
		"plain":            {"secret", "secret", ""},
		"one line break":   {"secret\n", "secret", ""},
		"from Windows":     {"secret\r\n", "secret", ""},
		"two line breaks":  {"secret\n\n", "secret\n", ""},
		"several lines":    {"-----BEGIN-----\nx\n-----END-----\n", "-----BEGIN-----\nx\n-----END-----", ""},
		"white space":      {" secret ", " secret ", ""},
		"as large as may":  {most, most, ""},
		"a byte too large": {most + "\n", "", "is larger than 64 KiB"},
		"empty":            {"", "", "is empty"},
		"only a line end":  {"\r\n", "", "is empty"},
		"not text":         {"\xff", "", "is not UTF-8 text"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		text, problem := readReference(path)
		if text != c.want || !strings.HasSuffix(problem, c.problem) ||
			(problem == "") != (c.problem == "") {
			t.Errorf(
				"%s: %d bytes, %q; want %d bytes, %q",
				name,
				len(text),
				problem,
				len(c.want),
				c.problem,
			)
		}
	}
}

func TestReadReferenceOnlyFromRegularFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("secret", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}

	if text, problem := readReference(filepath.Join(dir, "link")); text != "secret" {
		t.Errorf(
			"a link to a file gives %q, %s",
			text,
			problem,
		) // how orchestrators mount secrets
	}

	if _, problem := readReference(dir); !strings.HasSuffix(
		problem,
		"is not a regular file",
	) {
		t.Error(problem)
	}

	if _, problem := readReference(filepath.Join(dir, "missing")); !strings.HasSuffix(
		problem,
		"does not exist",
	) {
		t.Error(problem)
	}

	if _, problem := readReference(filepath.Join(dir, "secret", "below")); !strings.Contains(
		problem,
		"cannot be read: not a directory",
	) {
		t.Error(problem)
	}
}

func TestLoadReadsTheEnvironment(t *testing.T) {
	path := folder(
		t,
		map[string]string{
			"config.toml": "[http]\ntokens = [\"env:PAYHOST_TEST_A\", \"env:PAYHOST_TEST_B\"]",
		},
	)
	t.Setenv("PAYHOST_TEST_A", "a")
	_, err := Load(path)
	if err == nil ||
		!strings.HasSuffix(
			err.Error(),
			"config.toml:2: http.tokens[1]: environment variable PAYHOST_TEST_B is not set",
		) {
		t.Error(err)
	}
}

func TestFileThatCannotBeRead(t *testing.T) {
	path := folder(
		t,
		map[string]string{
			"large": strings.Repeat("\n", maxFile+1),
			"most":  strings.Repeat("\n", maxFile),
		},
	)

	for name, want := range map[string]string{
		"missing": "does not exist", ".": "cannot be read: is a directory", "large": "may be 1 MiB at most",
	} {
		_, err := Load(filepath.Join(filepath.Dir(path), name))
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}

	if _, err := Load(filepath.Join(filepath.Dir(path), "most")); err != nil {
		t.Error(err)
	}
}
