package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/internal/wire"
)

const (
	parentInterval = 500 * time.Millisecond // between looks at the parent process
	minPing        = 5 * time.Second        // how often a host's keepalive may ask
	endBudget      = time.Second            // for a clean end; a host kills after two
)

// Provider runs a plugin: call it from main and return. It ends the process when the host says so or is gone.
//
// Nothing that the plugin prints is lost: standard output and the standard loggers become log records of the host.
// SIGTERM, SIGINT and SIGHUP are ignored, because it is the host that decides when its plugins have nothing left to do.
//
// Started by hand the program says what it is; with the argument "describe" it prints its Info as JSON; with "debug" it
// waits for a host to attach, so that it can be run under a debugger.
func Provider[C any, P sdk.Provider](newProvider func(C, sdk.Runtime) (P, error)) {
	stdout := os.Stdout
	os.Stdout = os.Stderr // what Info prints must not end up in the handshake or in the description
	if len(os.Args) == 2 && os.Args[1] == "describe" {
		if err := describe(stdout, NewServer(newProvider, Options{}).Info()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if n := len(os.Args); (n == 2 || n == 3) && os.Args[1] == "debug" {
		build := func(o Options) *Server { return NewServer(newProvider, o) }
		if err := serveByHand(stdout, os.Stderr, build, strings.Join(os.Args[2:], "")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv(wire.Handshake.MagicCookieKey) != wire.Handshake.MagicCookieValue {
		explain(os.Stderr, filepath.Base(os.Args[0]), NewServer(newProvider, Options{}).Info())
		os.Exit(1)
	}
	host := os.Getppid() // before anything that takes time: from here on a change is seen
	catchSignals()
	logger := slog.New(newLineHandler(os.Stderr))
	if err := serve(NewServer(newProvider, Options{Logger: logger}), stdout, host); err != nil {
		logger.Error("the plugin cannot serve", "error", err.Error())
		os.Exit(1)
	}
	os.Exit(0)
}

// serve runs until the host ends it.
func serve(s *Server, stdout *os.File, host int) error {
	slog.SetDefault(s.logger) // the standard library's log goes there too
	stdio, err := redirect(s.logger, stdout)
	if err != nil {
		return err
	}
	if readerGone(stdio.handshake) {
		return errors.New("the host has gone before the plugin was ready")
	}
	started := false
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  wire.Handshake,
		VersionedPlugins: pluginSets(s),
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr, JSONFormat: true}),
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			started = true
			g := newGRPCServer(append(opts, grpc.ChainUnaryInterceptor(stdio.intercept)))
			go endWith(host, g)
			return g
		},
	})
	s.Close()
	stdio.flush()
	if !started { // go-plugin has logged why
		return errors.New("the plugin's server did not start")
	}
	return nil
}

// newGRPCServer sets the limits that a host and its plugins must share. WaitForHandlers stays off: the call that stops
// the server would wait for itself.
func newGRPCServer(opts []grpc.ServerOption) *grpc.Server {
	return grpc.NewServer(append(opts,
		grpc.MaxRecvMsgSize(wire.MaxMessageSize),
		grpc.MaxSendMsgSize(wire.MaxMessageSize),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minPing, PermitWithoutStream: true}),
	)...)
}

// catchSignals swallows what a terminal or an init system sends to every process of a group, and lets a write to a log
// that nobody reads any more fail instead of ending the process. The signals are caught and not ignored, so that
// programs which the plugin starts have their default ways.
func catchSignals() {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	go func() {
		for range caught {
		}
	}()
}

// endWith ends the process when its parent is no longer the host. The system's own means (a parent-death signal) hangs
// on the thread that started the process and exists on Linux only.
func endWith(host int, g *grpc.Server) {
	for range time.Tick(parentInterval) {
		if os.Getppid() == host {
			continue
		}
		go g.Stop() // removes the socket's file, then plugin.Serve returns
		time.Sleep(endBudget)
		os.Exit(1)
	}
}

// stdio is where a plugin's prints go. It keeps the process's own files: one that is forgotten is closed when the
// garbage collector finds it, and its number given to something else.
type stdio struct {
	stdout, stderr *os.File // as the process got them
	handshake      *os.File // the host's end of standard output
	printed, cried *pump    // what the plugin writes to os.Stdout and to os.Stderr
	once           sync.Once
}

// redirect takes standard output away from the plugin. os.Stdout is the host's until go-plugin has used it.
func redirect(logger *slog.Logger, stdout *os.File) (*stdio, error) {
	s := &stdio{stdout: stdout, stderr: os.Stderr}
	var err error
	if s.printed, err = newPump(logger, "stdout"); err != nil {
		return nil, err
	}
	if s.cried, err = newPump(logger, "stderr"); err != nil {
		return nil, err
	}
	if s.handshake, err = takeStdout(s.printed.file); err != nil {
		return nil, err
	}
	os.Stdout = s.handshake
	return s, nil
}

// intercept runs before the first call: go-plugin has by then put pipes of its own in place of os.Stdout and os.Stderr,
// which hosts throw away unless they ask for them. File descriptor 2 stays as it is, for the runtime's last words.
func (s *stdio) intercept(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	s.once.Do(func() { os.Stdout, os.Stderr = s.printed.file, s.cried.file })
	return next(ctx, req)
}

// flush waits until what was printed last is logged. Later prints go to standard error.
func (s *stdio) flush() {
	os.Stdout, os.Stderr = s.stderr, s.stderr
	_ = pointStdout(s.stderr) // nothing is left to be done about it
	s.cried.flush(endBudget / 4)
	s.printed.flush(endBudget / 4)
}
