package plugin

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"

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
func (f family) killMembers(u unit) { killMarked(u, func(mark family) bool { return mark == f }) }

// killAll kills everything with a mark of the family.
func (f family) killAll(u unit) {
	killMarked(u, func(mark family) bool { return mark>>memberBits == f>>memberBits })
}

// members returns the processes with this mark.
func (f family) members() []int {
	var list []int
	for _, pid := range processes() {
		if mark, err := markOf(pid); err == nil && mark == f {
			list = append(list, pid)
		}
	}
	return list
}

func killMarked(u unit, is func(mark family) bool) {
	for range killRounds {
		found := false
		for _, pid := range processes() {
			if killIf(pid, u, is) {
				found = true
			}
		}
		if !found {
			return
		}
	}
}

// processes returns the numbers of all processes that this one sees.
func processes() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var list []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			list = append(list, pid)
		}
	}
	return list
}

// killIf kills a process with such a mark, if it can have been started by a
// plugin. It is held on to before it is looked at for good, so that another one
// which gets its number meanwhile is not hit.
func killIf(pid int, u unit, is func(family) bool) bool {
	if mark, err := markOf(pid); err != nil || !is(mark) { // nearly all are not
		return false
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return false
	}
	defer func() { _ = unix.Close(fd) }() // it only named a process
	mark, err := markOf(pid)
	return err == nil && is(mark) && u.has(pid) && unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) == nil
}

// unit is what a host's plugins and their children belong to, whatever they are
// marked with: where system calls are not filtered a plugin can put its mark on
// any process of its user, the host itself among them.
type unit struct {
	groups []string // control groups, of the host and of its plugins; none: this system has no such groups
}

// has reports whether a process can be a plugin's or a child of one: it has the
// host's user, can get no new privileges, which is never taken back, and is in
// one of the control groups, which no process leaves by itself. The host itself
// and what it was started by are not.
func (u unit) has(pid int) bool {
	ancestors := map[int]bool{}
	for at := os.Getpid(); at > 0 && !ancestors[at]; at = statusOf(at).parent {
		ancestors[at] = true
	}
	about := statusOf(pid)
	if ancestors[pid] || !about.noNewPrivileges || about.user != os.Getuid() {
		return false
	}
	return len(u.groups) == 0 || slices.ContainsFunc(u.groups, func(group string) bool {
		return isBelow(groupOf(pid), group)
	})
}

// ownUnit is the one that this process's plugins will belong to.
func ownUnit(k kernel) unit {
	if k.groups.folder != "" {
		return unit{groups: []string{k.groups.path}}
	}
	if group := groupOf(os.Getpid()); group != "" {
		return unit{groups: []string{group}}
	}
	return unit{}
}

// groupOf returns a process's control group of version 2, such as
// "/system.slice/payhost.service"; "" where there is none.
func groupOf(pid int) string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if group, ok := strings.CutPrefix(line, "0::"); ok {
			return strings.TrimSuffix(group, "\n")
		}
	}
	return ""
}

// isBelow reports whether a control group is the other one or in it.
func isBelow(group, above string) bool {
	return group == above || strings.HasPrefix(group, strings.TrimSuffix(above, "/")+"/")
}

// procStatus is what /proc says of a process; empty when it has gone.
type procStatus struct {
	parent, user    int
	noNewPrivileges bool
}

func statusOf(pid int) procStatus {
	s := procStatus{user: -1}
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return s
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}
		number, err := strconv.Atoi(fields[0])
		switch {
		case err != nil:
		case name == "PPid":
			s.parent = number
		case name == "Uid":
			s.user = number
		case name == "NoNewPrivs":
			s.noNewPrivileges = number == 1
		}
	}
	return s
}
