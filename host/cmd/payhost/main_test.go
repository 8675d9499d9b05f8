package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// program is the command, built once; repository is the folder that holds go.mod; zones is Go's own file of time zones,
// because a machine may have none.
var program, repository, zones string

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	folder, err := os.MkdirTemp("", "payhost-command-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if repository, err = filepath.Abs("../../.."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	program = filepath.Join(folder, "payhost")
	if err := build(program, "."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	zones = filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip")
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
	out, err := exec.Command("go", "build", "-ldflags", "-X main.version=1.2.3", "-o", to, from).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build of %s: %w\n%s", from, err, out)
	}
	return nil
}
