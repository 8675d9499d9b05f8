package plugin

import (
	"errors"
	"math/rand/v2"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// A child that leaves the process group, as a daemon does, is no longer reached through it. But limits are inherited, and
// hard ones are not raised again without a privilege that no plugin has. RLIMIT_LOCKS limits nothing since Linux 2.4, and
// nobody sets it: each plugin's process gets a value of its own, and with it all that it ever starts. The upper bits are
// the workspace's, so that the next host can end what was left by one that was killed.
type family uint64

const memberBits = 24

func newFamily() family { return family(rand.Uint64()>>2) >> memberBits << memberBits } //nolint:gosec // a name, not a secret

// member gives one process's.
func (f family) member(n uint32) family { return f | family(n)&(1<<memberBits-1) }

// markOf gives a process's mark.
func markOf(pid int) (family, error) {
	var mark unix.Rlimit
	err := unix.Prlimit(pid, unix.RLIMIT_LOCKS, nil, &mark)
	return family(mark.Max), err
}

// Confined reports whether a process of this machine is a plugin's, or was started by one, whatever it has lowered its
// limits to. It is true as well for one that has gone, and false for a process that is not this user's.
func Confined(pid int) bool {
	mark, err := markOf(pid)
	return err == nil && mark != unix.RLIM_INFINITY || errors.Is(err, unix.ESRCH)
}

// killRounds bounds how often children are looked for that were started while others were being killed.
const killRounds = 10

// killMembers kills everything with this mark, also what has left its parent's group.
func (f family) killMembers() { killMarked(func(mark family) bool { return mark == f }) }

// killAll kills everything with a mark of the family.
func (f family) killAll() {
	killMarked(func(mark family) bool { return mark>>memberBits == f>>memberBits })
}

func killMarked(is func(mark family) bool) {
	for range killRounds {
		found := false
		entries, err := os.ReadDir("/proc")
		if err != nil {
			return
		}
		for _, e := range entries {
			if pid, err := strconv.Atoi(e.Name()); err == nil && killIf(pid, is) {
				found = true
			}
		}
		if !found {
			return
		}
	}
}

// killIf kills a process with such a mark. It is held on to before it is looked at for good, so that another one which
// gets its number meanwhile is not hit.
func killIf(pid int, is func(family) bool) bool {
	if mark, err := markOf(pid); err != nil || !is(mark) { // nearly all are not
		return false
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return false
	}
	defer func() { _ = unix.Close(fd) }() // it only named a process
	mark, err := markOf(pid)
	return err == nil && is(mark) && unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) == nil
}
