package plugin

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// confinement is what one process is held to. It is prepared on any thread and
// entered on the one that starts the process: privileges, capabilities,
// Landlock's domain and the filter of system calls are a thread's, and are
// handed down to what it starts. That thread is never used for anything else,
// so neither the host nor the service it is part of loses anything, and there
// is no need for a program in between that would have to be the host's own once
// more.
type confinement struct {
	ruleset   *ruleset    // nil: none
	connector *connector  // nil: none, or none needed
	memory    int64       // hard, in bytes
	mark      processMark // of this process and all that it starts
	scope     killScope   // what may be killed for having that mark
	group     *group      // nil: none
	strict    bool        // less than strict is not run
	kernel                // what there is to do it with
}

// noCore is the limit of core dumps, in bytes: none is written, since a page is
// more, and it would hold secrets. Zero would not do: a core that is piped to a
// program, as many systems do, is written all the same, except at 1.
const noCore = 1

// prepare finds out what there is.
func prepare(spec Spec, folder, sockets string, i *Isolation) *confinement {
	c := &confinement{
		memory: hardMemory * memoryLimit(spec),
		mark:   spec.Workspace.nextMark(),
		scope:  spec.Workspace.scope,
		strict: spec.Binary.Strict,
		kernel: spec.Workspace.kernel,
	}
	var err error
	if c.ruleset, err = newRuleset(c.landlock, reach(spec.Binary.copied, folder, sockets)); err != nil {
		i.lacks(ownFiles, "%v", err)
		i.lacks(noSignals, "that is Landlock's")
	}

	if c.group, err = c.groups.newGroup(c.mark, c.memory, spec.Workspace.bounds.processes); err != nil {
		i.lacks(ownGroup, "%v", err)
	}

	return c
}

// kernel is what the system offers; tests take things away.
type kernel struct {
	groups   groups
	landlock int   // the version of Landlock's interface; 0: none
	noFilter error // why system calls are not filtered; nil: they are
	noTaking error // why the host cannot take sockets out of a plugin; nil: it can
	noTrace  bool  // a process cannot be held while its limits are set
	onHeld   func(pid int)
}

func probeKernel() kernel {
	return kernel{
		landlock: landlockVersion(),
		noTaking: takesFromOthers(),
		groups:   probeGroups(),
	}
}

// confinesFiles reports whether plugins reach only what was there when they
// were started.
func (k kernel) confinesFiles() bool { return k.landlock > 0 }

// confinesSockets reports whether Landlock keeps plugins from the sockets of
// others.
func (k kernel) confinesSockets() bool { return k.landlock >= socketsFrom }

// onThread runs f on a thread that serves nothing else and ends with it. The
// process's first thread cannot end, so it is held until f has another one.
func onThread(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		f() // the goroutine ends without unlocking, and the thread with it
		return
	}

	taken := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		close(taken)
		f()
	}()

	<-taken
	runtime.UnlockOSThread()
}

// onOtherThread runs f on a thread that is not confined, and waits for it. The
// calling one must be locked.
func onOtherThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// endMarked ends what the process has started, wherever it has gone. The host
// no longer connects for it. The error says that something is left.
func (c *confinement) endMarked() error {
	c.group.kill()
	err := c.mark.kill(c.scope)
	c.giveUp()
	return err
}

// giveUp frees what is held for a process that has ended or was never started.
func (c *confinement) giveUp() {
	c.connector.close()
	c.group.remove()
}

// close frees what was prepared. A process that runs keeps what it is held to.
func (c *confinement) close() {
	if c.ruleset != nil {
		_ = unix.Close(c.ruleset.fd) // it was only made to be enforced
	}
}

// enter confines the calling thread. The filter comes last: it refuses some of
// what the others take.
func (c *confinement) enter(i *Isolation) {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		i.lacks(noPrivileges, "%v", err)
	} else {
		i.has(noPrivileges, "no new privileges")
	}

	if err := dropCapabilities(); err != nil {
		i.lacks(noCapability, "%v", err)
	} else {
		i.has(noCapability, "no capabilities")
	}

	if c.ruleset != nil {
		c.enterRuleset(i)
	}
	c.enterFilter(i)
}

