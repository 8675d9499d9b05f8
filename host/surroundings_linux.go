package host

import (
	"errors"

	"golang.org/x/sys/unix"
)

// forbidsPrograms reports whether a folder is on a file system from which no
// program may be run.
func forbidsPrograms(dir string) bool {
	var about unix.Statfs_t
	return unix.Statfs(dir, &about) == nil && (about.Flags&unix.ST_NOEXEC) != 0
}

// isNotFolder reports whether a path leads through a file.
func isNotFolder(err error) bool { return errors.Is(err, unix.ENOTDIR) }
