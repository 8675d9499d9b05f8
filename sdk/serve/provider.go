package serve

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
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

	// windowSize is how much of a request, and of all requests, a host may send
	// before the plugin has read it, in bytes.
	windowSize = 1 << 20

	// callWorkers is how many calls at once find a worker that waits: as many as
	// an account has in flight by default.
	callWorkers = 64
	endBudget   = time.Second // for a clean end; a host kills after two
)

// Provider runs a plugin: call it from main and return. It ends the process
// when the host says so or is gone.
//
// Nothing that the plugin prints is lost: standard output and the standard
// loggers become log records of the host. SIGTERM, SIGINT and SIGHUP are
// ignored, because the host decides when its plugins have nothing left to do.
//
// Started by hand the program says what it is; with the argument "describe" it
// prints its Info as JSON; with "debug" it waits for a host to attach, so that
// it can be run under a debugger.
//
// A provider whose type has a method that is called like a verb and has another
// signature does not start: the program ends with an error that shows both.
func Provider[C any, P sdk.Provider](newProvider func(C, sdk.Runtime) (P, error)) {
	// What Info prints must not end up in the handshake or in the description.
	stdout := os.Stdout
	os.Stdout = os.Stderr
	if err := checkShape(reflect.TypeFor[P]()); err != nil {
		exit(err)
	}
	newServer := func(opts Options) *Server { return NewServer(newProvider, opts) }

	arguments := os.Args[1:]
	switch {
	case (len(arguments) == 1) && (arguments[0] == "describe"):
		exit(describe(stdout, newServer(Options{}).Info()))
	case (len(arguments) == 1) && (arguments[0] == "debug"):
		exit(serveDebug(stdout, os.Stderr, newServer, ""))
	case (len(arguments) == 2) && (arguments[0] == "debug"):
		exit(serveDebug(stdout, os.Stderr, newServer, arguments[1]))
	case os.Getenv(wire.Handshake.MagicCookieKey) != wire.Handshake.MagicCookieValue:
		explain(os.Stderr, filepath.Base(os.Args[0]), newServer(Options{}).Info())
		os.Exit(1)
	}

	// Asked before anything that takes time: from here on a change is seen.
	host := os.Getppid()
	catchSignals()
	logger := slog.New(newLineHandler(os.Stderr))
	if err := serve(newServer(Options{Logger: logger}), stdout, host); err != nil {
		logger.Error("the plugin cannot serve", "error", err.Error())
		os.Exit(1)
	}
	os.Exit(0)
}

// exit ends the process, with the error on standard error if there is one.
func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve runs until the host ends it. host is the process that must stay the
// parent.
func serve(server *Server, stdout *os.File, host int) error {
	slog.SetDefault(server.logger) // the standard library's log goes there too
	output, err := redirect(server.logger, stdout)
	if err != nil {
		return err
	}
	if readerGone(output.handshake) {
		return errors.New("the host has gone before the plugin was ready")
	}

	started := false
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  wire.Handshake,
		VersionedPlugins: pluginSets(server),
		Logger: hclog.New(&hclog.LoggerOptions{
			Level:      hclog.Warn,
			Output:     os.Stderr,
			JSONFormat: true,
		}),
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			started = true
			opts = append(opts, grpc.ChainUnaryInterceptor(output.intercept))
			made := newGRPCServer(opts)
			go endWith(host, made)
			return made
		},
	})

	// The host has stopped the server: what the plugin holds ends first, since it
	// may still print.
	server.Close()
	output.flush()
	if !started { // go-plugin has logged why
		return errors.New("the plugin's server did not start")
	}
	return nil
}

// newGRPCServer sets the limits that a host and its plugins must share.
// WaitForHandlers stays off: the call that stops the server would wait for
// itself.
func newGRPCServer(opts []grpc.ServerOption) *grpc.Server {
	pings := keepalive.EnforcementPolicy{MinTime: minPing, PermitWithoutStream: true}
	opts = append(opts,
		grpc.MaxRecvMsgSize(wire.MaxMessageSize),
		grpc.MaxSendMsgSize(wire.MaxMessageSize),
		grpc.KeepaliveEnforcementPolicy(pings),
		// Windows of a fixed size: gRPC's own go up and down with the bandwidth
		// that it measures by pings, and within a machine there is none to find.
		grpc.InitialWindowSize(windowSize),
		grpc.InitialConnWindowSize(windowSize),
		// A worker keeps the stack that the calls before it have needed. When all
		// of them are busy a call gets a goroutine of its own.
		grpc.NumStreamWorkers(callWorkers))
	return grpc.NewServer(opts...)
}

// catchSignals swallows what a terminal or an init system sends to every
// process of a group, and lets a write to a log that nothing reads any more
// fail instead of ending the process. The signals are caught and not ignored,
// so that programs which the plugin starts have their default behaviour.
func catchSignals() {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	go func() {
		for range caught {
		}
	}()
}

// endWith ends the process when its parent is no longer the host. The system's
// own means (a parent-death signal) hangs on the thread that started the
// process and exists on Linux only.
func endWith(host int, server *grpc.Server) {
	for range time.Tick(parentInterval) {
		if os.Getppid() == host {
			continue
		}
		go server.Stop() // removes the socket's file, then plugin.Serve returns
		time.Sleep(endBudget)
		os.Exit(1)
	}
}
