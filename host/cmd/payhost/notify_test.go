package main

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serviceManager is the socket of one, as systemd has it.
type serviceManager struct{ *net.UnixConn }

func newServiceManager(t *testing.T) serviceManager {
	t.Helper()
	folder, err := os.MkdirTemp("", "sd") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}

	path := filepath.Join(folder, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		_ = conn.Close()
		_ = os.RemoveAll(folder)
	})

	t.Setenv("NOTIFY_SOCKET", path)

	return serviceManager{conn}
}

// next returns the next message that is not a sign of life, and how many of
// those came before it.
func (m serviceManager) next(t *testing.T) (message string, alive int) {
	t.Helper()

	// Only a host that says nothing at all waits so long.
	if err := m.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}

	text := make([]byte, 1<<10)
	for {
		n, err := m.Read(text)
		if err != nil {
			t.Fatal(err)
		}
		if message = string(text[:n]); message != "WATCHDOG=1" {
			return message, alive
		}

		alive++
	}
}

func (m serviceManager) wants(t *testing.T, pattern string) {
	t.Helper()
	if message, _ := m.next(t); !regexp.MustCompile("^(?:" + pattern + ")$").
		MatchString(message) {
		t.Fatalf("the service manager is told %q, want %s", message, pattern)
	}
}

func TestServiceManagerIsToldHowTheHostIs(t *testing.T) {
	manager := newServiceManager(t)
	folder, _ := hostConfig(t, "", "http://127.0.0.1:1")
	c := serve(t, folder)
	manager.wants(t, "READY=1")

	c.signal(t, syscall.SIGHUP)
	manager.wants(t, `RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*`)
	manager.wants(t, "READY=1")

	// A reload that changes nothing because of a mistake has ended all the
	// same.
	file := filepath.Join(folder, "config.toml")
	right, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}

	write(t, file, string(right)+"\nno_such_key = 1\n")
	c.signal(t, syscall.SIGHUP)
	manager.wants(t, `RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*`)
	manager.wants(t, "READY=1")

	c.signal(t, syscall.SIGTERM)
	manager.wants(t, "STOPPING=1")
	if r := c.wait(t); r.exit != exitDone {
		t.Errorf("exit status %d: %s", r.exit, r.stderr)
	}
}

func TestServiceManagerGetsSignsOfLife(t *testing.T) {
	manager := newServiceManager(t)
	t.Setenv("WATCHDOG_USEC", "300000")
	folder, _ := hostConfig(t, "", "http://127.0.0.1:1")
	c := serve(t, folder)
	manager.wants(t, "READY=1")

	if err := manager.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 1<<10)

	for range 3 {
		n, err := manager.Read(text)
		if err != nil || string(text[:n]) != "WATCHDOG=1" {
			t.Fatalf("told %q, %v", text[:n], err)
		}
	}

	c.signal(t, syscall.SIGTERM)
	manager.wants(t, "STOPPING=1")
	c.wait(t)
}

func TestHostServesWithoutAServiceManagerThatListens(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	folder, _ := hostConfig(t, "", "http://127.0.0.1:1")
	c := serve(t, folder)
	c.until(t, c.stderr, "the service manager could not be told how the host is")

	c.signal(t, syscall.SIGTERM)
	if r := c.wait(t); r.exit != exitDone || !strings.Contains(r.stderr, "READY=1") {
		t.Errorf("exit status %d: %s", r.exit, r.stderr)
	}
}
