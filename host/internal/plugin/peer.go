package plugin

import (
	"log/slog"
	"net"
)

// RefusePlugins returns a listener on a unix socket that hangs up on plugins
// and on what they have started. The permissions of a socket's file do not keep
// them out, because they run as the host's user. It hangs up as well on a
// process that has ended: another one may have its number by now.
func RefusePlugins(from net.Listener, log *slog.Logger) net.Listener {
	return &refusing{from, log}
}

type refusing struct {
	net.Listener
	log *slog.Logger
}

// Accept returns the next connection that no plugin has made.
func (r *refusing) Accept() (net.Conn, error) {
	for {
		conn, err := r.Listener.Accept()
		if err != nil {
			return nil, err
		}
		pid, welcome := judgePeer(conn)
		if welcome {
			return conn, nil
		}
		r.log.Error("a plugin tried to reach the admin socket and was turned away", "pid", pid)
		_ = conn.Close() // nothing was sent on it
	}
}
