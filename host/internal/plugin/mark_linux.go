package plugin

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// processMark tells a plugin's process, and all that it ever starts, from other
// processes.
//
// A child that leaves the process group, as a daemon does, is no longer reached
// through it. But limits are inherited, and hard ones are not raised again
// without a privilege that no plugin has. RLIMIT_LOCKS limits nothing since
// Linux 2.4, and no program sets it, so the host uses it as the mark: each
// plugin's process gets a value of its own. The upper bits are the workspace's,
// so that the next host can end what was left by one that was killed.
type processMark uint64

// processBits are the lower bits of a mark, which tell the processes of one
// workspace apart.
const processBits = 24

// newMark returns a mark for a workspace.
func newMark() processMark {
	random := processMark(rand.Uint64() >> 2) //nolint:gosec // a name, not a secret
	return random >> processBits << processBits
}

// ofProcess returns the mark of the workspace's nth process.
func (m processMark) ofProcess(n uint32) processMark {
	return m | (processMark(n) & (1<<processBits - 1))
}

// markOf returns a process's mark.
func markOf(pid int) (processMark, error) {
	var mark unix.Rlimit
	err := unix.Prlimit(pid, unix.RLIMIT_LOCKS, nil, &mark)
	return processMark(mark.Max), err
}

// Confined reports whether a process of this machine is a plugin's, or was
// started by one, whatever it has lowered its limits to. It also returns true
// for a process that has ended, and false for one that is not this user's.
func Confined(pid int) bool {
	mark, err := markOf(pid)
	marked := (err == nil) && (mark != unix.RLIM_INFINITY)
	return marked || errors.Is(err, unix.ESRCH)
}

// processes returns the processes with this mark.
func (m processMark) processes() []int {
	var list []int
	for _, pid := range allProcesses() {
		if mark, err := markOf(pid); (err == nil) && (mark == m) {
			list = append(list, pid)
		}
	}
	return list
}

// kill kills every process with this mark, also those that have left their
// parent's group.
func (m processMark) kill(scope killScope) error {
	return killMarked(scope, func(mark processMark) bool { return mark == m })
}

// killAll kills every process with a mark of this workspace.
func (m processMark) killAll(scope killScope) error {
	return killMarked(scope, func(mark processMark) bool {
		return mark>>processBits == m>>processBits
	})
}

const (
	// killRounds bounds how often processes are looked for that were started
	// while others were being killed.
	killRounds = 10
	// killBatch is how many are killed before their ends are waited for: each
	// of them takes a file.
	killBatch = 64
	// killWait is how long their ends may take. A process that hangs in the
	// kernel does not end.
	killWait = time.Second
)

// killMarked kills the processes whose mark fits, until there are none. The
// error says that there still were some after many rounds.
func killMarked(scope killScope, fits func(processMark) bool) error {
	// Each round finds what was started during the one before.
	rounds := scope.rounds
	if rounds == 0 {
		rounds = killRounds
	}

	for range rounds {
		if killRound(scope, fits) == 0 {
			return nil
		}
	}

	return fmt.Errorf(
		"processes of the plugin were still there after %d rounds of killing them: "+
			"they start others faster than they can be found, which only a control group ends",
		rounds,
	)
}

// killRound kills the processes whose mark fits, waits for their ends, and
// returns how many there were.
func killRound(scope killScope, fits func(processMark) bool) (killed int) {
	var batch []unix.PollFd
	for _, pid := range allProcesses() {
		handle, ok := holdMarked(pid, scope, fits)
		if !ok {
			continue
		}
		// A process that its parent has not waited for keeps its mark, and
		// would be found again in each round.
		if hasEnded(handle) || unix.PidfdSendSignal(handle, unix.SIGKILL, nil, 0) != nil {
			_ = unix.Close(handle) // it only named a process
			continue
		}

		killed++
		batch = append(batch, unix.PollFd{Fd: int32(handle), Events: unix.POLLIN})
		if len(batch) == killBatch {
			awaitEnds(batch)
			batch = nil
		}
	}

	awaitEnds(batch)
	return killed
}

