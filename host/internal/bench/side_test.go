package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The base is its own tree, measured by the code of this one; nothing of it
// stays.
func TestTheBaseIsMeasuredByTheSameCode(t *testing.T) {
	t.Chdir(t.TempDir())
	git := func(args ...string) {
		t.Helper()
		own := []string{"-c", "user.name=t", "-c", "user.email=t@example.com"}
		if printed, err := exec.Command("git", append(own, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, printed)
		}
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	git("init", "-q")
	write("host/host.go", "old")
	write(ownSources+"/main.go", "old")
	write(ownSources+"/gone.go", "old")
	git("add", "-A")
	git("commit", "-q", "-m", "old")
	write("host/host.go", "new")
	write(ownSources+"/main.go", "new")
	if err := os.Remove(ownSources + "/gone.go"); err != nil {
		t.Fatal(err)
	}

	into := filepath.Join(t.TempDir(), "tree")
	remove, err := checkOut(t.Context(), "HEAD", into)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"host/host.go":          "old",
		ownSources + "/main.go": "new",
		ownSources + "/gone.go": "",
	} {
		if text, _ := os.ReadFile(filepath.Join(into, path)); string(text) != want {
			t.Errorf("%s is %q, wanted %q", path, text, want)
		}
	}

	remove()
	if _, err := os.Stat(into); !os.IsNotExist(err) {
		t.Errorf("the tree is still there: %v", err)
	}
	if _, err := checkOut(t.Context(), "no-such-commit", into); err == nil {
		t.Error("a commit that is not there was checked out")
	}
}
