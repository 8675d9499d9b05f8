package plugin

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// judgePeer reports whether the process that has made a connection may be
// served: it is not a plugin's, and it is there. A number alone does not tell,
// because the process may have ended since, and another one may have its
// number. From Linux 6.5 on the socket itself holds the process.
func judgePeer(conn net.Conn) (pid int, welcome bool) {
	pid, handle, err := peerHandle(conn)
	if errors.Is(err, unix.ENOPROTOOPT) {
		pid, known := peer(conn)
		return pid, !known || !Confined(pid)
	}

	if err != nil {
		return pid, !errors.Is(err, errGone)
	}
	defer func() { _ = unix.Close(handle) }() // it only named a process

	// The process is looked at by its number first: if it is still there
	// afterwards, that number was its own all the time.
	confined := Confined(pid)
	there := unix.PidfdSendSignal(handle, 0, nil, 0) == nil

	return pid, !confined && there
}

// errGone is for a peer that has ended and whose record is gone.
var errGone = errors.New("the process at the other end has ended")

// peerHandle returns a handle of the process at the other end, and its number.
func peerHandle(conn net.Conn) (pid, handle int, err error) {
	pid, known := peer(conn)
	if !known {
		return 0, 0, errors.ErrUnsupported
	}

	var failed error
	err = onSocket(conn, func(fd int) {
		handle, failed = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEERPIDFD)
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
func peer(conn net.Conn) (pid int, known bool) {
	var other *unix.Ucred
	var failed error
	err := onSocket(conn, func(fd int) {
		other, failed = unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err != nil || failed != nil || other.Pid <= 0 {
		return 0, false
	}
	return int(other.Pid), true
}

// onSocket calls look with the file of a unix socket.
func onSocket(conn net.Conn, look func(fd int)) error {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return errors.ErrUnsupported
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { look(int(fd)) })
}
