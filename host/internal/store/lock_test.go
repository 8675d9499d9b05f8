//go:build unix

package store_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/internal/store"
)

// Two hosts on one file would take each other's calls for abandoned. The second
// is told so, and a host that has ended is not in the way, nor is the file it
// left.
func TestAnEmbeddedDatabaseHasOneHost(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "payhost.db")
	for range 2 {
		unlock, err := store.LockFile(url)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.LockFile(url); err == nil ||
			!strings.Contains(err.Error(), "another host has") {
			t.Errorf("the second host was told %v", err)
		}

		if err := unlock(); err != nil {
			t.Fatal(err)
		}
	}

	shared, err := store.LockFile("postgres://db.example/payhost")
	if err != nil || shared() != nil {
		t.Errorf("a server's database: %v", err)
	}
}
