//go:build unix

package serve

import (
	"os"

	"golang.org/x/sys/unix"
)

// takeStdout keeps the host's end of standard output for the handshake alone
// and makes file descriptor 1, and all that already refers to it, write to the
// given file instead.
func takeStdout(to *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(uintptr(unix.Stdout), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	if err := pointStdout(to); err != nil {
		_ = unix.Close(fd) // the first error is the one to tell
		return nil, err
	}
	return os.NewFile(uintptr(fd), "handshake"), nil
}

// pointStdout makes file descriptor 1 write to the given file.
func pointStdout(to *os.File) error { return unix.Dup2(int(to.Fd()), unix.Stdout) }

// readerGone reports whether f is a pipe that nobody can read any more.
func readerGone(f *os.File) bool {
	fds := []unix.PollFd{{Fd: int32(f.Fd())}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0 && fds[0].Revents&unix.POLLERR != 0
}
