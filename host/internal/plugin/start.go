package plugin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/payhost/payhost/sdk"
)

// defaultStartTimeout is how long a plugin may take until it answers. It takes
// some 40 ms as a rule.
const defaultStartTimeout = 10 * time.Second

// Spec says what to start, and how.
type Spec struct {
	Binary    Binary
	Workspace *Workspace
	// takes what the plugin logs and prints, with its name, version and process
	// id
	Logger *slog.Logger
	Mask   *Mask // hides secrets in that; may be nil, may learn more later
	// StartTimeout bounds the time until the plugin has answered its first
	// call; 0 is 10 s.
	StartTimeout time.Duration
	// MemoryLimit is the soft limit of the plugin's Go heap in bytes; 0 is 256
	// MiB. Four times as much is the hard limit of all its memory.
	MemoryLimit int64
	// Contracts are the versions of the contract that the host speaks, each
	// dispensing an *sdk.Client under sdk.PluginName; the highest that the
	// plugin speaks too is used. nil: those of the SDK.
	Contracts map[int]goplugin.PluginSet
	// Intercept sees every call before and after the plugin has it; nil is
	// nobody.
	Intercept grpc.UnaryClientInterceptor
}

// contracts returns the versions of the contract that the host speaks.
func (s Spec) contracts() map[int]goplugin.PluginSet {
	if s.Contracts == nil {
		return sdk.VersionedPlugins()
	}
	return s.Contracts
}

// Start starts a process and returns once it has answered and said that it is
// what it was found as. Every start is a command and a go-plugin client of its
// own. When it fails nothing is left, and the error quotes what the plugin
// printed last.
func Start(ctx context.Context, spec Spec) (*Process, error) {
	timeout := spec.StartTimeout
	if timeout <= 0 {
		timeout = defaultStartTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	if spec.Binary.IsAttached() && spec.Binary.Strict {
		return nil, fmt.Errorf(
			"plugin %s: attached for debugging it is not isolated at all, and isolation = %q "+
				"is asked for",
			spec.Binary.Plugin,
			IsolationStrict,
		)
	}

	if spec.Binary.IsAttached() {
		return attach(ctx, spec)
	}
	if err := spec.Binary.verify(); err != nil {
		return nil, fmt.Errorf("plugin %s: %w", spec.Binary.Plugin, err)
	}

	folder, err := spec.Workspace.workFolder(spec.Binary.Plugin)
	if err != nil {
		return nil, fmt.Errorf("plugin %s: %w", spec.Binary.Plugin, err)
	}
	p := newProcess(spec)
	if err := p.bringUp(ctx, spec, folder, timeout); err != nil {
		err = p.explain(ctx, spec, err, timeout)
		p.Stop(0)
		return nil, fmt.Errorf("plugin %s: %w", spec.Binary.Plugin, p.output.quote(err))
	}

	go p.watch() //nolint:gosec // the process outlives the call that starts it
	go p.guard(spec.Workspace.bounds, folder, p.launcher.sockets)
	return p, nil
}

func newProcess(spec Spec) *Process {
	p := newConnected(spec)
	p.launcher = newLauncher(p.output)
	return p
}

// newConnected is a process of which only the connection is ours.
func newConnected(spec Spec) *Process {
	s := newLogSink(spec.Logger.With("plugin", spec.Binary.Plugin))
	return &Process{
		binary:   spec.Binary,
		sink:     s,
		output:   &output{sink: s, mask: spec.Mask, budget: newBudget()},
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
		HandshakeConfig:  sdk.Handshake,
		VersionedPlugins: spec.contracts(),
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		TLSConfig:        identity,
		SkipHostEnv:      true,
		StartTimeout:     timeout + time.Second, // ours ends first and kills the process
		Logger:           p.sink.hclogger(),
		GRPCDialOptions:  p.conns.dialOptions(spec.Intercept),
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: spec.Workspace.sockets},
		SyncStdout:       lineWriter{p.output.stdoutLine},
		SyncStderr:       lineWriter{p.output.stderrLine},
		RunnerFunc: func(_ hclog.Logger, wanted *exec.Cmd, sockets string) (runner.Runner, error) {
			l := p.launcher
			env := append(wanted.Env, clientCertEnv+"="+certificate)
			l.cmd, l.sockets = command(spec, folder, env), sockets
			l.confine = prepare(spec, folder, sockets, &l.isolation)
			return l, nil
		},
	})

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

	p.sink.logger.Store(
		spec.Logger.With(
			"plugin", spec.Binary.Plugin,
			"version", p.info.Version,
			"pid", p.pid,
		),
	)
	p.reportMissing(spec)

	return p.checkInfo(p.gp.NegotiatedVersion())
}

// connect waits for go-plugin, which takes no context: when ours ends the
// process is killed, and go-plugin notices that.
func (p *Process) connect(ctx context.Context) (*sdk.Client, error) {
	type answer struct {
		client *sdk.Client
		err    error
	}
	got := make(chan answer, 1)
	go func() {
		client, err := p.dispense()
		got <- answer{client, err}
	}()

	select {
	case a := <-got:
		return a.client, a.err
	case <-ctx.Done():
		p.launcher.kill()
		a := <-got
		return nil, errors.Join(ctx.Err(), a.err)
	}
}

func (p *Process) dispense() (*sdk.Client, error) {
	protocol, err := p.gp.Client()
	if err != nil {
		return nil, err
	}
	raw, err := protocol.Dispense(sdk.PluginName)
	if err != nil {
		return nil, err
	}

	client, ok := raw.(*sdk.Client)
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
		return fmt.Errorf(
			"%s says contract version %d, but speaks %d",
			p.binary.Path,
			p.info.ContractVersion,
			negotiated,
		)
	}

	return nil
}

// explain puts the plainest cause of a failed start in front of what go-plugin
// says of it.
func (p *Process) explain(
	ctx context.Context,
	spec Spec,
	err error,
	timeout time.Duration,
) error {
	// A call looks at the clock, and can end a moment before the context's
	// timer fires.
	if deadline, ok := ctx.Deadline(); errors.Is(ctx.Err(), context.DeadlineExceeded) ||
		(ok && !time.Now().Before(deadline)) {
		return fmt.Errorf("it did not answer within %s", timeout)
	}

	if ctx.Err() != nil {
		return fmt.Errorf("the start was given up: %w", context.Cause(ctx))
	}
	if strings.Contains(err.Error(), "Unrecognized remote plugin message") &&
		p.launcher.firstLine != "" {
		return fmt.Errorf(
			"its first line on standard output is %q and not the handshake: a plugin must print nothing there",
			cut(p.launcher.firstLine, tailLength),
		)
	}

	if offered, ok := p.launcher.offeredContract(); ok {
		if ours := slices.Sorted(maps.Keys(spec.contracts())); !slices.Contains(
			ours,
			offered,
		) {
			return fmt.Errorf(
				"no version of the contract is spoken by both: the plugin offers %d, this host speaks %s; "+
					"update whichever is the older",
				offered,
				strings.Trim(fmt.Sprint(ours), "[]"),
			)
		}
	}

	select {
	case <-p.launcher.ended:
		if p.launcher.endedByItself() {
			return fmt.Errorf(
				"its process ended before it could serve: %s",
				p.launcher.exitText(),
			)
		}
	case <-time.After(lastWords / 4): // its output ends a moment before it does
	}

	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w (is data_dir on a file system mounted noexec?)", err)
	}

	return err
}

func cut(text string, n int) string { return text[:min(len(text), n)] }