// holdMarked returns a handle of a process whose mark fits, if a plugin can
// have started it. The process is held before the look that counts, so that
// another one that gets its number meanwhile is not hit.
func holdMarked(
	pid int,
	scope killScope,
	fits func(processMark) bool,
) (handle int, ok bool) {
	if mark, err := markOf(pid); (err != nil) || !fits(mark) { // nearly all are not
		return 0, false
	}

	handle, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return 0, false
	}
	mark, err := markOf(pid)
	if (err == nil) && fits(mark) && scope.covers(pid) {
		return handle, true
	}

	_ = unix.Close(handle) // it only named a process
	return 0, false
}

// hasEnded reports whether a process has ended, also one that its parent has
// not waited for.
func hasEnded(handle int) bool {
	polled := []unix.PollFd{{Fd: int32(handle), Events: unix.POLLIN}}
	n, err := unix.Poll(polled, 0)
	return (err == nil) && (n == 1)
}

// awaitEnds waits until the processes have ended, at most killWait, and closes
// their handles.
func awaitEnds(handles []unix.PollFd) {
	deadline := time.Now().Add(killWait)
	for _, handle := range handles {
		for {
			left := max(0, time.Until(deadline))
			_, err := unix.Poll([]unix.PollFd{handle}, int(left.Milliseconds()))
			if !errors.Is(err, unix.EINTR) {
				break
			}
		}

		_ = unix.Close(int(handle.Fd)) // it only named a process
	}
}

// allProcesses returns the numbers of all processes that the host sees.
func allProcesses() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}

	var list []int
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			list = append(list, pid)
		}
	}

	return list
}

// killScope bounds which processes may be killed for their mark: where system
// calls are not filtered, a plugin can put its mark on any process of its user,
// the host itself among them.
type killScope struct {
	// groups are the control groups of the host and of its plugins; none: this
	// system has no such groups.
	groups []string
	rounds int // 0: killRounds
}

// covers reports whether a process can be a plugin's or a child of one: it has
// the host's user, it can get no new privileges, which is never taken back, and
// it is in one of the control groups, which no process leaves by itself. The
// host and what it was started by are not covered.
func (s killScope) covers(pid int) bool {
	// Not even a mark on the host's own parents may end them.
	ancestors := map[int]bool{}
	for at := os.Getpid(); (at > 0) && !ancestors[at]; at = statusOf(at).parent {
		ancestors[at] = true
	}
	about := statusOf(pid)
	if ancestors[pid] || !about.noNewPrivileges || (about.user != os.Getuid()) {
		return false
	}

	return (len(s.groups) == 0) || slices.ContainsFunc(s.groups, func(group string) bool {
		return isBelow(groupOf(pid), group)
	})
}

// ownScope returns the scope of the host's own plugins.
func ownScope(k kernel) killScope {
	if k.groups.folder != "" {
		return killScope{groups: []string{k.groups.path}}
	}
	if group := groupOf(os.Getpid()); group != "" {
		return killScope{groups: []string{group}}
	}
	return killScope{}
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
	return (group == above) || strings.HasPrefix(group, strings.TrimSuffix(above, "/")+"/")
}

// procStatus is what /proc shows of a process; empty when it has gone.
type procStatus struct {
	parent          int
	user            int
	noNewPrivileges bool
}

func statusOf(pid int) procStatus {
	status := procStatus{user: -1}
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return status
	}

	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}

		number, err := strconv.Atoi(fields[0])
		if err != nil {
			continue
		}

		switch name {
		case "PPid":
			status.parent = number
		case "Uid":
			status.user = number
		case "NoNewPrivs":
			status.noNewPrivileges = number == 1
		}
	}

	return status
}
