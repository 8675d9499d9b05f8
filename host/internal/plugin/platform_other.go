//go:build !linux

package plugin

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
)

// On systems other than Linux a plugin is kept apart less: it has no process
// group, so that what it starts may outlive it, and only the SDK's own watch
// ends it when its host is killed.

func isolation() *syscall.SysProcAttr { return nil }

func closeOnExec() {}

// confinement does nothing but note that.
type confinement struct {
	memory int64
	strict bool
	only   netip.AddrPort
}

type kernel struct{}

func (kernel) confinesFiles() bool { return false }

func identities([]string) string { return "" }

func probeKernel() kernel { return kernel{} }

func prepare(spec Spec, _, _ string, _ *Isolation) *confinement {
	return &confinement{strict: spec.Binary.Strict, only: spec.Only}
}

func (*confinement) enter(noted *Isolation) {
	seen := map[measure]bool{always: true}
	for _, row := range Table() {
		if !seen[row.By] {
			seen[row.By] = true
			noted.lacks(row.By, "there is none of it outside Linux")
		}
	}
}

func (c *confinement) start(cmd *exec.Cmd, noted *Isolation) (*exec.Cmd, error) {
	switch {
	case c.only.IsValid():
		return cmd, errWholeNetwork
	case c.strict:
		return cmd, noted.strict()
	}
	return cmd, cmd.Start()
}

func (*confinement) close() {}

func (*confinement) endMarked() error { return nil }

func (*confinement) giveUp() {}

func (*confinement) members() []int { return nil }

func memoryOf([]int) int64 { return 0 }

func sizeOnDisk(info fs.FileInfo) int64 { return info.Size() }

// processMark does nothing here: a process cannot be told by what started it.
type processMark uint64

func newMark() processMark { return 0 }

func (m processMark) ofProcess(uint32) processMark { return m }

func (processMark) killAll(killScope) error { return nil }

type killScope struct{ groups []string }

func ownScope(kernel) killScope { return killScope{} }

func onThread(f func()) { f() }

func peer(net.Conn) (pid int, known bool) { return 0, false }

func judgePeer(net.Conn) (pid int, welcome bool) { return 0, true }

// Confined reports nothing here: plugins cannot be told from other processes.
func Confined(int) bool { return false }

func awaitEnd(*os.Process) {}

// reap waits for the process. The os package itself keeps Kill from reaching a
// process that has been waited for.
func (l *launcher) reap() { l.endErr = l.cmd.Wait() }

func killGroup(p *os.Process) { _ = p.Kill() }

var errNoLocks = errors.New("folders cannot be locked on this system")

// lockFolder opens without locking; without wait it fails for folders that
// exist already, so that none is taken for abandoned.
func lockFolder(path string, wait bool) (*os.File, error) {
	if !wait {
		if entries, err := os.ReadDir(path); err != nil || len(entries) > 0 {
			return nil, errNoLocks
		}
	}
	return os.Open(path)
}

// Resident returns 0: the memory of a process is not known.
func Resident(int) int64 { return 0 }
