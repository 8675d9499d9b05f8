// Package node proves the JavaScript plugin in a real host. It needs Node.js
// and the npm packages that the plugin is bundled with; where they are not to
// be had its tests are left out.
package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// folder is where the plugin was built: a copy of this one, so that the work
// tree stays as it is.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "node-plugin"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder) // a folder in /tmp
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}

	os.Exit(code)
}

// errLacking is what this machine lacks; the Makefile finds the same before it
// lets a skip pass.
var errLacking = errors.New("the JavaScript plugin is left out")

// oldNode fails with a Node.js that package.json does not allow.
const oldNode = `if (parseInt(process.versions.node) < 20) { console.log("it is older than 20: " + process.version); process.exit(1) }`

var build = sync.OnceValue(func() error {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%w: %s is not on this machine", errLacking, program)
		}
	}

	if out, err := exec.Command("node", "-e", oldNode).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", errLacking, firstLine(string(out)))
	}
	if err := copySources(); err != nil {
		return err
	}

	if out, err := run("npm", "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"); err != nil {
		return fmt.Errorf("%w: npm cannot get the packages: %s", errLacking, firstLine(out))
	}
	if out, err := run("npm", "run", "build"); err != nil {
		return fmt.Errorf("npm run build: %w\n%s", err, out)
	}

	return nil
})

// built returns the folder that holds the plugin's file, and leaves the test
// out where there can be none.
func built(t *testing.T) (pluginDir string) {
	t.Helper()
	err := build()
	if errors.Is(err, errLacking) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, "dist")
}

// run runs a program in the copy.
func run(name string, args ...string) (output string, err error) {
	proto, err := filepath.Abs("../../sdk/proto")
	if err != nil {
		return "", err
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "PAYHOST_PROTO="+proto)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// copySources copies what is checked in of the plugin, without the Go of its
// simulator and tests.
func copySources() error {
	return filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == "node_modules" || path == "dist" || path == "gen" || path == "simulator"):
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(folder, path), 0o700)
		case filepath.Ext(path) == ".go":
			return nil
		}

		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}

		return os.WriteFile(filepath.Join(folder, path), text, 0o600)
	})
}

// The plugin's own tests, in its own language.
func TestNode(t *testing.T) {
	built(t)
	files, err := filepath.Glob("test/*.test.js")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no tests: %v", err)
	}
	if out, err := run("node", append([]string{"--test", "--test-timeout=120000"}, files...)...); err != nil {
		t.Errorf("node --test: %v\n%s", err, out)
	}
}

// A lock file that names a registry binds everybody to that one.
func TestLockNamesNoRegistry(t *testing.T) {
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(lock), `"resolved"`) {
		t.Error(
			"package-lock.json names where packages came from: npm install --omit-lockfile-registry-resolved",
		)
	}

	if !strings.Contains(string(lock), `"integrity": "sha512-`) {
		t.Error("package-lock.json does not say what the packages are")
	}
}
