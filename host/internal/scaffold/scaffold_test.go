package scaffold_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/internal/scaffold"
)

const top = "../../.."

// repository returns a folder that is Payhost's repository as far as plugins
// are concerned.
func repository(t *testing.T) string {
	t.Helper()
	root := t.TempDir()

	for _, part := range []string{"sdk", "plugins", "internal/archtest", "internal/redact"} {
		if err := os.CopyFS(filepath.Join(root, part), os.DirFS(filepath.Join(top, part))); err != nil {
			t.Fatal(err)
		}
	}

	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(top, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(root, name), string(text))
	}

	return root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// goes runs the go command in a folder. Nothing may be asked of the network and
// go.mod may not need a change. Built as `make build` does it, the dependencies
// are in the cache already.
func goes(t *testing.T, folder string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = folder
	cmd.Env = append(
		os.Environ(),
		"GOFLAGS=-mod=readonly -trimpath",
		"CGO_ENABLED=0",
		"GOWORK=off",
		"GOPROXY=off",
	)

	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}

	return string(out)
}

// described builds the plugin and asks it what it is, as `payhost plugin info`
// does.
func described(t *testing.T, folder, pkg, name string) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), name)
	goes(t, folder, "build", "-o", binary, pkg)
	text, err := exec.CommandContext(t.Context(), binary, "describe").Output()
	if err != nil {
		t.Fatal(err)
	}

	var info struct {
		Name         string
		Capabilities []string
	}
	if err := json.Unmarshal(text, &info); err != nil {
		t.Fatal(err)
	}

	if info.Name != name || !slices.Contains(info.Capabilities, "create_payment") {
		t.Errorf("the built plugin says %s", text)
	}
}

// tested runs the tests of the new plugin and makes sure that the kit was among
// them.
func tested(t *testing.T, folder, pkg string) {
	t.Helper()
	if out := goes(t, folder, "test", "-v", pkg); !strings.Contains(
		out,
		"--- PASS: TestConformance/",
	) {
		t.Errorf("the conformance kit did not run:\n%s", out)
	}
}

func TestAProviderOutsidePassesTheKitAtOnce(t *testing.T) {
	from := t.TempDir()
	sdk, err := filepath.Abs(top)
	if err != nil {
		t.Fatal(err)
	}

	r, err := scaffold.New(
		scaffold.Options{
			Name:   "north-pay",
			Module: "example.org/team/north",
			SDK:    sdk,
			From:   from,
		},
	)
	if err != nil {
		t.Fatal(err)
	}

	folder := filepath.Join(from, "north-pay")
	if r.Folder != "north-pay" || r.Registry != "" || !slices.Contains(r.Files, "go.mod") ||
		!slices.Contains(r.Files, "simulator/simulator.go") {
		t.Errorf("got %+v", r)
	}

	goes(t, folder, "mod", "tidy", "-diff") // its go.mod lists what it needs, and no more
	goes(t, folder, "vet", "./...")
	tested(t, folder, ".")
	described(t, folder, ".", "north-pay")
	unformatted(t, folder)
	noTraces(t, folder)
}

func TestAProviderInsidePassesTheKitAtOnce(t *testing.T) {
	root := repository(t)
	r, err := scaffold.New(
		scaffold.Options{Name: "northpay", From: filepath.Join(root, "sdk")},
	)
	if err != nil {
		t.Fatal(err)
	}

	folder := filepath.Join(root, "plugins", "northpay")
	if r.Folder != folder ||
		r.Registry != filepath.Join(root, "plugins", "sandbox", "registry.go") ||
		slices.Contains(r.Files, "go.mod") {
		t.Errorf("got %+v", r)
	}

	tested(t, root, "./plugins/northpay")
	goes(
		t,
		root,
		"test",
		"-run",
		"^(TestLayering|TestProviderFolders|TestPackageComments)$",
		"./internal/archtest",
	)

	goes(t, root, "test", "./plugins/sandbox")
	described(t, root, "./plugins/northpay", "northpay")
	unformatted(t, folder)
	noTraces(t, folder)
	registry, err := os.ReadFile(r.Registry)
	if err != nil ||
		!strings.Contains(
			string(registry),
			`{"northpay", func(publicURL string) provider {`,
		) {
		t.Errorf("the registry is\n%s", registry)
	}
}

