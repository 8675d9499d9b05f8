package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// attack does what a plugin must not get anything from. It says "NAME: error"
// for each try, "NAME: done" where nothing kept it.
func attack(order, arg string) (said string, ok bool) {
	n, _ := strconv.Atoi(arg)
	switch order {
	case "change":
		return outcomes(changes(n)), true
	case "mark":
		return outcomes(marks()), true
	case "attributes":
		return outcomes(attributes(arg)), true
	case "siblings":
		return outcomes(siblings(n)), true
	case "sockets":
		return outcomes(sockets(arg)), true
	case "share":
		return outcomes(shares()), true
	case "call":
		return errnoText(call(uintptr(n), ^uintptr(0))), true
	case "serve":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err == nil {
			l.Close()
		}
		return errnoText(err), true
	case "listen":
		return errnoText(listenUnbound()), true
	case "dialfrom":
		return errnoText(dialFrom(arg)), true
	case "swap":
		return strconv.Itoa(swap(arg)), true
	case "hang":
		hang(n)
		return "", true
	case "linger":
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err == nil {
			err = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 3600})
			unix.Close(fd)
		}
		return errnoText(err), true
	case "caps":
		status, err := os.ReadFile("/proc/self/status")
		return string(status) + errnoText(err), true
	case "bigfile":
		return errnoText(bigFile(int64(n) << 20)), true
	case "fill":
		return errnoText(fill(n)), true
	case "fillsockets":
		err := os.Chdir(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"))
		return errnoText(errors.Join(err, fill(n))), true
	case "nest":
		return errnoText(nest(n)), true
	case "foldersocket":
		return errnoText(os.Mkdir(filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "n"), 0o700)), true
	}
	return "", false
}

type outcome struct {
	name string
	err  error
}

func outcomes(list []outcome) string {
	var b strings.Builder
	for _, o := range list {
		fmt.Fprintf(&b, "%s: %s\n", o.name, errnoText(o.err))
	}
	return b.String()
}

func errnoText(err error) string {
	if err == nil {
		return "done"
	}
	return err.Error()
}

func call(number uintptr, args ...uintptr) error {
	for len(args) < 6 {
		args = append(args, args[len(args)-1])
	}
	_, _, errno := unix.Syscall6(number, args[0], args[1], args[2], args[3], args[4], args[5])
	if errno != 0 {
		return errno
	}
	return nil
}

// changes tries to change another process.
func changes(pid int) []outcome {
	limit := unix.Rlimit{Cur: 1000, Max: 1 << 40}
	mask := [16]uint64{1}
	param := int32(0)
	word := make([]byte, 8)
	local := []unix.Iovec{{Base: &word[0], Len: 8}}
	remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&word[0])), Len: 8}}
	_, readErr := unix.ProcessVMReadv(pid, local, remote, 0)
	handle, _ := unix.PidfdOpen(pid, 0)
	_, takeErr := unix.PidfdGetfd(handle, 0, 0)
	return []outcome{
		{"prlimit", unix.Prlimit(pid, unix.RLIMIT_CPU, &limit, nil)},
		{"sched_setaffinity", call(unix.SYS_SCHED_SETAFFINITY, uintptr(pid), unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)), 0)},
		{"sched_setscheduler", call(unix.SYS_SCHED_SETSCHEDULER, uintptr(pid), 5, uintptr(unsafe.Pointer(&param)), 0)},
		{"setpriority", unix.Setpriority(unix.PRIO_PROCESS, pid, 19)},
		{"ioprio_set", call(unix.SYS_IOPRIO_SET, 1, uintptr(pid), 3<<13, 0)},
		{"ptrace", call(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid), 0)},
		{"process_vm_readv", readErr},
		{"pidfd_getfd", takeErr},
		{"kcmp", call(unix.SYS_KCMP, uintptr(pid), uintptr(os.Getpid()), 0, 0, 0)},
	}
}

// marks tries to change the limit that the host knows the plugin by.
func marks() []outcome {
	limit := unix.Rlimit{Cur: 1, Max: 1}
	at := uintptr(unsafe.Pointer(&limit))
	const junk = 1 << 32
	return []outcome{
		{"setrlimit", call(unix.SYS_SETRLIMIT, unix.RLIMIT_LOCKS, at, 0)},
		{"setrlimit with junk", call(unix.SYS_SETRLIMIT, junk|unix.RLIMIT_LOCKS, at, 0)},
		{"prlimit", call(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_LOCKS, at, 0)},
		{"prlimit with junk", call(unix.SYS_PRLIMIT64, 0, junk|unix.RLIMIT_LOCKS, at, 0)},
		{"prlimit by number", call(unix.SYS_PRLIMIT64, uintptr(os.Getpid()), unix.RLIMIT_LOCKS, at, 0)},
	}
}

// attributes tries to change those of the file at the path, or to watch it.
func attributes(path string) []outcome {
	value := []byte("x")
	watcher, _ := unix.InotifyInit()
	_, watchErr := unix.InotifyAddWatch(watcher, path, unix.IN_ALL_EVENTS)
	return []outcome{
		{"chmod", unix.Chmod(path, 0o666)},
		{"fchmodat", unix.Fchmodat(unix.AT_FDCWD, path, 0o666, 0)},
		{"fchmodat2", unix.Fchmodat(unix.AT_FDCWD, path, 0o666, unix.AT_SYMLINK_NOFOLLOW)},
		{"chown", unix.Chown(path, os.Getuid(), os.Getgid())},
		{"lchown", unix.Lchown(path, os.Getuid(), os.Getgid())},
		{"fchownat", unix.Fchownat(unix.AT_FDCWD, path, os.Getuid(), os.Getgid(), 0)},
		{"setxattr", unix.Setxattr(path, "user.x", value, 0)},
		{"lsetxattr", unix.Lsetxattr(path, "user.x", value, 0)},
		{"removexattr", unix.Removexattr(path, "user.mine")},
		{"utimes", unix.Utimes(path, make([]unix.Timeval, 2))},
		{"utimensat", unix.UtimesNanoAt(unix.AT_FDCWD, path, make([]unix.Timespec, 2), 0)},
		{"watch", watchErr},
	}
}

