package plugin

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// judgePeer reports whether the process that has made a connection may be
// served: it is not a plugin's, and it is there. A number alone does not tell,
// because a process may have ended since and its number be another's. From
// Linux 6.5 on the socket itself holds on to the process.
func judgePeer(c net.Conn) (pid int, welcome bool) {
	pid, handle, err := peerHandle(c)
	if errors.Is(err, unix.ENOPROTOOPT) {
		pid, known := peer(c)
		return pid, !known || !Confined(pid)
	}

	if err != nil {
		return pid, !errors.Is(err, errGone)
	}
	defer func() { _ = unix.Close(handle) }() // it only named a process

	// The process is looked at by its number first: if it is still there
	// afterwards, that number was its own all the time.
	confined := Confined(pid)

	return pid, !confined && unix.PidfdSendSignal(handle, 0, nil, 0) == nil
}

// errGone is for a peer that has ended and whose record is gone.
var errGone = errors.New("the process at the other end has ended")

// peerHandle returns a handle of the process at the other end, and its number.
func peerHandle(c net.Conn) (pid, handle int, err error) {
	pid, known := peer(c)
	if !known {
		return 0, 0, errors.ErrUnsupported
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		return 0, 0, errors.ErrUnsupported
	}

	raw, err := u.SyscallConn()
	if err != nil {
		return pid, 0, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		handle, failed = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PEERPIDFD)
	})

	switch {
	case err != nil:
		return pid, 0, err
	case errors.Is(failed, unix.ENOPROTOOPT):
		return pid, 0, failed
	case failed != nil: // which error it is differs between kernels
		return pid, 0, errGone
	}

	return pid, handle, nil
}

// peer returns the number of the process at the other end of a unix socket. It
// is not known for a process that this one cannot see, as one in another
// container.
func peer(c net.Conn) (pid int, known bool) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return 0, false
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return 0, false
	}

	var who *unix.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		who, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err != nil || failed != nil || who.Pid <= 0 {
		return 0, false
	}

	return int(who.Pid), true
}
