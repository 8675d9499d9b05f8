package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// verdict is what became of a mutant.
type verdict struct {
	mutant  *mutant
	caught  string // the test that caught it, as "./package Test"
	problem string // why it is not caught; "" when it is
	took    time.Duration
}

func (v verdict) String() string {
	took := v.took.Round(time.Second)
	if v.problem != "" {
		return fmt.Sprintf("LIVES   %s (%s): %s", v.mutant.name, took, v.problem)
	}
	return fmt.Sprintf("caught  %s (%s): %s", v.mutant.name, took, v.caught)
}

// tooLong is how long the tests of one package may run under a mutant. One that
// only hangs has not been noticed.
const tooLong = 4 * time.Minute

// try breaks the rule and runs the tests.
func (m *mutant) try(ctx context.Context) (v verdict) {
	begun := time.Now()
	v.mutant = m
	defer func() { v.took = time.Since(begun) }()
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		v.problem = err.Error()
		return v
	}

	// what is left behind is in the system's temporary folder
	defer func() { _ = os.RemoveAll(dir) }()

	overlay, err := m.overlay(dir)
	if err != nil {
		v.problem = err.Error()
		return v
	}

	for _, r := range m.inOrder() {
		program := filepath.Join(dir, strings.ReplaceAll(r.pkg, "/", "_")+".test")
		if err := build(ctx, overlay, program, r.pkg); err != nil {
			v.problem = err.Error()
			return v
		}

		v.caught, err = catch(ctx, program, r)
		if err != nil {
			v.problem = err.Error()
		}
		if v.caught != "" || err != nil {
			return v
		}
	}

	v.problem = "no test notices it"
	return v
}

// inOrder are the tests to run, first the one that has caught the mutant
// before.
func (m *mutant) inOrder() []testRun {
	if pkg, test, ok := strings.Cut(m.caught, " "); ok {
		return append([]testRun{{pkg, "^" + test + "$"}}, m.runs...)
	}
	return m.runs
}

// change returns the text of the mutant's file with the rule broken.
func (m *mutant) change() (string, error) {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return "", fmt.Errorf("its old text occurs %d times in %s, not once", n, m.file)
	}
	return strings.Replace(string(text), m.old, m.broken, 1), nil
}

// overlay writes the file that has the compiler see the broken text in place of
// the real one.
func (m *mutant) overlay(dir string) (string, error) {
	text, err := m.change()
	if err != nil {
		return "", err
	}
	real, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}

	broken, list := filepath.Join(
		dir,
		filepath.Base(m.file),
	), filepath.Join(
		dir,
		"overlay.json",
	)
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {real: broken}})
	if err != nil {
		return "", err
	}

	return list, errors.Join(os.WriteFile(broken, []byte(text), 0o600),
		os.WriteFile(list, replace, 0o600))
}

// build makes a package's test program, unless it is there already.
func build(ctx context.Context, overlay, program, pkg string) error {
	if _, err := os.Stat(program); err == nil {
		return nil
	}
	// Vet and the symbols tell nothing about a mutant, and cost time.
	cmd := exec.CommandContext(
		ctx,
		"go",
		"test",
		"-c",
		"-vet=off",
		"-ldflags=-s -w",
		"-overlay",
		overlay,
		"-o",
		program,
		pkg,
	)

	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("it does not compile: %s", firstLines(string(out)))
	}

	return nil
}

var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\w+)`)

// catch runs tests, and gives the one that fails. The error is that a test
// hangs, or that none can be run.
func catch(ctx context.Context, program string, r testRun) (test string, err error) {
	limit, cancel := context.WithTimeout(ctx, tooLong+time.Minute)
	defer cancel()
	args := []string{"-test.failfast", "-test.timeout=" + tooLong.String(),
		"-test.run=" + r.pattern}
	cmd := exec.CommandContext(limit, program, args...)
	cmd.Dir = r.pkg
	cmd.WaitDelay = 10 * time.Second // a server that outlives it keeps its output open
	out, err := cmd.CombinedOutput()

	var exit *exec.ExitError
	switch {
	case err == nil, ctx.Err() != nil:
		return "", ctx.Err()
	case strings.Contains(string(out), "test timed out after"), limit.Err() != nil:
		return "", fmt.Errorf("the tests of %s hang, which is no verdict: %s", r.pkg,
			firstLines(string(out)))
	}

	if name := failed.FindStringSubmatch(string(out)); name != nil {
		return r.pkg + " " + name[1], nil
	}
	if errors.As(err, &exit) && strings.Contains(string(out), "panic: ") {
		return r.pkg + " panic", nil
	}

	return "", fmt.Errorf("the tests of %s cannot be run: %w: %s", r.pkg, err,
		firstLines(string(out)))
}

func firstLines(text string) string {
	lines := strings.SplitN(strings.TrimSpace(text), "\n", 6)
	return strings.Join(lines[:min(len(lines), 5)], "; ")
}