// listenUnbound has a socket listen that was given no port.
func listenUnbound() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Listen(fd, 1)
}

// dialFrom connects from an address of its choice, as a program does on a
// machine that has several.
func dialFrom(address string) error {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	c, err := dialer.Dial("tcp", address)
	if err != nil {
		return err
	}
	return c.Close()
}

// siblings starts children that are the host's and end at once, n of them.
func siblings(n int) []outcome {
	var list []outcome
	for range n {
		_, err := startChild(&syscall.SysProcAttr{Cloneflags: unix.CLONE_PARENT})
		list = append(list, outcome{"child", err})
	}
	return list
}

// sockets tries sockets of other kinds, and to reach the path.
func sockets(path string) []outcome {
	open := func(domain, typ, protocol int) error {
		fd, err := unix.Socket(domain, typ, protocol)
		if err == nil {
			unix.Close(fd)
		}
		return err
	}
	return []outcome{
		{"unix datagram", open(unix.AF_UNIX, unix.SOCK_DGRAM, 0)},
		{"unix packets", open(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)},
		{"vsock", open(unix.AF_VSOCK, unix.SOCK_STREAM, 0)},
		{"alg", open(unix.AF_ALG, unix.SOCK_SEQPACKET, 0)},
		{"multipath TCP", open(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)},
		{"sockets of others", open(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_SOCK_DIAG)},
		{"audit", open(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT)},
		{"sctp", open(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP)},
	}
}

// shares tries to get memory that counts for no limit of the process.
func shares() []outcome {
	const size = 1 << 20
	_, anonymous := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANON)
	_, memfd := unix.MemfdCreate("x", 0)
	zero := func() error {
		f, err := os.Open("/dev/zero")
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
		return err
	}
	_, segment := unix.SysvShmGet(0, size, 0o1600)
	return []outcome{{"mmap", anonymous}, {"memfd_create", memfd}, {"/dev/zero", zero()}, {"shmget", segment}}
}

// swap connects again and again while another thread exchanges the file of the
// socket's number, a TCP one, for a unix one, and the address with it. It
// returns how many connects got through to the unix socket at the path.
func swap(path string) int {
	server, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1
	}
	const number = 900
	var stop atomic.Bool
	var address [unix.SizeofSockaddrAny]byte
	toUnix := unixAddress(path)
	toInet := [unix.SizeofSockaddrAny]byte{unix.AF_INET, 0, 0, 9, 127, 0, 0, 1}
	local, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !stop.Load() {
			_ = unix.Dup3(server, number, 0)
			address = toInet
			_ = unix.Dup3(local, number, 0)
			address = toUnix
		}
	}()
	reached := 0
	for range 3000 {
		_, _, errno := unix.Syscall(unix.SYS_CONNECT, number, uintptr(unsafe.Pointer(&address)), uintptr(len(path)+3))
		if _, err := unix.Getpeername(local); err == nil && errno == 0 {
			reached++
			break
		}
	}
	stop.Store(true)
	<-done
	return reached
}

func unixAddress(path string) (address [unix.SizeofSockaddrAny]byte) {
	address[0] = unix.AF_UNIX
	copy(address[2:], path)
	return address
}

// bigFile writes one file of so many bytes. Too large a one is a signal, too.
func bigFile(size int64) error {
	f, err := os.Create("big")
	if err != nil {
		return err
	}
	defer f.Close()
	piece := make([]byte, 1<<20)
	for ; size > 0; size -= int64(len(piece)) {
		if _, err := f.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// fill makes files of 32 MiB without content that takes room, n of them.
func fill(n int) error {
	for i := range n {
		f, err := os.Create(filepath.Join("full-" + strconv.Itoa(i)))
		if err != nil {
			return err
		}
		err = errors.Join(syscall.Fallocate(int(f.Fd()), 0, 0, 32<<20), f.Close())
		if err != nil {
			return err
		}
	}
	return nil
}

// nest makes n folders with long names, each in the one before.
func nest(n int) error {
	name := strings.Repeat("n", 250)
	for range n {
		if err := errors.Join(os.Mkdir(name, 0o700), os.Chdir(name)); err != nil {
			return err
		}
	}
	return nil
}

// hang connects blocking sockets to the port until one of them waits.
func hang(port int) {
	for range 4 {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			return
		}
		go unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	}
}

// stranger is what runs when somebody wants to know what the program is. Its
// name has the path of a socket and of a file to get at, each escaped.
func stranger(name string) {
	rawStdout = 1
	for i, escaped := range strings.Split(name, ",")[1:] {
		path, err := url.PathUnescape(escaped)
		said := ""
		switch {
		case err != nil:
		case i == 0:
			said, err = dial(path)
		default:
			var text []byte
			text, err = os.ReadFile(path)
			said = string(text)
		}
		fmt.Println(said, errnoText(err))
	}
	child, err := startChild(&syscall.SysProcAttr{Setsid: true})
	fmt.Println("child", child, errnoText(err))
}
