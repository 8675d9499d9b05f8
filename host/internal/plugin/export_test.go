//go:build linux

package plugin

import (
	"errors"
	"runtime"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// TakeAway makes the workspace start plugins as on a kernel without Landlock,
// where no process can be traced either.
func (w *Workspace) TakeAway() {
	w.kernel = kernel{noTrace: true, noFilter: errAway, noTaking: errAway}
}

var errAway = errors.New("it was taken away")

// WithoutFilter makes the workspace start plugins as where system calls cannot
// be filtered.
func (w *Workspace) WithoutFilter() { w.kernel.noFilter = errAway }

// WithoutTaking makes it do so as where files cannot be taken out of processes.
func (w *Workspace) WithoutTaking() { w.kernel.noTaking = errAway }

// LandlockOf sets which version of Landlock's interface is used, at most what
// the kernel has.
func (w *Workspace) LandlockOf(
	version int,
) {
	w.kernel.landlock = min(version, landlockVersion())
}

// HasLandlock reports whether this kernel has it.
func HasLandlock() bool { return landlockVersion() > 0 }

// LandlockHasSockets reports whether it also keeps plugins from connecting to
// sockets.
func LandlockHasSockets() bool { return landlockVersion() >= 9 }

// SetResolver names the files whose replacement is noticed.
func (c *Catalog) SetResolver(files ...string) { c.resolver = files }

// OnHeld has f called for every process that is held while its limits are set.
func (w *Workspace) OnHeld(f func(pid int)) { w.kernel.onHeld = f }

// KillMarked kills what has the mark of one of the workspace's processes.
func (w *Workspace) KillMarked() error { return w.mark.killAll(w.scope) }

// KillRounds bounds how often processes are looked for that were started while
// others were being killed.
func (w *Workspace) KillRounds(most int) { w.scope.rounds = most }

// Mark puts the workspace's mark on a process, as a plugin could without a
// filter.
func (w *Workspace) Mark(pid int) error {
	mark := uint64(w.mark)
	return unix.Prlimit(pid, unix.RLIMIT_LOCKS, &unix.Rlimit{Cur: mark, Max: mark}, nil)
}

// Bound sets what a plugin's folder may hold, in bytes, and how many processes
// it may have, looked at all the time.
func (w *Workspace) Bound(folder int64, processes int) {
	w.bounds = bounds{
		every:     time.Millisecond,
		folder:    folder,
		entries:   1000,
		processes: processes,
	}
}

// GroupsIn makes the workspace's control groups in a folder.
func (w *Workspace) GroupsIn(folder string) { w.kernel.groups = groups{folder: folder} }

// MemoryOf returns the bytes of memory that a process is held to use.
func MemoryOf(pid int) int64 { return memoryOf([]int{pid}) }

// Always is for what needs nothing of the system.
const Always = always

// States returns, for every measure of the table, whether it is in force or
// missing; "" when nothing was said.
func (i Isolation) States() map[measure]string {
	states := map[measure]string{}
	for _, row := range Table() {
		switch text := i.reason(row.By); {
		case i.held[row.By]:
			states[row.By] = "in force"
		case text != string(row.By):
			states[row.By] = "missing"
		default:
			states[row.By] = ""
		}
	}

	return states
}

// ForbidLikeAContainer has all threads of this process refused what the filter
// of a container engine refuses.
func ForbidLikeAContainer() error {
	refused := failWith(unix.EPERM)
	var rules []callRules

	for _, number := range []uintptr{
		unix.SYS_PIDFD_GETFD, unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_BPF, unix.SYS_KCMP,
	} {
		rules = append(rules, whole(number, refused))
	}

	raw, err := bpf.Assemble(assemble(rules))
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, in := range raw {
		filter[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}

	_, err = setFilter(filter, unix.SECCOMP_FILTER_FLAG_TSYNC)
	return err
}
