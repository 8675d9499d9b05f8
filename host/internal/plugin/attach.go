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

	"github.com/payhost/payhost/sdk"
)

// DebugAttach is a plugin that somebody has started by hand, under a debugger
// as a rule, and that a host uses as it finds it. The plugin's argument "debug"
// prints one as JSON.
type DebugAttach struct {
	// Socket is the unix socket that the plugin listens on. Only its owner may
	// open it, in a folder that only its owner may enter.
	Socket string `json:"socket"`
	// ContractVersion is the one version of the contract that is spoken there.
	ContractVersion int `json:"contract_version"`
}

// Attached returns what Start makes a process of without starting one.
func Attached(plugin string, at DebugAttach) Binary {
	return Binary{
		Plugin:       plugin,
		Path:         at.Socket,
		Surroundings: "attached at " + at.Socket,
		attached:     at,
	}
}

// IsAttached reports whether the program is started, and ended, by somebody
// else.
func (b Binary) IsAttached() bool { return b.attached.Socket != "" }

// attach makes a connection of our own: go-plugin's way to reattach does not
// work for plugins of several versions of the contract. The process is never
// killed; when it ends, Done is closed.
func attach(ctx context.Context, spec Spec) (*Process, error) {
	p := newConnected(spec)
	if err := p.reach(ctx, spec); err != nil {
		p.letGo()
		return nil, fmt.Errorf(
			"plugin %s: attach at %s: %w",
			spec.Binary.Plugin,
			spec.Binary.attached.Socket,
			err,
		)
	}

	p.started = time.Now()
	p.sink.logger.Load().
		Warn("attached to a plugin that was started by hand: it is not isolated, not replaced when it hangs, and never stopped",
			"version", p.info.Version, "pid", p.pid, "socket", spec.Binary.attached.Socket)
	go p.watch() //nolint:gosec // the connection outlives the call that makes it

	return p, nil
}

func (p *Process) reach(ctx context.Context, spec Spec) error {
	at := spec.Binary.attached
	if err := onlyOurs(at.Socket); err != nil {
		return err
	}
	raw, err := new(net.Dialer).DialContext(ctx, "unix", at.Socket)
	if err != nil {
		return err
	}

	p.pid, _ = peer(raw)
	_ = raw.Close() // it was only to see that somebody is there, and who
	contract, ok := spec.contracts()[at.ContractVersion][sdk.PluginName].(goplugin.GRPCPlugin)
	if !ok {
		return fmt.Errorf(
			"this host does not speak version %d of the contract",
			at.ContractVersion,
		)
	}

	cc, err := grpc.NewClient(
		"unix:"+at.Socket,
		append(
			p.conns.dialOptions(spec.Intercept),
			grpc.WithTransportCredentials(insecure.NewCredentials()),
		)...)
	if err != nil {
		return err
	}

	p.conns.note(cc)
	cc.Connect()
	p.conns.awaitReady(ctx)
	got, err := contract.GRPCClient(context.Background(), nil, cc)
	if err != nil {
		return err
	}

	if p.client, ok = got.(*sdk.Client); !ok {
		return fmt.Errorf("the contract gives %T", got)
	}
	if p.info, err = p.client.Info(ctx); err != nil {
		return fmt.Errorf("it does not say what it is: %w", err)
	}

	return p.checkInfo(at.ContractVersion)
}

// letGo returns the connection back and leaves the process alone.
func (p *Process) letGo() {
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
	if errors.Is(err, os.ErrNotExist) {
		return errors.New("nothing listens there; start the plugin with the argument debug")
	}
	if err != nil {
		return err
	}

	if info.Mode().Type() != os.ModeSocket {
		return errors.New("it is not a socket")
	}
	folder, err := os.Stat(filepath.Dir(socket))
	if err != nil {
		return err
	}

	if mode := info.Mode().Perm() | folder.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf(
			"others may open it: the socket has mode %04o and its folder %04o, and 0600 and 0700 are the most",
			info.Mode().Perm(),
			folder.Mode().Perm(),
		)
	}

	return nil
}
