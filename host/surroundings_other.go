//go:build !linux

package host

import (
	"errors"
	"syscall"
)

// forbidsPrograms is false: this system does not say. The first start of a
// plugin does.
func forbidsPrograms(string) bool { return false }

// isNotFolder reports whether a path leads through a file.
func isNotFolder(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