// enterRuleset puts the calling thread under Landlock's rules.
func (c *confinement) enterRuleset(i *Isolation) {
	if err := c.ruleset.enforce(); err != nil {
		i.lacks(ownFiles, "%v", err)
		return
	}
	c.ruleset.covers(i)
}

// enterFilter puts the calling thread under the filter of system calls. If it
// can, the host listens for the plugin, and connects for it where Landlock does
// not keep it from the sockets of others.
func (c *confinement) enterFilter(i *Isolation) {
	asked := c.calls()
	listener, err := noListener, c.noFilter
	if err == nil {
		listener, err = filterThread(asked)
	}
	if errors.Is(err, unix.EBUSY) { // a filter around the host asks already
		c.noTaking = err
		asked = askNothing
		listener, err = filterThread(asked)
	}
	if err != nil {
		i.lacks(ownCalls, "%v", err)
		c.lacksSockets(i, fmt.Errorf("without a filter of system calls the host cannot do it: %w", err))
		return
	}
	i.has(ownCalls, "no system calls on others")

	if asked == askNothing {
		c.lacksSockets(i, fmt.Errorf("the host cannot do it for a plugin: %w", c.noTaking))
		return
	}
	c.connector, err = newConnector(listener)
	if err != nil { // and no such call works
		c.lacksSockets(i, err)
		return
	}
	i.has(noServers, "no TCP servers (the host listens)")
	if asked == askToConnect {
		i.has(noSockets, "no sockets of others (the host connects)")
	}
}

// calls returns the calls that the host makes for the plugin.
func (c *confinement) calls() askedCalls {
	switch {
	case c.noTaking != nil:
		return askNothing
	case c.confinesSockets():
		return askToListen
	}
	return askToConnect
}

// lacksSockets notes that the host makes no calls for the plugin.
func (c *confinement) lacksSockets(i *Isolation, why error) {
	i.lacks(noServers, "Landlock lets a socket listen on a port of the kernel's choice, and %v", why)
	if !c.confinesSockets() {
		i.lacks(noSockets, "Landlock does that from its version %d on, and %v", socketsFrom, why)
	}
}

// dropCapabilities keeps what root may do from a plugin of a host that runs as
// root: what it starts gets no more than the bounding set and the inheritable
// one. The thread's own capabilities stay, because Go wants all threads alike
// when it changes the user. Passing by the permissions of files stays, too:
// folders of a host that runs as root may lie in a user's, and which files a
// plugin reaches is Landlock's business.
func dropCapabilities() error {
	// there is none on old kernels
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	if err := inheritNone(); err != nil {
		return err
	}

	if unix.Geteuid() != 0 {
		return nil
	}

	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		if c == unix.CAP_DAC_OVERRIDE || c == unix.CAP_DAC_READ_SEARCH {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil &&
			!errors.Is(err, unix.EINVAL) {
			return err // EINVAL: the kernel does not know that one
		}
	}

	return nil
}

// inheritNone empties the thread's inheritable set: whatever is in it, what
// root starts has, past the bounding set.
func inheritNone() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return fmt.Errorf("capget: %w", err)
	}

	sets[0].Inheritable, sets[1].Inheritable = 0, 0
	if err := unix.Capset(&header, &sets[0]); err != nil {
		return fmt.Errorf("capset: %w", err)
	}

	return nil
}

// start runs the command with its limits in force from its first instruction:
// the process is held, as a debugger holds one, until they are set. Where that
// is not allowed they are set right after the start.
func (c *confinement) start(cmd *exec.Cmd, i *Isolation) (*exec.Cmd, error) {
	if !c.noTrace {
		held, err := c.startHeld(cmd, i)
		if held ||
			(err != nil && !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.ENOSYS)) {
			return cmd, err
		}

		cmd = again(cmd)
	}

	i.lacks(heldAtStart, "a process cannot be traced here, so they come a moment later")
	if c.strict {
		return cmd, i.strict()
	}
	if err := cmd.Start(); err != nil {
		return cmd, err
	}

	c.limit(cmd.Process.Pid, i)
	return cmd, nil
}

