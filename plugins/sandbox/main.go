// Command sandbox serves the simulators of all providers on one port, each
// under its name, so that a host can be tried without anybody's real API:
//
//	sandbox -listen 127.0.0.1:9090
//
// The simulators trust everybody: beyond this machine they are served only with
// -allow-remote.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/payhost/payhost/sdk/conformance/control"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err == nil {
		return
	}

	fmt.Fprintln(os.Stderr, "sandbox:", err)
	if wrong := (usageError{}); errors.As(err, &wrong) {
		os.Exit(2)
	}
	os.Exit(1)
}

// usageError is a mistake on the command line.
type usageError struct{ error }

// run serves until ctx ends. It prints one line a simulator, once all of them
// can be reached.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // an error is ours to print
	listen := flags.String(
		"listen",
		"127.0.0.1:9090",
		"`address` to serve on; port 0 takes a free one",
	)
	publicURL := flags.String(
		"public-url",
		"",
		"`URL` under which browsers reach this program, if not by its address",
	)

	remote := flags.Bool("allow-remote", false, "serve also beyond this machine")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		flags.Usage()
		return nil
	case err != nil:
		return usageError{err}
	case flags.NArg() > 0:
		return usageError{
			fmt.Errorf(
				"there is nothing to say after the flags, but there is %q",
				flags.Arg(0),
			),
		}

	case !*remote && !isLoopback(*listen):
		return usageError{
			fmt.Errorf(
				"%q is reachable from other machines: use 127.0.0.1, or -allow-remote",
				*listen,
			),
		}
	}

	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	base := *publicURL
	if base == "" {
		base = "http://" + listener.Addr().String()
	}

	server := &http.Server{Handler: handler(base), ReadHeaderTimeout: 10 * time.Second}
	for _, s := range simulators {
		// the program that starts us may not read
		_, _ = fmt.Fprintf(stdout, "%s\t%s/%s\n", s.name, base, s.name)
	}

	return serve(ctx, server, listener)
}

// handler returns each simulator the paths under its name.
func handler(base string) http.Handler {
	mux := http.NewServeMux()
	for _, s := range simulators {
		prefix := "/" + s.name
		sim := s.make(base + prefix)
		mux.Handle(prefix+"/", http.StripPrefix(prefix, control.Handler(sim, sim.Config)))
	}
	return mux
}

// serve lets requests under way finish when ctx ends, for a while.
func serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}

	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return server.Close() // a fault that waits, or a browser that never sent its request
	}

	return nil
}

// isLoopback goes by what is written: a name other than localhost may lead
// anywhere.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
