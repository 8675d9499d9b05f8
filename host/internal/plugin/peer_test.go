//go:build linux

package plugin_test

import (
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/payhost/payhost/host/internal/plugin"
)

// A plugin runs as the host's user, so the permissions of the admin socket do not keep it out.
func TestAdminSocketHangsUpOnPluginsAndNotOnOthers(t *testing.T) {
	folder, err := os.MkdirTemp("/tmp", "s") // short enough for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	path := filepath.Join(folder, "admin.sock")
	s, provider := newStage(t), newProvider(t)
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		l := plugin.RefusePlugins(listener, slog.New(s.log))
		for {
			c, err := l.Accept()
			if err != nil {
				served <- err
				return
			}
			_, _ = io.WriteString(c, "welcome")
			c.Close()
		}
	}()
	defer func() { listener.Close(); <-served }()

	s.workspace.TakeAway() // it would not come as far as the socket
	a := s.account(s.start(), provider.URL)
	if said := ask(t, provider, a, "dial "+path); said == "welcome" || said == "error: unknown order" {
		t.Errorf("the plugin was told %q", said)
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if text, err := io.ReadAll(c); string(text) != "welcome" {
		t.Errorf("somebody else was told %q, %v", text, err)
	}
	if _, ok := s.log.find("a plugin tried to reach the admin socket"); !ok {
		t.Error("the log does not say so")
	}
}
