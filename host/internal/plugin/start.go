package plugin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk/client"
)

// defaultStartTimeout is how long a plugin may take until it answers. It
// usually takes some 40 ms.
const defaultStartTimeout = 10 * time.Second

// Spec says what to start, and how.
type Spec struct {
	Binary    Binary
	Workspace *Workspace

	// Logger takes what the plugin logs and prints, with its name, version and
	// process id. Mask hides secrets in that; it may be nil, and may learn more
	// secrets later.
	Logger *slog.Logger
	Mask   *redact.Set

	// StartTimeout bounds the time until the plugin has answered its first
	// call; 0 is 10 s.
	StartTimeout time.Duration

	// MemoryLimit is the soft limit of the plugin's Go heap in bytes; 0 is 256
	// MiB. Four times as much is the hard limit of all its memory.
	MemoryLimit int64

	// Contracts are the versions of the contract that the host speaks, each
	// dispensing an *client.Client under client.PluginName; the highest that the
	// plugin speaks too is used. nil: those of the SDK.
	Contracts map[int]goplugin.PluginSet

	// Only is the one address that the plugin may connect to. Start fails where
	// the system cannot keep it from all others. The zero value is for the whole
	// network.
	Only netip.AddrPort

	// Intercept wraps every call to the plugin; it may be nil.
	Intercept grpc.UnaryClientInterceptor
}

// errWholeNetwork is for a program that may only connect to one address, on a
// system that cannot see to that.
var errWholeNetwork = errors.New("nothing here can keep it from the network: that takes Linux " +
	"with seccomp and pidfd_getfd, on amd64 or arm64")

// contracts returns the versions of the contract that the host speaks.
func (s Spec) contracts() map[int]goplugin.PluginSet {
	if s.Contracts == nil {
		return client.VersionedPlugins()
	}
	return s.Contracts
}

// Start starts a process and returns once it has answered and said that it is
// the plugin and version that it was found as. Every start is a command and a
// go-plugin client of its own. When it fails, nothing of the process is left,
// and the error quotes what the plugin printed last.
func Start(ctx context.Context, spec Spec) (*Process, error) {
	timeout := spec.StartTimeout
	if timeout <= 0 {
		timeout = defaultStartTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	name := spec.Binary.Plugin
	if spec.Binary.IsAttached() {
		if spec.Binary.Strict {
			return nil, fmt.Errorf("plugin %s: attached for debugging it is not isolated at all, "+
				"and isolation = %q is asked for", name, IsolationStrict)
		}

		if spec.Only.IsValid() {
			return nil, fmt.Errorf("plugin %s: %w", name, errWholeNetwork)
		}

		return attach(ctx, spec)
	}

	if err := spec.Binary.verify(); err != nil {
		return nil, fmt.Errorf("plugin %s: %w", name, err)
	}
	folder, err := spec.Workspace.workFolder(name)
	if err != nil {
		return nil, fmt.Errorf("plugin %s: %w", name, err)
	}

	// A start that fails leaves nothing behind, and says what was printed.
	started := newProcess(spec)
	if err := started.bringUp(ctx, spec, folder, timeout); err != nil {
		err = started.explain(ctx, spec, err, timeout)
		started.Stop(0)
		return nil, fmt.Errorf("plugin %s: %w", name, started.output.quote(err))
	}

	go started.watch() //nolint:gosec // the process outlives the call that starts it
	go started.guard(spec.Workspace.bounds, folder, started.launcher.sockets)
	return started, nil
}

func newProcess(spec Spec) *Process {
	made := newConnected(spec)
	made.launcher = newLauncher(made.output)
	return made
}

// newConnected returns a process of which only the connection is the host's.
func newConnected(spec Spec) *Process {
	sink := newLogSink(spec.Logger.With("plugin", spec.Binary.Plugin))
	return &Process{
		binary:   spec.Binary,
		sink:     sink,
		output:   &output{sink: sink, mask: spec.Mask, budget: newBudget()},
		conns:    &connections{},
		done:     make(chan struct{}),
		stopping: make(chan struct{}),
		stopped:  make(chan struct{}),
	}
}

// bringUp runs the command and waits for the first answer.
func (p *Process) bringUp(
	ctx context.Context,
	spec Spec,
	folder string,
	timeout time.Duration,
) error {
	// Without a certificate any process of this user could call the plugin.
	identity, certificate, err := newIdentity()
	if err != nil {
		return fmt.Errorf("no certificate for its connection could be made: %w", err)
	}

	p.gp = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  client.Handshake,
		VersionedPlugins: spec.contracts(),
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		TLSConfig:        identity,
		SkipHostEnv:      true,
		StartTimeout:     timeout + time.Second, // the host's ends first and kills the process
		Logger:           p.sink.hclogger(),
		GRPCDialOptions:  p.conns.dialOptions(spec.Intercept),
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: spec.Workspace.sockets},
		SyncStdout:       newLineWriter(p.output.mask, p.output.stdoutLine),
		SyncStderr:       newLineWriter(p.output.mask, p.output.stderrLine),
		RunnerFunc: func(_ hclog.Logger, wanted *exec.Cmd, sockets string) (runner.Runner, error) {
			l := p.launcher
			l.cmd = command(spec, folder, append(wanted.Env, clientCertEnv+"="+certificate))
			l.sockets = sockets
			l.confine = prepare(spec, folder, sockets, &l.isolation)
			return l, nil
		},
	})

	// The plugin must say what it is before it counts as started.
	client, err := p.connect(ctx)
	if err != nil {
		return err
	}
	p.client = client
	p.pid = p.launcher.pid
	p.started = time.Now()
	if p.info, err = client.Info(ctx); err != nil {
		return fmt.Errorf("it does not say what it is: %w", err)
	}

	// From here on the log says which version and process speaks.
	p.sink.logger.Store(spec.Logger.With(
		"plugin", spec.Binary.Plugin,
		"version", p.info.Version,
		"pid", p.pid))
	p.reportMissing(spec)

	return p.checkInfo(p.gp.NegotiatedVersion())
}

