//go:build unix

package config

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A named pipe that is opened would wait for its writer, and the host with it.
func TestReadReferenceDoesNotOpenPipes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, problem := readReference(path); !strings.HasSuffix(
		problem,
		"is not a regular file",
	) {
		t.Error(problem)
	}
}
