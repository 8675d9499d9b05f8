package plugin

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Landlock's rights, as far as they are told apart here.
const (
	mayRead = unix.LANDLOCK_ACCESS_FS_READ_FILE |
		unix.LANDLOCK_ACCESS_FS_READ_DIR

	mayRun = mayRead |
		unix.LANDLOCK_ACCESS_FS_EXECUTE

	// mayUse is for devices.
	mayUse = unix.LANDLOCK_ACCESS_FS_READ_FILE |
		unix.LANDLOCK_ACCESS_FS_WRITE_FILE

	// mayTalk is for folders of sockets that other programs listen on.
	mayTalk = unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX

	// mayListen is for the folder of its sockets. go-plugin makes a socket's
	// name with a file that it removes again. Folders are not among it: the
	// host has to remove them, which takes a descriptor for each folder in
	// another.
	mayListen = mayRead |
		unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX

	// mayOwn leaves out running what it has written itself, and making devices.
	mayOwn = mayListen |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR |
		unix.LANDLOCK_ACCESS_FS_REFER |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO |
		unix.LANDLOCK_ACCESS_FS_MAKE_SYM

	// forFiles are the rights that a file can have; the others are those of
	// folders.
	forFiles = unix.LANDLOCK_ACCESS_FS_READ_FILE |
		unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_EXECUTE |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE |
		unix.LANDLOCK_ACCESS_FS_IOCTL_DEV |
		unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX
)

// filesFrom are the rights over files that each version of Landlock's interface
// added. All that a kernel knows is forbidden unless a rule allows it.
var filesFrom = []struct {
	version int
	rights  uint64
}{
	{1, 1<<13 - 1}, // everything up to making symbolic links
	{2, unix.LANDLOCK_ACCESS_FS_REFER},
	{3, unix.LANDLOCK_ACCESS_FS_TRUNCATE},
	{5, unix.LANDLOCK_ACCESS_FS_IOCTL_DEV},
	{9, unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX},
}

const (
	// portsFrom is the version from which on Landlock keeps a process from TCP
	// ports of its choice. Which sockets listen it does not know.
	portsFrom = 4
	// processFrom is the version from which on Landlock keeps a process from
	// others: from signals, and from sockets that have no file.
	processFrom = 6
	// socketsFrom is the version from which on Landlock keeps a process from
	// the sockets of others, with and without a file.
	socketsFrom = 9
)

// landlockVersion returns the version of Landlock's interface; 0 where there is
// no Landlock, or it is turned off.
func landlockVersion() int {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET,
		0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(version)
}

// rule allows rights on a path and all below it.
type rule struct {
	path   string
	rights uint64
}

// ruleset is what one process may reach.
type ruleset struct {
	version int
	fd      int
	files   uint64 // the rights that are forbidden where no rule allows them
}

var errNoLandlock = errors.New("the kernel has no Landlock, or it is turned off")

// newRuleset makes a ruleset of the rules. Paths that do not exist are passed
// over. It must be enforced once.
func newRuleset(version int, rules []rule) (*ruleset, error) {
	if version < 1 {
		return nil, errNoLandlock
	}

	// All that this version knows is forbidden.
	attr := unix.LandlockRulesetAttr{}

	for _, from := range filesFrom {
		if version >= from.version {
			attr.Handled_access_fs |= from.rights
		}
	}

	if version >= portsFrom {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP
	}
	if version >= processFrom {
		attr.Scoped = unix.LANDLOCK_SCOPE_SIGNAL | unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
	}

	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET,
		uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0) //nolint:gosec // a system call's argument
	if errno != 0 {
		return nil, fmt.Errorf("landlock_create_ruleset: %w", errno)
	}

	made := &ruleset{version: version, fd: int(fd), files: attr.Handled_access_fs}
	if err := made.allowAll(rules); err != nil {
		return nil, errors.Join(err, unix.Close(made.fd))
	}

	return made, nil
}

// allowAll adds the rules, and the one on ports.
func (r *ruleset) allowAll(rules []rule) error {
	for _, rule := range rules {
		if err := r.allow(rule); err != nil {
			return err
		}
	}
	if r.version < portsFrom {
		return nil
	}
	return r.allowAnyPort()
}

// allow adds a rule on files.
func (r *ruleset) allow(rule rule) error {
	file, err := unix.Open(rule.path, unix.O_PATH|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.ENOENT),
		errors.Is(err, unix.ENOTDIR),
		errors.Is(err, unix.EACCES),
		errors.Is(err, unix.ELOOP):
		return nil
	case err != nil:
		return &os.PathError{Op: "open", Path: rule.path, Err: err}
	}

	defer func() { _ = unix.Close(file) }() // it only named a path

	// The kernel refuses the rights of a folder on a file.
	var stat unix.Stat_t
	if err := unix.Fstat(file, &stat); err != nil {
		return &os.PathError{Op: "stat", Path: rule.path, Err: err}
	}

	rights := rule.rights & r.files
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= forFiles
	}
	if rights == 0 {
		return nil
	}

	attr := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(file)}
	errno := r.add(unix.LANDLOCK_RULE_PATH_BENEATH, unsafe.Pointer(&attr)) //nolint:gosec // as above
	runtime.KeepAlive(&attr)
	if errno != 0 {
		return fmt.Errorf("landlock_add_rule for %s: %w", rule.path, errno)
	}

	return nil
}

// ruleNetPort is LANDLOCK_RULE_NET_PORT, and netPortAttr is struct
// landlock_net_port_attr.
const ruleNetPort = 2

type netPortAttr struct {
	allowedAccess uint64
	port          uint64
}

// allowAnyPort allows port 0, which is the kernel's choice: a program connects
// from an address of its choice that way. It takes no port from other programs.
func (r *ruleset) allowAnyPort() error {
	attr := netPortAttr{allowedAccess: unix.LANDLOCK_ACCESS_NET_BIND_TCP}
	errno := r.add(ruleNetPort, unsafe.Pointer(&attr)) //nolint:gosec // as above
	runtime.KeepAlive(&attr)
	if errno != 0 {
		return fmt.Errorf("landlock_add_rule for port 0: %w", errno)
	}
	return nil
}

func (r *ruleset) add(kind uintptr, attr unsafe.Pointer) unix.Errno {
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE,
		uintptr(r.fd), kind, uintptr(attr), 0, 0, 0)
	return errno
}

// enforce puts the calling thread, and all that it starts from now on, under
// the rules.
func (r *ruleset) enforce() error {
	_, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(r.fd), 0, 0)
	if errno != 0 {
		return fmt.Errorf("landlock_restrict_self: %w", errno)
	}
	return nil
}

// covers notes what the ruleset keeps a process from.
func (r *ruleset) covers(noted *Isolation) {
	noted.has(ownFiles, "own files only (Landlock %d)", r.version)

	if r.version >= processFrom {
		noted.has(noSignals, "%s", noSignals)
	} else {
		noted.lacks(noSignals, "this kernel has Landlock %d, an older one than that takes", r.version)
	}

	if r.version >= socketsFrom {
		noted.has(noSockets, "%s", noSockets)
	}
}