// connect waits for go-plugin, which takes no context: when ctx ends, the
// process is killed, and go-plugin notices that.
func (p *Process) connect(ctx context.Context) (*client.Client, error) {
	type answer struct {
		client *client.Client
		err    error
	}
	got := make(chan answer, 1)
	go func() {
		client, err := p.dispense()
		got <- answer{client, err}
	}()

	select {
	case first := <-got:
		return first.client, first.err
	case <-ctx.Done():
		p.launcher.kill()
		last := <-got
		return nil, errors.Join(ctx.Err(), last.err)
	}
}

func (p *Process) dispense() (*client.Client, error) {
	protocol, err := p.gp.Client()
	if err != nil {
		return nil, err
	}
	raw, err := protocol.Dispense(client.PluginName)
	if err != nil {
		return nil, err
	}

	client, ok := raw.(*client.Client)
	if !ok {
		return nil, fmt.Errorf("go-plugin dispensed %T", raw)
	}

	return client, nil
}

// checkInfo refuses a program that is not what its file's name says.
func (p *Process) checkInfo(negotiated int) error {
	switch {
	case p.info.Name != p.binary.Plugin:
		return fmt.Errorf("%s says that it is the plugin %q", p.binary.Path, p.info.Name)
	case p.binary.Version != "" && p.info.Version != p.binary.Version:
		return fmt.Errorf("%s says that its version is %q", p.binary.Path, p.info.Version)
	case p.info.ContractVersion != negotiated:
		return fmt.Errorf("%s says contract version %d, but speaks %d",
			p.binary.Path, p.info.ContractVersion, negotiated)
	}

	return nil
}

// explain returns the plainest cause of a failed start in place of what
// go-plugin says of it.
func (p *Process) explain(
	ctx context.Context,
	spec Spec,
	err error,
	timeout time.Duration,
) error {
	// A call looks at the clock, and can end a moment before the context's
	// timer fires.
	deadline, limited := ctx.Deadline()
	late := limited && !time.Now().Before(deadline)
	if late || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("it did not answer within %s", timeout)
	}

	if ctx.Err() != nil {
		return fmt.Errorf("the start was given up: %w", context.Cause(ctx))
	}

	first := p.launcher.firstLine
	if strings.Contains(err.Error(), "Unrecognized remote plugin message") && first != "" {
		return fmt.Errorf("its first line on standard output is %q and not the handshake: "+
			"a plugin must print nothing there", cut(first, tailLength))
	}

	spoken := slices.Sorted(maps.Keys(spec.contracts()))
	offered, ok := p.launcher.offeredContract()
	if ok && !slices.Contains(spoken, offered) {
		return fmt.Errorf("no version of the contract is spoken by both: "+
			"the plugin offers %d, this host speaks %s; update whichever is the older",
			offered, strings.Trim(fmt.Sprint(spoken), "[]"))
	}

	// The output of a process ends a moment before the process does.
	select {
	case <-p.launcher.ended:
		if p.launcher.endedByItself() {
			return fmt.Errorf("its process ended before it could serve: %s", p.launcher.exitText())
		}
	case <-time.After(lastOutput / 4):
	}

	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w (is data_dir on a file system mounted noexec?)", err)
	}

	return err
}

// cut returns the beginning of a text, at most length bytes.
func cut(text string, length int) string { return text[:min(len(text), length)] }
