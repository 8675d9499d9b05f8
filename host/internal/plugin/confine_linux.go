package plugin

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// confinement is what one process is held to. It is prepared on any thread and
// entered on the one that starts the process: privileges, capabilities,
// Landlock's domain and the filter of system calls belong to a thread, and are
// inherited by what it starts. The thread is never used for anything else, so
// neither the host nor the service that it is part of loses anything. A program
// in between, which would have to be the host's own once more, is not needed.
type confinement struct {
	ruleset   *ruleset    // nil: none
	connector *connector  // nil: none, or none needed
	memory    int64       // hard, in bytes
	mark      processMark // of this process and all that it starts
	scope     killScope   // what may be killed for having that mark
	group     *group      // nil: none
	strict    bool        // less than strict is not run
	only      netip.AddrPort
	kernel    // what the system offers for it
}

// noCore is the limit of core dumps, in bytes: none is written, since a page is
// more, and it would hold secrets. Zero would not do: a core that is piped to a
// program, as many systems do, is written all the same, except at 1.
const noCore = 1

// prepare makes what can be made before the thread is confined, and notes what
// the system lacks.
func prepare(spec Spec, folder, sockets string, noted *Isolation) *confinement {
	c := &confinement{
		memory: hardMemory * memoryLimit(spec),
		mark:   spec.Workspace.nextMark(),
		scope:  spec.Workspace.scope,
		strict: spec.Binary.Strict,
		only:   spec.Only,
		kernel: spec.Workspace.kernel,
	}

	// A measure that the system lacks is only noted here; isolation = "strict"
	// refuses the start later, with all that is missing.
	var err error
	rules := reach(spec.Binary.copied, folder, sockets)
	c.ruleset, err = newRuleset(c.landlock, rules)
	if err != nil {
		noted.lacks(ownFiles, "%v", err)
		noted.lacks(noSignals, "that is Landlock's")
	}

	c.group, err = c.groups.newGroup(c.mark, c.memory, spec.Workspace.bounds.processes)
	if err != nil {
		noted.lacks(ownGroup, "%v", err)
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

// onThread runs work on a thread that does nothing else and ends with it. The
// host's first thread cannot end, so it is held until work has another one.
func onThread(work func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		work() // the goroutine ends without unlocking, and the thread with it
		return
	}

	taken := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		close(taken)
		work()
	}()

	<-taken
	runtime.UnlockOSThread()
}

// onOtherThread runs work on a thread that is not confined, and waits for it.
// The calling thread must be locked.
func onOtherThread(work func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
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
// the calls that the others need.
func (c *confinement) enter(noted *Isolation) {
	// The kernel takes a ruleset or a filter from an ordinary user only after
	// this.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		noted.lacks(noPrivileges, "%v", err)
	} else {
		noted.has(noPrivileges, "no new privileges")
	}

	if err := dropCapabilities(); err != nil {
		noted.lacks(noCapability, "%v", err)
	} else {
		noted.has(noCapability, "no capabilities")
	}

	if c.ruleset != nil {
		c.enterRuleset(noted)
	}
	c.enterFilter(noted)
}

// enterRuleset puts the calling thread under Landlock's rules.
func (c *confinement) enterRuleset(noted *Isolation) {
	if err := c.ruleset.enforce(); err != nil {
		noted.lacks(ownFiles, "%v", err)
		return
	}
	c.ruleset.covers(noted)
}

// enterFilter puts the calling thread under the filter of system calls. If it
// can, the host listens for the plugin, and connects for it where Landlock does
// not keep it from the sockets of others.
func (c *confinement) enterFilter(noted *Isolation) {
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
		noted.lacks(ownCalls, "%v", err)
		c.lacksSockets(noted, fmt.Errorf("without a filter of system calls the host cannot do it: %w", err))
		return
	}

	noted.has(ownCalls, "no system calls on others")

	if asked == askNothing {
		c.lacksSockets(noted, fmt.Errorf("the host cannot do it for a plugin: %w", c.noTaking))
		return
	}

	c.connector, err = newConnector(listener, c.only)
	if err != nil { // and no such call works
		c.lacksSockets(noted, err)
		return
	}

	noted.has(noServers, "no TCP servers (the host listens)")
	if asked != askToListen {
		noted.has(noSockets, "no sockets of others (the host connects)")
	}
}

// calls returns the calls that the host makes for the plugin.
func (c *confinement) calls() askedCalls {
	switch {
	case c.noTaking != nil:
		return askNothing
	case c.only.IsValid():
		return askToReachOne
	case c.confinesSockets():
		return askToListen
	}
	return askToConnect
}

// lacksSockets notes that the host makes no calls for the plugin.
func (c *confinement) lacksSockets(noted *Isolation, why error) {
	noted.lacks(noServers, "Landlock lets a socket listen on a port of the kernel's choice, and %v", why)
	if !c.confinesSockets() {
		noted.lacks(noSockets, "Landlock does that from its version %d on, and %v", socketsFrom, why)
	}
}

