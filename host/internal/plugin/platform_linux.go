package plugin

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolation returns attributes that put the process into a group of its own,
// which can be killed as a whole, and have the kernel kill it when the thread
// that started it ends: the launcher keeps that thread for as long as the
// process lives.
func isolation() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// closeOnExec keeps the plugin from inheriting files that Go does not know of:
// those that the host was itself started with, or that a C library opened.
// Files that Go opens are not inherited anyway.
func closeOnExec() {
	const first = 3
	if unix.CloseRange(first, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC) == nil {
		return
	}

	// Linux has close_range since 5.11.
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}

	for _, entry := range entries {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd >= first {
			unix.CloseOnExec(fd)
		}
	}
}

// awaitEnd returns when the process has ended, and leaves it to be reaped:
// until then no other process can get its id.
func awaitEnd(p *os.Process) {
	for {
		err := unix.Waitid(unix.P_PID, p.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// reap kills what the process leaves behind in its group, and takes its exit
// status.
func (l *launcher) reap() {
	l.mu.Lock()
	defer l.mu.Unlock()
	killGroup(l.cmd.Process)
	l.endErr = l.cmd.Wait()
	l.alive = false
}

// killGroup kills the process and all that it started, unless that has left the
// group.
func killGroup(p *os.Process) {
	_ = unix.Kill(-p.Pid, unix.SIGKILL)
	_ = p.Kill()
}

// lockFolder locks a folder for as long as the file is open. Without wait a
// folder that is locked is an error.
func lockFolder(path string, wait bool) (*os.File, error) {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Open(path, flags, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}

	folder := os.NewFile(uintptr(fd), path)

	how := unix.LOCK_EX
	if !wait {
		how |= unix.LOCK_NB
	}

	// A signal that interrupts the wait says nothing about the lock.
	for {
		err = unix.Flock(fd, how)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}

	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), folder.Close())
	}

	return folder, nil
}
