//go:build linux

package plugin_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/internal/plugin"
)

// Somebody looks at a program before trusting it. It must not get at what the
// host has by that.
func TestDescribedProgramReachesNothing(t *testing.T) {
	if !landlocked(t) {
		return
	}
	folder, err := os.MkdirTemp("/tmp", "s") // short enough for sockets
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() { os.RemoveAll(folder) })
	socket, secret := filepath.Join(folder, "a"), filepath.Join(folder, "b")
	came := listenAt(t, socket)
	if err := os.WriteFile(secret, []byte("the host's own secret"), 0o600); err != nil {
		t.Fatal(err)
	}

	s := newStage(t)
	name := "stranger," + url.PathEscape(socket) + "," + url.PathEscape(secret)
	s.install(name, "1.0.0")
	said, err := plugin.Describe(context.Background(), filepath.Join(s.plugins, name))
	if err != nil {
		t.Fatal(err)
	}

	reachesSockets := strings.Contains(
		strings.Join(s.start().Isolation().Missing, " "),
		"no sockets of others",
	)
	if !reachesSockets &&
		(came.Load() != 0 || strings.Contains(string(said.Text), "welcome")) {
		t.Errorf("it reached the socket:\n%s", said.Text)
	}

	if strings.Contains(string(said.Text), "own secret") || len(said.Checksum) != 64 {
		t.Errorf("it read the file:\n%s", said.Text)
	}

	child := 0
	_, after, _ := strings.Cut(string(said.Text), "child ")
	if _, err := fmt.Sscan(after, &child); err != nil || child == 0 {
		t.Fatalf("no child in\n%s", said.Text)
	}

	eventually(t, "its child is gone", func() bool { return !running(child) })
}

func TestDescribeIsGivenUpWithItsContext(t *testing.T) {
	s := newStage(t)
	file := filepath.Join(s.plugins, "sleeper")
	if err := os.WriteFile(file, []byte("#!/bin/sh\nsleep 600\n"), 0o700); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := plugin.Describe(ctx, file); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}
