//go:build amd64 || arm64

package plugin

import "golang.org/x/sys/unix"

// refusedCalls fail with EPERM.
var refusedCalls = append([]uintptr{
	// other processes
	unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE,
	unix.SYS_PROCESS_MRELEASE, unix.SYS_KCMP, unix.SYS_PIDFD_GETFD, unix.SYS_MOVE_PAGES,
	unix.SYS_MIGRATE_PAGES,

	// namespaces and mounts
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT,
	unix.SYS_CHROOT, unix.SYS_MOUNT_SETATTR, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE,
	unix.SYS_FSOPEN, unix.SYS_FSMOUNT, unix.SYS_FSCONFIG, unix.SYS_FSPICK,

	// the machine
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD,
	unix.SYS_KEXEC_FILE_LOAD, unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_SYSLOG,
	unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD, unix.SYS_SETTIMEOFDAY,
	unix.SYS_CLOCK_SETTIME, unix.SYS_CLOCK_ADJTIME, unix.SYS_ADJTIMEX, unix.SYS_SETHOSTNAME,
	unix.SYS_SETDOMAINNAME, unix.SYS_VHANGUP, unix.SYS_FANOTIFY_INIT,
	unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NAME_TO_HANDLE_AT,

	// attributes of files, and what happens to them: for these Landlock has no
	// rules, so they would be those of every file of the host's user
	unix.SYS_FCHMOD, unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWN, unix.SYS_FCHOWNAT,
	unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR, unix.SYS_SETXATTRAT,
	unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR, unix.SYS_REMOVEXATTRAT,
	unix.SYS_UTIMENSAT, unix.SYS_FILE_SETATTR, unix.SYS_INOTIFY_ADD_WATCH,

	// memory that outlives the process, or that no limit counts
	unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_MSGGET, unix.SYS_SEMGET, unix.SYS_MQ_OPEN,
}, refusedHere...)

// unknownCalls fail with ENOSYS, so that a program takes the older way that it
// has: parts of the kernel that plugins do not need and that attacks begin
// with, calls whose arguments a filter cannot see, and memory that can be run
// without a check of what is in it.
var unknownCalls = []uintptr{
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_IO_URING_SETUP,
	unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER, unix.SYS_KEYCTL, unix.SYS_ADD_KEY,
	unix.SYS_REQUEST_KEY, unix.SYS_CLONE3, unix.SYS_MEMFD_CREATE, unix.SYS_MEMFD_SECRET,
	unix.SYS_LOOKUP_DCOOKIE,
}

const (
	// newNamespaces are the flags of clone that make one.
	newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
		unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

	// notStream are the bits of a socket's type that a stream does not have;
	// the others are flags.
	notStream = 0xf &^ unix.SOCK_STREAM

	// ioprioProcess is IOPRIO_WHO_PROCESS.
	ioprioProcess = 1
)

// pluginRules returns the rules for plugins, with the calls that are put before
// the host.
func pluginRules(asked askedCalls) []callRules {
	refuse := failWith(unix.EPERM)
	rules := argumentRules(refuse)
	rules = append(rules, socketRules(asked)...)
	for _, number := range refusedCalls {
		rules = append(rules, whole(number, refuse))
	}

	for _, number := range unknownCalls {
		rules = append(rules, whole(number, failWith(unix.ENOSYS)))
	}

	if asked != askNothing {
		rules = append(rules, whole(unix.SYS_LISTEN, askHost))
	}
	if (asked == askToConnect) || (asked == askToReachOne) {
		rules = append(rules, whole(unix.SYS_CONNECT, askHost), noLinger())
	}
	if asked == askToReachOne {
		rules = append(rules, noFastOpen()...)
	}

	return rules
}

// noLinger keeps closing from taking time: the plugin may have closed a socket
// that the host has taken out of it, and the host's close would last for as
// long as the plugin has set the socket to linger.
func noLinger() callRules {
	return callRules{unix.SYS_SETSOCKOPT, []callRule{
		{failWith(unix.EPERM), []condition{is(1, unix.SOL_SOCKET), is(2, unix.SO_LINGER)}},
	}}
}

// noFastOpen refuses to send with TCP's fast open, which connects a socket to an
// address without a connect.
func noFastOpen() (list []callRules) {
	for _, sending := range []struct {
		number uintptr
		flags  int // the argument that has them
	}{
		{unix.SYS_SENDTO, 3},
		{unix.SYS_SENDMSG, 2},
		{unix.SYS_SENDMMSG, 3},
	} {
		list = append(list, callRules{sending.number, []callRule{
			{failWith(unix.EPERM), []condition{anyBit(sending.flags, unix.MSG_FASTOPEN)}},
		}})
	}
	return list
}

