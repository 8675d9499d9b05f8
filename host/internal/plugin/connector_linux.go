package plugin

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// connector answers the connects and listens of one plugin and of all that it
// has started.
//
// Before its version 9 Landlock does not keep a process from the sockets of
// others that lie in the file system, and it never keeps one from listening on
// a port that the kernel chooses. A filter cannot tell a unix socket from a TCP
// one: it sees the number of a file and an address in memory. So the filter
// puts these calls before the host, which takes the socket out of the plugin,
// looks at it, and makes the call itself. The plugin's own call never happens,
// so nothing that the plugin exchanges meanwhile, neither the file of that
// number nor the address, makes a difference.
type connector struct {
	listener *os.File
	places   chan struct{}
	calls    sync.WaitGroup
	done     chan struct{}
	only     netip.AddrPort // the one address that is connected to; zero: all are

	mu      sync.Mutex
	closed  bool
	waiting map[int]struct{} // sockets that may take long to connect
}

// callsAtOnce bounds how many calls of one plugin are under way. A connect that
// does not block the plugin is over at once.
const callsAtOnce = 64

// maxAddress is how long a socket's address may be.
const maxAddress = 128

// question is struct seccomp_notif, answer is struct seccomp_notif_resp.
type question struct {
	ID    uint64
	PID   uint32
	Flags uint32
	Call  struct {
		Number int32
		Arch   uint32
		At     uint64
		Args   [6]uint64
	}
}

type answer struct {
	ID    uint64
	Value int64
	Error int32
	Flags uint32
}

// takesFromOthers returns why the host cannot take sockets out of a process of
// its own, as in some sandboxes; nil when it can.
func takesFromOthers() error {
	self, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return fmt.Errorf("pidfd_open: %w", err)
	}
	defer func() { _ = unix.Close(self) }() // it only named a process

	taken, err := unix.PidfdGetfd(self, self, 0)
	if err != nil {
		return fmt.Errorf("pidfd_getfd: %w", err)
	}

	return unix.Close(taken)
}

// newConnector answers the questions of the listener until the last process
// under the filter has ended or close is called.
func newConnector(listener int, only netip.AddrPort) (*connector, error) {
	if err := unix.SetNonblock(listener, true); err != nil {
		return nil, errors.Join(err, unix.Close(listener))
	}
	c := &connector{
		listener: os.NewFile(uintptr(listener), "seccomp"),
		places:   make(chan struct{}, callsAtOnce),
		done:     make(chan struct{}),
		only:     only,
		waiting:  map[int]struct{}{},
	}

	go c.run()
	return c, nil
}

// close ends all that is under way. A process that still asks afterwards is
// told that there is no such call.
func (c *connector) close() {
	if c == nil {
		return
	}

	c.mu.Lock()
	c.closed = true
	for socket := range c.waiting {
		_ = unix.Shutdown(socket, unix.SHUT_RDWR) // its connect returns
	}

	c.mu.Unlock()

	// Closing the listener ends run, which adds the calls; only then can the
	// last of them be waited for.
	_ = c.listener.Close() // it was only listened to
	<-c.done
	c.calls.Wait()
}

func (c *connector) run() {
	defer close(c.done)
	raw, err := c.listener.SyscallConn()
	if err != nil {
		return
	}

	for {
		var asked question
		got := false
		ended := false
		err := raw.Read(func(fd uintptr) bool {
			got, ended = receive(int(fd), &asked)
			return got || ended
		})
		if err != nil || ended {
			return
		}

		// Beyond the bound the plugin waits, and not the host.
		c.places <- struct{}{}
		c.calls.Go(func() {
			defer func() { <-c.places }()
			c.serve(&asked)
		})
	}
}

// receive takes one question if there is one. It reports ended when no process
// is left that could ask. It never waits: receiving itself does, whatever the
// file's flags.
func receive(listener int, asked *question) (got, ended bool) {
	for {
		polled := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
		n, err := unix.Poll(polled, 0)

		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil, polled[0].Revents&unix.POLLNVAL != 0:
			return false, true
		case n == 0:
			return false, false
		case polled[0].Revents&unix.POLLIN == 0:
			return false, true
		}

		*asked = question{} // the kernel wants it empty
		errno := control(listener, unix.SECCOMP_IOCTL_NOTIF_RECV,
			unsafe.Pointer(asked)) //nolint:gosec // a system call's argument
		switch errno {
		case 0:
			return true, false
		case unix.EINTR, unix.ENOENT: // the process that asked has been killed meanwhile
			continue
		}

		return false, true
	}
}

// control makes an ioctl on the listener.
func control(listener int, request uintptr, arg unsafe.Pointer) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), request, uintptr(arg))
	return errno
}

// serve makes the call, and tells the process what came of it.
func (c *connector) serve(asked *question) {
	result := answer{ID: asked.ID}
	if errno := c.makeCall(asked); errno != 0 {
		result.Error = -int32(errno)
	}

	raw, err := c.listener.SyscallConn()
	if err != nil {
		return // closed
	}
	_ = raw.Control(func(fd uintptr) {
		// The process that asked may be gone.
		_ = control(int(fd), unix.SECCOMP_IOCTL_NOTIF_SEND,
			unsafe.Pointer(&result)) //nolint:gosec // as above
	})
}

