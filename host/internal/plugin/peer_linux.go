package plugin

import (
	"net"

	"golang.org/x/sys/unix"
)

// peer gives the process at the other end of a unix socket.
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
	if err := raw.Control(func(fd uintptr) { who, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil || failed != nil {
		return 0, false
	}
	return int(who.Pid), true
}
