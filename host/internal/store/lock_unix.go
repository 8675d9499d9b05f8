//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// LockFile keeps a second host from an embedded database, before it is opened:
// the hosts would not see each other's waiting callers, and each has its own
// idea of which plugins there are. unlock lets the next host in; for a database
// that hosts may share it does nothing. The lock is the system's, on a file
// beside the database, and ends with the process however that ends, so a file
// that is left behind locks nobody out.
func LockFile(url string) (unlock func() error, err error) {
	path, embedded := strings.CutPrefix(url, "sqlite:")
	if !embedded || path == "" {
		return func() error { return nil }, nil
	}
	if err := makeFolder(path); err != nil {
		return nil, err
	}

	unlock, err = LockPath(path + ".lock")
	if errors.Is(err, ErrLocked) {
		return nil, fmt.Errorf(
			"store: another host has %s open: give each host a database of its own, or one PostgreSQL to all",
			path,
		)
	}

	return unlock, err
}

// LockPath takes the system's lock on a file, which it makes if it is missing.
// The error is ErrLocked when a process that lives has it.
func LockPath(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)

	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return nil, errors.Join(ErrLocked, f.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}

	return f.Close, nil
}