// makeCall does what the plugin has asked for, if its socket may do that.
func (c *connector) makeCall(asked *question) unix.Errno {
	socket, err := takeFile(int(asked.PID), int(int32(asked.Call.Args[0])))
	if err != nil {
		return errnoOf(err)
	}
	defer func() { _ = unix.Close(socket) }() // the plugin has it still

	domain, err := unix.GetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return errnoOf(err)
	}
	if asked.Call.Number == unix.SYS_LISTEN {
		return c.listen(asked, socket, domain)
	}

	return c.connect(asked, socket, domain)
}

// connect connects a socket that is for a network, and no unix one.
func (c *connector) connect(asked *question, socket, domain int) unix.Errno {
	if domain != unix.AF_INET && domain != unix.AF_INET6 {
		return unix.EACCES
	}

	address, errno := readAddress(int(asked.PID), asked.Call.Args[1], asked.Call.Args[2])
	if errno != 0 {
		return errno
	}

	// The process that has asked still waits, so what was taken and read was
	// its own.
	if !c.stillAsks(asked.ID) {
		return unix.ECONNABORTED
	}

	if c.only.IsValid() && (addressIn(address) != c.only) {
		return unix.ECONNREFUSED
	}

	return c.dial(socket, address)
}

// addressIn returns the address in a struct sockaddr of IPv4 or IPv6; the zero
// value for any other.
func addressIn(raw []byte) netip.AddrPort {
	const portAt, v4At, v6At = 2, 4, 8
	if len(raw) < unix.SizeofSockaddrInet4 {
		return netip.AddrPort{}
	}

	family := binary.NativeEndian.Uint16(raw)
	port := binary.BigEndian.Uint16(raw[portAt:])

	switch {
	case family == unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(raw[v4At:v4At+4])), port)
	case (family == unix.AF_INET6) && (len(raw) >= v6At+net.IPv6len):
		address := netip.AddrFrom16([16]byte(raw[v6At : v6At+net.IPv6len]))
		return netip.AddrPortFrom(address.Unmap(), port)
	}

	return netip.AddrPort{}
}

// listen has a unix socket listen, and no other: one that is for a network gets
// a port from the kernel if it has none.
func (c *connector) listen(asked *question, socket, domain int) unix.Errno {
	if domain != unix.AF_UNIX {
		return unix.EACCES
	}
	if !c.stillAsks(asked.ID) {
		return unix.ECONNABORTED
	}
	return errnoIn(unix.Listen(socket, int(int32(asked.Call.Args[1]))))
}

// dial may take as long as the network does; close ends it.
func (c *connector) dial(socket int, address []byte) unix.Errno {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return unix.ECONNABORTED
	}

	c.waiting[socket] = struct{}{}
	c.mu.Unlock()

	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(socket),
		uintptr(unsafe.Pointer(&address[0])), uintptr(len(address))) //nolint:gosec // as above

	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, socket)

	return errno
}

// stillAsks reports whether the process that asked has not been killed.
func (c *connector) stillAsks(id uint64) bool {
	raw, err := c.listener.SyscallConn()
	if err != nil {
		return false
	}
	asks := false
	err = raw.Control(func(fd uintptr) {
		asks = control(int(fd), unix.SECCOMP_IOCTL_NOTIF_ID_VALID,
			unsafe.Pointer(&id)) == 0 //nolint:gosec // as above
	})

	return err == nil && asks
}

// takeFile returns a copy of a file that a thread has open.
func takeFile(thread, number int) (int, error) {
	process, err := processOf(thread)
	if err != nil {
		return 0, err
	}
	handle, err := unix.PidfdOpen(process, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = unix.Close(handle) }() // it only named a process

	return unix.PidfdGetfd(handle, number, 0)
}

// processOf returns the process that a thread belongs to.
func processOf(thread int) (int, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(thread) + "/status")
	if err != nil {
		return 0, err
	}

	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "Tgid:"); ok {
			return strconv.Atoi(strings.TrimSpace(value))
		}
	}

	return 0, unix.ESRCH
}

// readAddress reads the address out of the plugin's memory.
func readAddress(thread int, at, length uint64) ([]byte, unix.Errno) {
	size := int(int32(length))
	if size <= 0 || size > maxAddress {
		return nil, unix.EINVAL
	}
	address := make([]byte, size)
	local := []unix.Iovec{{Base: &address[0], Len: uint64(size)}}
	remote := []unix.RemoteIovec{{Base: uintptr(at), Len: size}}

	n, err := unix.ProcessVMReadv(thread, local, remote, 0)
	if err != nil || n != size {
		return nil, unix.EFAULT
	}

	return address, 0
}

// errnoOf returns what the kernel would have returned for a file that could not
// be taken; any other error becomes EACCES.
func errnoOf(err error) unix.Errno {
	if errors.Is(err, unix.EBADF) {
		return unix.EBADF
	}
	return unix.EACCES
}

// errnoIn returns the number of an error, EACCES for an error without one; 0 for
// nil.
func errnoIn(err error) unix.Errno {
	if err == nil {
		return 0
	}
	errno := unix.EACCES
	_ = errors.As(err, &errno) // it stays as it is for an error without a number
	return errno
}
