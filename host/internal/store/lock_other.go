//go:build !unix

package store

// LockFile does nothing where the system has no such lock: there two hosts on
// one embedded database are the operator's own to avoid.
func LockFile(string) (unlock func() error, err error) {
	return func() error { return nil }, nil
}

// LockPath gives ErrLocked where the system has no such lock: nobody can tell
// then who has the file.
func LockPath(string) (unlock func() error, err error) { return nil, ErrLocked }