// startHeld reports whether the process runs and had its limits before. Without
// an error it may also have ended before its program was loaded, which is how
// some sandboxes answer to tracing: then nothing is left of it.
func (c *confinement) startHeld(cmd *exec.Cmd, i *Isolation) (held bool, err error) {
	cmd.SysProcAttr.Ptrace = true
	if err := cmd.Start(); err != nil {
		return false, err
	}
	pid := cmd.Process.Pid
	if c.onHeld != nil {
		c.onHeld(pid)
	}

	for { // until it stops with the program loaded; what has happened stays to be waited for
		err := unix.Waitid(
			unix.P_PID,
			pid,
			nil,
			unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT,
			nil,
		)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}

	var limits Isolation
	c.limit(pid, &limits)
	limits.has(heldAtStart, "limits from the first instruction")
	if err := c.permits(i, limits); err != nil {
		_ = cmd.Process.Kill() // it has not run yet
		_ = cmd.Wait()
		return false, err
	}

	if letGo := syscall.PtraceDetach(pid) == nil; !letGo { // it is not there any more
		_ = cmd.Wait() // how it ended is of no interest
		return false, nil
	}

	i.add(limits)
	return true, nil
}

// permits returns why a process that is held so must not run; nil when it may.
func (c *confinement) permits(entered *Isolation, limits Isolation) error {
	if !c.strict {
		return nil
	}
	var all Isolation
	all.add(*entered)
	all.add(limits)
	return all.strict()
}

// again is the same command, not yet started.
func again(cmd *exec.Cmd) *exec.Cmd {
	attr := *cmd.SysProcAttr
	attr.Ptrace = false
	return &exec.Cmd{
		Path:        cmd.Path,
		Args:        cmd.Args,
		Env:         cmd.Env,
		Dir:         cmd.Dir,
		Stdout:      cmd.Stdout,
		Stderr:      cmd.Stderr,
		SysProcAttr: &attr,
	}
}

// limit sets the limits of a process. RLIMIT_AS is none of them: runtimes
// reserve far more address space than they use, and die of it. RLIMIT_DATA
// counts what can be written to.
func (c *confinement) limit(pid int, i *Isolation) {
	limits := []struct {
		measure  measure
		text     string
		resource int
		most     uint64
	}{
		{
			boundMemory,
			fmt.Sprintf("%d MiB of memory", c.memory>>20),
			unix.RLIMIT_DATA,
			uint64(max(c.memory, 0)),
		},
		{
			boundFiles,
			fmt.Sprintf("%d open files", openFiles),
			unix.RLIMIT_NOFILE,
			openFiles,
		},
		{
			boundFileSize,
			fmt.Sprintf("files of %d MiB", fileSize>>20),
			unix.RLIMIT_FSIZE,
			fileSize,
		},
		{noDumps, "no core dumps", unix.RLIMIT_CORE, noCore},
		{marked, "no children that stay", unix.RLIMIT_LOCKS, uint64(c.mark)},
	}

	// The calling thread is under the plugin's filter, which lets nobody set
	// the limits of another process, and under its rules on files.
	onOtherThread(func() {
		c.enterGroup(pid, i)
		for _, l := range limits {
			if err := lower(pid, l.resource, l.most); err != nil {
				i.lacks(l.measure, "%v", err)
				continue
			}
			i.has(l.measure, "%s", l.text)
		}
	})
}

// enterGroup puts a process into its control group.
func (c *confinement) enterGroup(pid int, i *Isolation) {
	if c.group == nil {
		return // that has been said
	}
	if err := c.group.take(pid); err != nil {
		i.lacks(ownGroup, "%v", err)
		return
	}
	i.has(ownGroup, "a control group of its own")
}

// lower sets both limits of a process, hard and soft, never above what they
// are.
func lower(pid, resource int, most uint64) error {
	var now unix.Rlimit
	if err := unix.Prlimit(pid, resource, nil, &now); err != nil {
		return err
	}
	most = min(most, now.Max)
	return unix.Prlimit(pid, resource, &unix.Rlimit{Cur: most, Max: most}, nil)
}
