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
	mayRead = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	mayRun  = mayRead | unix.LANDLOCK_ACCESS_FS_EXECUTE
	mayUse  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE // a device
	// to whoever listens on a socket there
	mayTalk = unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX
	// mayOwn leaves out running what it has written itself, and making devices.
	mayOwn = mayRead | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_REFER |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_SYM | unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX

	// mayListen is for the folder of its sockets, of which go-plugin makes the
	// name by a file that it removes again. No folders: those are the host's to
	// remove, which takes a descriptor for each that lies in another.
	mayListen = mayRead | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX

	// forFiles are the rights that a file can have; the others are those of
	// folders.
	forFiles = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_EXECUTE |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV | unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX
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
	// serversFrom is the version from which on Landlock keeps a process from
	// opening TCP ports. It does not do so for multipath TCP, which the filter
	// of system calls refuses.
	serversFrom = 4
	// processFrom is the version from which on Landlock keeps a process from
	// others: from signals, and from sockets that have no file.
	processFrom = 6
	// socketsFrom is the version from which on Landlock keeps a process from
	// the sockets of others, with and without a file.
	socketsFrom = 9
)

// landlockVersion is 0 where there is no Landlock, or it is turned off.
func landlockVersion() int {
	v, _, errno := unix.Syscall(
		unix.SYS_LANDLOCK_CREATE_RULESET,
		0,
		0,
		unix.LANDLOCK_CREATE_RULESET_VERSION,
	)
	if errno != 0 {
		return 0
	}

	return int(v)
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
	attr := unix.LandlockRulesetAttr{}

	for _, f := range filesFrom {
		if version >= f.version {
			attr.Handled_access_fs |= f.rights
		}
	}

	if version >= serversFrom {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP
	}
	if version >= processFrom {
		attr.Scoped = unix.LANDLOCK_SCOPE_SIGNAL | unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
	}

	fd, _, errno := unix.Syscall(
		unix.SYS_LANDLOCK_CREATE_RULESET,
		uintptr(unsafe.Pointer(&attr)),
		unsafe.Sizeof(attr),
		0,
	) //nolint:gosec // a system call's argument
	if errno != 0 {
		return nil, fmt.Errorf("landlock_create_ruleset: %w", errno)
	}

	r := &ruleset{version: version, fd: int(fd), files: attr.Handled_access_fs}
	for _, rule := range rules {
		if err := r.allow(rule); err != nil {
			return nil, errors.Join(err, unix.Close(r.fd))
		}
	}

	return r, nil
}

// allow adds a rule.
func (r *ruleset) allow(rule rule) error {
	f, err := unix.Open(rule.path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) ||
		errors.Is(err, unix.EACCES) ||
		errors.Is(err, unix.ELOOP) {
		return nil
	}

	if err != nil {
		return &os.PathError{Op: "open", Path: rule.path, Err: err}
	}
	defer func() { _ = unix.Close(f) }() // it only named a path

	var stat unix.Stat_t
	if err := unix.Fstat(f, &stat); err != nil {
		return &os.PathError{Op: "stat", Path: rule.path, Err: err}
	}
	rights := rule.rights & r.files
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= forFiles
	}

	if rights == 0 {
		return nil
	}
	attr := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(f)}
	_, _, errno := unix.Syscall6(
		unix.SYS_LANDLOCK_ADD_RULE,
		uintptr(r.fd),
		unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&attr)),
		0,
		0,
		0,
	) //nolint:gosec // a system call's argument

	runtime.KeepAlive(&attr)
	if errno != 0 {
		return fmt.Errorf("landlock_add_rule for %s: %w", rule.path, errno)
	}

	return nil
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
func (r *ruleset) covers(i *Isolation) {
	i.has(ownFiles, "own files only (Landlock %d)", r.version)
	for _, from := range []struct {
		version int
		measure measure
	}{
		{serversFrom, noServers}, {processFrom, noSignals}, {socketsFrom, noSockets},
	} {
		if r.version >= from.version {
			i.has(from.measure, "%s", from.measure)
		}
	}

	for _, m := range []measure{noServers, noSignals} {
		if !i.held[m] {
			i.lacks(
				m,
				"this kernel has Landlock %d, an older one than that takes",
				r.version,
			)
		}
	}
}
