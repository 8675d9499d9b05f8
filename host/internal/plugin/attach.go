package plugin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/payhost/payhost/sdk/client"
)

// DebugAttach is a plugin that a developer has started by hand, usually under a
// debugger, and that the host uses as it finds it. The plugin's argument
// "debug" prints one as JSON.
type DebugAttach struct {
	// Socket is the unix socket that the plugin listens on. Only its owner may
	// open it, in a folder that only its owner may enter.
	Socket string `json:"socket"`

	// ContractVersion is the one version of the contract that is spoken there.
	ContractVersion int `json:"contract_version"`
}

// Attached returns a program that Start attaches to instead of starting it.
func Attached(plugin string, at DebugAttach) Binary {
	return Binary{
		Plugin:       plugin,
		Path:         at.Socket,
		Surroundings: "attached at " + at.Socket,
		attached:     at,
	}
}

// IsAttached reports whether the program is started, and ended, by a developer.
func (b Binary) IsAttached() bool { return b.attached.Socket != "" }

// attach connects to a plugin that was started by hand. go-plugin's own way to
// reattach does not work for plugins of several versions of the contract. The
// process is never killed; when it ends, Done is closed.
func attach(ctx context.Context, spec Spec) (*Process, error) {
	attached := newConnected(spec)
	socket := spec.Binary.attached.Socket
	if err := attached.reach(ctx, spec); err != nil {
		attached.disconnect()
		return nil, fmt.Errorf("plugin %s: attach at %s: %w", spec.Binary.Plugin, socket, err)
	}

	attached.started = time.Now()
	attached.log().Warn("attached to a plugin that was started by hand: "+
		"it is not isolated, not replaced when it hangs, and never stopped",
		"version", attached.info.Version,
		"pid", attached.pid,
		"socket", socket)
	go attached.watch() //nolint:gosec // the connection outlives the call that makes it

	return attached, nil
}

// reach connects, and learns what the plugin is.
func (p *Process) reach(ctx context.Context, spec Spec) error {
	at := spec.Binary.attached
	if err := onlyOurs(at.Socket); err != nil {
		return err
	}
	contract, ok := spec.contracts()[at.ContractVersion][client.PluginName].(goplugin.GRPCPlugin)
	if !ok {
		return fmt.Errorf("this host does not speak version %d of the contract", at.ContractVersion)
	}

	// The first connection only shows whether a process listens, and which.
	raw, err := new(net.Dialer).DialContext(ctx, "unix", at.Socket)
	if err != nil {
		return err
	}

	p.pid, _ = peer(raw)
	_ = raw.Close() // nothing was sent on it

	options := append(p.conns.dialOptions(spec.Intercept),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	conn, err := grpc.NewClient("unix:"+at.Socket, options...)
	if err != nil {
		return err
	}

	p.conns.note(conn)
	conn.Connect()
	p.conns.awaitReady(ctx)

	got, err := contract.GRPCClient(context.Background(), nil, conn)
	if err != nil {
		return err
	}
	if p.client, ok = got.(*client.Client); !ok {
		return fmt.Errorf("the contract dispenses %T", got)
	}

	if p.info, err = p.client.Info(ctx); err != nil {
		return fmt.Errorf("it does not say what it is: %w", err)
	}

	return p.checkInfo(at.ContractVersion)
}

// disconnect closes the connection and leaves the process alone.
func (p *Process) disconnect() {
	p.stopOnce.Do(func() {
		close(p.stopping)
		p.conns.close()
		p.sink.close(time.Second)
		close(p.stopped)
	})
	<-p.stopped
}

// onlyOurs refuses a socket that others could have made or could be listening
// in on: there is no TLS on it.
func onlyOurs(socket string) error {
	info, err := os.Lstat(socket)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return errors.New("nothing listens there; start the plugin with the argument debug")
	case err != nil:
		return err
	case info.Mode().Type() != os.ModeSocket:
		return errors.New("it is not a socket")
	}

	// The folder counts as well: a user who may write there could put another
	// socket in the place of this one.
	folder, err := os.Stat(filepath.Dir(socket))
	if err != nil {
		return err
	}
	own, above := info.Mode().Perm(), folder.Mode().Perm()
	if (own|above)&0o077 != 0 {
		return fmt.Errorf("others may open it: the socket has mode %04o and its folder %04o, "+
			"and 0600 and 0700 are the most", own, above)
	}

	return nil
}