// argumentRules returns the rules for calls that a plugin makes on itself, and
// may not make on others.
func argumentRules(refuse verdict) []callRules {
	fits := func(conditions ...condition) callRule { return callRule{refuse, conditions} }
	self := fits(isNot(0, 0)) // a process or thread other than "the calling one"
	list := []callRules{
		// The thread that starts the plugin is filtered as well: the program
		// asks to be held, and that thread lets it go.
		{unix.SYS_PTRACE, []callRule{
			fits(upperNot(0, 0)),
			fits(isNot(0, unix.PTRACE_TRACEME), isNot(0, unix.PTRACE_DETACH)),
		}},

		// Limits: to set them on others, or the mark. The third argument is the
		// address of the new ones.
		{unix.SYS_PRLIMIT64, []callRule{
			fits(isNot(0, 0), isNot(2, 0)),
			fits(isNot(0, 0), upperNot(2, 0)),
			fits(is(1, unix.RLIMIT_LOCKS), isNot(2, 0)),
			fits(is(1, unix.RLIMIT_LOCKS), upperNot(2, 0)),
		}},
		{unix.SYS_SETRLIMIT, []callRule{fits(is(0, unix.RLIMIT_LOCKS))}},

		{unix.SYS_SETPRIORITY, []callRule{
			fits(isNot(0, unix.PRIO_PROCESS)),
			fits(isNot(1, 0)),
		}},
		{unix.SYS_IOPRIO_SET, []callRule{
			fits(isNot(0, ioprioProcess)),
			fits(isNot(1, 0)),
		}},

		// A child that is given to the host stays in the system's table after
		// its end: the host does not wait for it.
		{unix.SYS_CLONE, []callRule{fits(anyBit(0, newNamespaces|unix.CLONE_PARENT))}},

		// Memory that is shared without a file counts for no limit of the
		// process.
		{unix.SYS_MMAP, []callRule{
			fits(anyBit(3, unix.MAP_SHARED), anyBit(3, unix.MAP_ANONYMOUS)),
		}},
	}

	for _, number := range []uintptr{
		unix.SYS_SCHED_SETAFFINITY,
		unix.SYS_SCHED_SETSCHEDULER,
		unix.SYS_SCHED_SETPARAM,
		unix.SYS_SCHED_SETATTR,
	} {
		list = append(list, callRules{number, []callRule{self}})
	}

	return list
}

// socketRules returns the rules for making sockets. A plugin listens on a unix
// socket and calls its provider over TCP. Names are looked up over UDP and
// netlink, of which addresses and routes are enough: other parts show the
// host's own connections. Unix sockets are streams, because others send to an
// address without connecting. Multipath TCP is refused: Landlock's rules on TCP
// do not apply to it. UDP reaches every address without a connect: a program
// that may only reach one has none.
func socketRules(asked askedCalls) []callRules {
	noFamily := failWith(unix.EAFNOSUPPORT)
	noProtocol := failWith(unix.EPROTONOSUPPORT)
	unixStream := callRule{noFamily, []condition{
		is(0, unix.AF_UNIX),
		anyBit(1, notStream),
	}}

	var noDatagrams []callRule
	if asked == askToReachOne {
		noDatagrams = []callRule{
			{noProtocol, []condition{is(0, unix.AF_INET), anyBit(1, notStream)}},
			{noProtocol, []condition{is(0, unix.AF_INET6), anyBit(1, notStream)}},
		}
	}

	return []callRules{
		{unix.SYS_SOCKET, append(noDatagrams, []callRule{
			{noFamily, []condition{
				isNot(0, unix.AF_UNIX),
				isNot(0, unix.AF_INET),
				isNot(0, unix.AF_INET6),
				isNot(0, unix.AF_NETLINK),
			}},
			unixStream,
			{noProtocol, []condition{
				isNot(0, unix.AF_UNIX),
				isNot(0, unix.AF_NETLINK),
				isNot(2, 0),
				isNot(2, unix.IPPROTO_TCP),
				isNot(2, unix.IPPROTO_UDP),
			}},
			{noProtocol, []condition{
				is(0, unix.AF_NETLINK),
				isNot(2, unix.NETLINK_ROUTE),
			}},
		}...)},
		{unix.SYS_SOCKETPAIR, []callRule{unixStream}},
	}
}
