//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// LockFile keeps a second host from an embedded database, before it is opened: the hosts would not see each other's
// waiting callers, and each has its own idea of which plugins there are. unlock lets the next host in; for a database
// that hosts may share it does nothing. The lock is the system's, on a file beside the database, and
// ends with the process however that ends, so a file that is left behind locks nobody out.
func LockFile(url string) (unlock func() error, err error) {
	path, embedded := strings.CutPrefix(url, "sqlite:")
	if !embedded || path == "" {
		return func() error { return nil }, nil
	}
	if err := makeFolder(path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: lock the database: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		err = errors.Join(lockError(path, err), f.Close())
		return nil, err
	}
	return f.Close, nil
}

func lockError(path string, err error) error {
	if errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("store: another host has %s open: give each host a database of its own, or one PostgreSQL to all", path)
	}
	return fmt.Errorf("store: lock %s: %w", path, err)
}
