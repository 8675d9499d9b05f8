package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// built holds what the tests build; repository is the folder that holds go.mod.
var built, repository string

// program is the command, built when the first test needs it: a fuzzing process
// does not.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "payhost")
	return path, build(path, ".")
})

// zones is Go's own file of time zones, because a machine may have none.
var zones = sync.OnceValues(func() (string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	return filepath.Join(
		strings.TrimSpace(string(root)),
		"lib",
		"time",
		"zoneinfo.zip",
	), err
})

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	// A command that starts its own program once more would start all of these
	// tests, and they it again.
	if (len(os.Args) > 1) && !strings.HasPrefix(os.Args[1], "-") {
		fmt.Fprintln(os.Stderr, "this is a test's program, not payhost")
		return 1
	}

	var err error
	if built, err = os.MkdirTemp("", "payhost-command-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(built)

	if repository, err = filepath.Abs("../../.."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}

	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}

	return code
}

// build compiles a program of this repository, under version 1.2.3.
func build(to, from string) error {
	// Built as "make build" does it: what one has compiled the others find in
	// the cache.
	cmd := exec.Command(
		"go",
		"build",
		"-trimpath",
		"-buildvcs=false",
		"-ldflags",
		"-s -w -X main.version=1.2.3",
		"-o",
		to,
		from,
	)

	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("build of %s: %w\n%s", from, err, out)
	}

	return nil
}
