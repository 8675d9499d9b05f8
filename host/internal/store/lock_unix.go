//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// LockFile keeps a second host from an embedded database. It is called before
// the database is opened: two hosts would not see each other's waiting callers,
// and each has its own state of the plugins. unlock lets the next host in. For
// a database that hosts may share, LockFile does nothing.
//
// The lock is the system's, on a file beside the database. It ends with the
// process however that ends, so a file that is left behind locks no host out.
func LockFile(url string) (unlock func() error, err error) {
	path, embedded := strings.CutPrefix(url, "sqlite:")
	if !embedded || path == "" {
		return func() error { return nil }, nil
	}
	if err := createFolder(path); err != nil {
		return nil, err
	}

	unlock, err = LockPath(path + ".lock")
	if errors.Is(err, ErrLocked) {
		return nil, fmt.Errorf(
			"store: another host has %s open: give each host a database of "+
				"its own, or one PostgreSQL to all (%w)",
			path,
			ErrLocked,
		)
	}

	return unlock, err
}

// LockPath takes the system's lock on a file, and creates the file when it is
// missing. The error is ErrLocked when a running process has the lock.
func LockPath(path string) (unlock func() error, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errors.Join(ErrLocked, file.Close())
	}

	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}

	// Closing the file ends the lock. The file stays: if it were removed, two
	// hosts could lock two different files under its name.
	return file.Close, nil
}