func unformatted(t *testing.T, folder string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "gofmt", "-l", folder).Output(); err != nil ||
		len(out) > 0 {
		t.Errorf("not formatted: %s %v", out, err)
	}
}

// noTraces finds the template's own name in what was made of it.
func noTraces(t *testing.T, folder string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "go.sum" {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(bytes.ToLower(text), []byte("acme")) ||
			strings.HasSuffix(path, ".txt") {
			t.Errorf("%s still speaks of the template's provider", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Whoever works through the list must not be sent back and forth.
func TestTheTodosLeadThroughTheWork(t *testing.T) {
	r, err := scaffold.New(scaffold.Options{Name: "acme", From: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}

	for i, todo := range r.Todos {
		if todo.Number != i+1 || todo.Text == "" || todo.Line == 0 {
			t.Errorf("step %d is %+v", i+1, todo)
		}
	}

	if len(r.Todos) < 10 || r.Todos[0].File != "config.go" {
		t.Errorf("the steps are %+v", r.Todos)
	}
}

func TestEveryProblemAtOnce(t *testing.T) {
	root := repository(t)
	for _, c := range []struct {
		name string
		o    scaffold.Options
		want []string
	}{
		{"a name", scaffold.Options{Name: "Acme!", From: t.TempDir()}, []string{`"Acme!" is no name for a plugin`}},
		{"a reserved name", scaffold.Options{Name: "vendor", From: t.TempDir()}, []string{`"vendor" cannot be`}},
		{"a word of the contract", scaffold.Options{Name: "payment", From: t.TempDir()}, []string{`"payment" cannot be`}},
		{"a dash at the end", scaffold.Options{Name: "acme-", From: t.TempDir()}, []string{"not ending with -"}},
		{"too long", scaffold.Options{Name: strings.Repeat("a", 33), From: t.TempDir()}, []string{"1 to 32 characters"}},
		{"all flags", scaffold.Options{Name: "a_b", Module: "has space", SDK: "nowhere", Dir: "new", From: t.TempDir()},
			[]string{`"a_b" is no name`, `--module "has space"`, "--sdk nowhere"}},
		{"on this machine: inside", scaffold.Options{Name: "acme", Module: "example.com/x", SDK: root, Dir: "elsewhere", From: root},
			[]string{"the folder is plugins/acme", "leave --module out", "leave --sdk out"}},
		{"on this machine: taken", scaffold.Options{Name: "reference", From: root}, []string{"plugins/reference exists"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := listing(t, c.o.From)
			_, err := scaffold.New(c.o)
			var problems *scaffold.Problems
			if !errors.As(err, &problems) || len(problems.Reasons) != len(c.want) ||
				problems.Usage != !strings.HasPrefix(c.name, "on this machine: ") {
				t.Fatalf("got %v", err)
			}

			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in\n%s", want, err)
				}
			}

			if after := listing(t, c.o.From); !slices.Equal(before, after) {
				t.Errorf("something was made: %q", after)
			}
		})
	}
}

// A registry that cannot take the line is found before the folder is made.
func TestNothingHalfMade(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "go.mod"), "module github.com/payhost/payhost\n")
	write(t, filepath.Join(root, "plugins", "sandbox", "registry.go"), "package main\n")
	before := listing(t, root)
	_, err := scaffold.New(scaffold.Options{Name: "acme", From: root})
	if err == nil || !strings.Contains(err.Error(), "no list called simulators") {
		t.Errorf("got %v", err)
	}

	if after := listing(t, root); !slices.Equal(before, after) {
		t.Errorf("something was made: %q", after)
	}
}

func TestAFileInTheWayStays(t *testing.T) {
	from := t.TempDir()
	write(t, filepath.Join(from, "acme", "main.go"), "mine")
	if _, err := scaffold.New(scaffold.Options{Name: "acme", From: from}); err == nil {
		t.Error("it was overwritten")
	}

	write(t, filepath.Join(from, "north"), "a file")
	if _, err := scaffold.New(scaffold.Options{Name: "north", From: from}); err == nil {
		t.Error("a file was replaced by a folder")
	}
	if text, err := os.ReadFile(filepath.Join(from, "acme", "main.go")); err != nil ||
		string(text) != "mine" {
		t.Errorf("main.go holds %q, %v", text, err)
	}
}

func listing(t *testing.T, folder string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return all
}
