package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/payhost/payhost/host"
)

// notifier tells the service manager how the process is, by the protocol of
// sd_notify. Without a manager that listens it does nothing.
type notifier struct {
	socket   string        // "" when no manager listens
	watchdog time.Duration // how long it waits for a sign of life; 0: it does not
	log      *slog.Logger
}

// newNotifier reads what a manager has put into the environment, and takes it
// out: no program that the host starts may speak for it.
func newNotifier(log *slog.Logger) *notifier {
	made := &notifier{socket: os.Getenv("NOTIFY_SOCKET"), log: log}
	ofAnother := os.Getenv("WATCHDOG_PID")
	micros, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	mine := ofAnother == "" || ofAnother == strconv.Itoa(os.Getpid())
	if err == nil && micros > 0 && mine {
		made.watchdog = time.Duration(micros) * time.Microsecond
	}

	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"} {
		_ = os.Unsetenv(name) // fails for an odd name only
	}

	return made
}

func (n *notifier) ready()    { n.send("READY=1") }
func (n *notifier) stopping() { n.send("STOPPING=1") }

// reloading must be followed by ready, whatever became of the reload.
func (n *notifier) reloading() {
	n.send(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", monotonic().Microseconds()))
}

// send writes one message. A manager that does not take it must not keep the
// host from serving.
func (n *notifier) send(message string) {
	if n.socket == "" {
		return
	}

	// A name that begins with @ is one in Linux's abstract namespace.
	address := &net.UnixAddr{Name: n.socket, Net: "unixgram"}
	conn, err := net.DialUnix("unixgram", nil, address)
	if err == nil {
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second)) // then the write fails
		_, err = conn.Write([]byte(message))
		_ = conn.Close() // a datagram has been sent by then
	}

	if err != nil {
		n.log.Warn("the service manager could not be told how the host is",
			"message", message, "error", err)
	}
}

// watch gives signs of life until ctx ends, as long as the host answers on its
// own socket: one that hangs is started again by the manager.
func (n *notifier) watch(ctx context.Context, cfg *host.Config) {
	if n.socket == "" || n.watchdog == 0 {
		return
	}
	client := http.Client{
		Transport: transport(host.SocketPath(cfg)),
		Timeout:   n.watchdog / 2,
	}
	tick := time.NewTicker(n.watchdog / 3)
	defer tick.Stop()

	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}

		if answers(ctx, &client) {
			n.send("WATCHDOG=1")
		}
	}
}
