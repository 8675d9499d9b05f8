//go:build !unix

package store

// LockFile does nothing where the system has no such lock. There, the operator
// must not start two hosts on one embedded database.
func LockFile(string) (unlock func() error, err error) {
	return func() error { return nil }, nil
}

// LockPath returns ErrLocked where the system has no such lock: it is not known
// whether another process has the file.
func LockPath(string) (unlock func() error, err error) { return nil, ErrLocked }
