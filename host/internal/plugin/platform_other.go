//go:build !linux

package plugin

import (
	"errors"
	"os"
	"syscall"
)

// On systems other than Linux a plugin runs with less around it: no process group, so that what it starts itself may
// outlive it, and nothing but the SDK's own watch ends it when its host is killed.

func isolation() *syscall.SysProcAttr { return nil }

func closeOnExec() {}

func awaitEnd(*os.Process) {}

// reap waits for the process. The os package itself keeps Kill from reaching a process that has been waited for.
func (l *launcher) reap() { l.endErr = l.cmd.Wait() }

func killGroup(p *os.Process) { _ = p.Kill() }

var errNoLocks = errors.New("folders cannot be locked on this system")

// lockFolder opens without locking; without wait it fails for folders that exist already, so that none is taken for
// abandoned.
func lockFolder(path string, wait bool) (*os.File, error) {
	if !wait {
		if entries, err := os.ReadDir(path); err != nil || len(entries) > 0 {
			return nil, errNoLocks
		}
	}
	return os.Open(path)
}
