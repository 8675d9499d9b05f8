//go:build !linux

package host

import (
	"errors"
	"syscall"
)

// forbidsPrograms cannot be told here; the first start of a plugin tells.
func forbidsPrograms(string) bool { return false }

// isNotFolder reports whether a path leads through a file.
func isNotFolder(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