// dropCapabilities keeps the powers of root from a plugin of a host that runs
// as root: a program gets no more than the bounding and the inheritable set of
// the thread that starts it. The thread's own capabilities stay, because Go
// wants all threads alike when it changes the user.
func dropCapabilities() error {
	// Old kernels have no ambient set.
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	if err := inheritNone(); err != nil {
		return err
	}

	if unix.Geteuid() != 0 {
		return nil
	}

	for capability := uintptr(0); capability <= unix.CAP_LAST_CAP; capability++ {
		// Passing by the permissions of files stays: folders of a host that
		// runs as root may lie in a user's, and Landlock decides which files a
		// plugin reaches.
		if capability == unix.CAP_DAC_OVERRIDE || capability == unix.CAP_DAC_READ_SEARCH {
			continue
		}

		err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
		if err != nil && !errors.Is(err, unix.EINVAL) { // EINVAL: the kernel does not know it
			return err
		}
	}

	return nil
}

// inheritNone empties the thread's inheritable set: a program that root starts
// gets what is in it, past the bounding set.
func inheritNone() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return fmt.Errorf("capget: %w", err)
	}

	sets[0].Inheritable = 0
	sets[1].Inheritable = 0
	if err := unix.Capset(&header, &sets[0]); err != nil {
		return fmt.Errorf("capset: %w", err)
	}

	return nil
}

// start runs the command with its limits in force from its first instruction:
// the process is held, as a debugger holds one, until they are set. Where that
// is not allowed they are set right after the start.
func (c *confinement) start(cmd *exec.Cmd, noted *Isolation) (*exec.Cmd, error) {
	if c.only.IsValid() && c.connector == nil {
		return cmd, errWholeNetwork
	}

	if !c.noTrace {
		held, err := c.startHeld(cmd, noted)
		forbidden := errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS)
		if held || (err != nil && !forbidden) {
			return cmd, err
		}

		cmd = notStarted(cmd)
	}

	noted.lacks(heldAtStart, "a process cannot be traced here, so they come a moment later")
	// Under strict isolation not one instruction runs without the limits.
	if c.strict {
		return cmd, noted.strict()
	}
	if err := cmd.Start(); err != nil {
		return cmd, err
	}

	c.limit(cmd.Process.Pid, noted)
	return cmd, nil
}

// startHeld reports whether the process runs and had its limits before. Without
// an error it may also have ended before its program was loaded, which is how
// some sandboxes answer to tracing: then nothing is left of it.
func (c *confinement) startHeld(cmd *exec.Cmd, noted *Isolation) (held bool, err error) {
	cmd.SysProcAttr.Ptrace = true
	if err := cmd.Start(); err != nil {
		return false, err
	}
	pid := cmd.Process.Pid
	if c.onHeld != nil {
		c.onHeld(pid)
	}

	// It stops once the program is loaded. Its events stay to be waited for.
	for {
		const events = unix.WSTOPPED | unix.WEXITED | unix.WNOWAIT
		err := unix.Waitid(unix.P_PID, pid, nil, events, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}

	var limits Isolation
	c.limit(pid, &limits)
	limits.has(heldAtStart, "limits from the first instruction")
	if err := c.permits(noted, limits); err != nil {
		_ = cmd.Process.Kill() // it has not run yet
		_ = cmd.Wait()
		return false, err
	}

	if err := syscall.PtraceDetach(pid); err != nil {
		_ = cmd.Wait()    // how it ended does not matter
		return false, nil //nolint:nilerr // it is not there any more
	}

	noted.add(limits)
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

// notStarted returns the same command, which can be started.
func notStarted(cmd *exec.Cmd) *exec.Cmd {
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

// limit sets the limits of a process. RLIMIT_AS is not among them: runtimes
// reserve far more address space than they use, and end when it is refused.
// RLIMIT_DATA counts what can be written to.
func (c *confinement) limit(pid int, noted *Isolation) {
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

	// The calling thread is under the plugin's filter, which refuses to set the
	// limits of another process, and under its rules on files.
	onOtherThread(func() {
		c.enterGroup(pid, noted)
		for _, limit := range limits {
			if err := lower(pid, limit.resource, limit.most); err != nil {
				noted.lacks(limit.measure, "%v", err)
				continue
			}
			noted.has(limit.measure, "%s", limit.text)
		}
	})
}

// enterGroup puts a process into its control group.
func (c *confinement) enterGroup(pid int, noted *Isolation) {
	if c.group == nil {
		return // that has been noted
	}
	if err := c.group.take(pid); err != nil {
		noted.lacks(ownGroup, "%v", err)
		return
	}
	noted.has(ownGroup, "a control group of its own")
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
