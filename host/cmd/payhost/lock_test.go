package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is locked starts; a program that is put in its place does not, and the
// old one goes on serving until the lock says otherwise.
func TestLockHoldsARunningHost(t *testing.T) {
	t.Parallel()
	folder, _ := hostConfig(t, "", "http://127.0.0.1:1")
	programs := filepath.Join(folder, "plugins")
	from, err := plugins()
	if err != nil {
		t.Fatal(err)
	}

	install := func(file string, extra string) {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(from, file))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(programs, "new"), string(content)+extra)
		if err := os.Rename(filepath.Join(programs, "new"), filepath.Join(programs, "ptop")); err != nil {
			t.Fatal(err)
		}
	}

	install("ptop", "")
	file := filepath.Join(folder, "config.toml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}

	write(t, file, strings.Replace(string(text), from, "plugins", 1))
	run := func(exit int, want string, args ...string) {
		t.Helper()
		if r := start(t, folder, "", args...).wait(t); r.exit != exit ||
			!strings.Contains(r.stdout+r.stderr, want) {
			t.Errorf(
				"%s: exit %d, no %q in\n%s\n%s",
				args,
				r.exit,
				want,
				r.stdout,
				r.stderr,
			)
		}
	}

	run(exitDone, "new", "lock")
	c := serve(t, folder)
	run(exitDone, "ready", "providers")
	install("ptop", "other bytes behind the same program")

	for range 2 {
		run(exitFailed, "payhost.lock allows only", "reload")
		run(exitDone, "ready", "providers")
	}

	run(exitFailed, "payhost.lock allows only", "check")
	run(exitDone, "changed from", "lock")
	run(exitDone, "swapped", "reload")
	run(exitDone, "ok", "check")

	// A lock without the program: nothing serves, and the host says why.
	write(t, filepath.Join(folder, "payhost.lock"), "")
	run(exitFailed, "has no line for ptop on", "reload")
	c.signal(t, os.Interrupt)
	c.wait(t)
	c = serve(t, folder)
	run(exitDone, "has no line for ptop on", "providers", "show", "shop")
	c.signal(t, os.Interrupt)

	c.wait(t)
}
