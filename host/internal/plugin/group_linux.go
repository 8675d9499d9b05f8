package plugin

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// groups is where the host may make control groups (version 2): the folder of
// the systemd unit that it is part of, when systemd has given that to it and
// has put the host into a group of its own in it (Delegate= and
// DelegateSubgroup=). Elsewhere the processes that are there already are in the
// way, or the folder is others'.
type groups struct {
	folder string // "" where there is none
	path   string // the same as /proc says it
	reason string // why there is none
}

// delegated is the mark that systemd leaves on a folder that it has given away.
const delegated = "user.delegate"

func isDelegated(folder string) bool {
	mark := make([]byte, 1)
	n, err := unix.Getxattr(folder, delegated, mark)
	return err == nil && n == 1 && mark[0] == '1'
}

func probeGroups() groups {
	own := groupOf(os.Getpid())
	if own == "" {
		return groups{reason: "this system has no control groups of version 2 for the host"}
	}
	mount := groupMount()
	parent := path.Dir(own)
	folder := filepath.Join(mount, parent)

	if mount == "" || !isDelegated(folder) {
		return groups{reason: "the host is in no unit of systemd with Delegate= and DelegateSubgroup="}
	}

	// Only what is counted can be bounded.
	controllers := []byte("+memory +pids")
	err := os.WriteFile(filepath.Join(folder, "cgroup.subtree_control"), controllers, 0)
	if err != nil {
		return groups{reason: fmt.Sprintf("memory and pids cannot be counted: %v", err)}
	}

	return groups{folder: folder, path: parent}
}

// groupMount returns where control groups of version 2 are mounted.
func groupMount() string {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}

	for line := range bytes.Lines(text) {
		before, after, ok := strings.Cut(string(line), " - ")
		fields := strings.Fields(before)
		if ok && strings.HasPrefix(after, "cgroup2 ") && len(fields) > 4 {
			return fields[4]
		}
	}

	return ""
}

// group is the control group of one plugin and of all that it starts.
type group struct{ folder string }

// newGroup makes one that holds a process to so much memory, in bytes, and so
// many processes, all in all.
func (g groups) newGroup(mark processMark, memory int64, processes int) (*group, error) {
	if g.folder == "" {
		return nil, errors.New(g.reason)
	}

	made := &group{filepath.Join(g.folder, "plugin-"+strconv.FormatUint(uint64(mark), 36))}
	if err := os.Mkdir(made.folder, 0o750); err != nil {
		return nil, err
	}
	// When the memory runs out the kernel ends the whole group, so that no half
	// of a plugin goes on. It counts threads as processes.
	err := errors.Join(
		made.set("memory.max", strconv.FormatInt(memory, 10)),
		made.set("memory.oom.group", "1"),
		made.set("pids.max", strconv.Itoa(threadsFor*processes)),
	)
	if err != nil {
		made.remove()
		return nil, err
	}

	return made, nil
}

// threadsFor is how many threads a process may have, on average: the system
// counts threads.
const threadsFor = 16

func (g *group) set(file, value string) error {
	return os.WriteFile(filepath.Join(g.folder, file), []byte(value), 0o600)
}

// take puts a process into the group.
func (g *group) take(pid int) error { return g.set("cgroup.procs", strconv.Itoa(pid)) }

// kill ends all that is in the group.
func (g *group) kill() {
	if g != nil {
		_ = g.set("cgroup.kill", "1") // before Linux 5.14 there is no such file
	}
}

// remove removes the group once nothing is in it.
func (g *group) remove() {
	if g != nil {
		_ = os.Remove(g.folder) // what still ends is in a group that limits it
	}
}
