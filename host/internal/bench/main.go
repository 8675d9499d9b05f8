// Command bench measures what Payhost adds to a provider's call, and prints
// BENCHMARKS.md. All ways of calling are measured in turns in one run, so that
// a busy machine slows them alike: only the ratios carry over to other
// machines.
//
// The same program is the plugin and the raw gRPC server that it measures.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/serve"
)

// durableOnly is the argument with which this program measures durable payments
// alone, and writes a CPU profile to the file that follows. The other arguments
// are the databases to measure on, all of them when there is none.
const durableOnly = "durable"

func main() {
	asPlugin := os.Getenv(client.Handshake.MagicCookieKey) != ""
	args := os.Args[1:]
	ctx := context.Background()

	// This program is also the plugin, the raw server and the idle child: its
	// start says which.
	switch {
	case asPlugin, len(args) == 1 && args[0] == "describe":
		serve.Provider(newProvider)
	case len(args) == 1 && args[0] == idler:
		idle()
	case len(args) == 2 && args[0] == rawServer:
		exitOn(serveRaw(args[1]))
	case len(args) >= 2 && args[0] == durableOnly:
		exitOn(profileDurable(ctx, os.Stdout, args[1], args[2:]))

	default:
		exitOn(run(ctx, os.Stdout))
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// profileDurable measures durable payments and writes a CPU profile to a file.
func profileDurable(
	ctx context.Context,
	w io.Writer,
	path string,
	databases []string,
) error {
	dir, err := os.MkdirTemp("", "payhost-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system cleans up what is left

	profile, err := os.Create(path) //nolint:gosec // the caller's own file
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(profile); err != nil {
		return errors.Join(err, profile.Close())
	}

	text, err := measureDurable(ctx, dir, 0, databases...)
	pprof.StopCPUProfile()
	if err := errors.Join(err, profile.Close()); err != nil {
		return err
	}

	_, err = io.WriteString(w, text)
	return err
}

// run makes all measurements and prints the whole report.
func run(ctx context.Context, w io.Writer) error {
	dir, err := os.MkdirTemp("", "payhost-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system cleans up what is left

	ways, closeAll, err := openWays(ctx, dir)
	if err != nil {
		return err
	}
	defer closeAll()

	// The run takes minutes: standard error says what it is at.
	fmt.Fprintf(os.Stderr, "calls …\n")
	calls, err := measureCalls(ctx, ways)
	if err != nil {
		return err
	}

	fmt.Fprintf(os.Stderr, "starts and memory …\n")
	starts, err := measureStarts(ctx, dir)
	if err != nil {
		return err
	}

	fmt.Fprintf(os.Stderr, "swaps, kills and torture …\n")
	supervision, err := measureSupervision(ctx, dir)
	if err != nil {
		return err
	}

	fmt.Fprintf(os.Stderr, "durable payments …\n")
	durable, err := measureDurable(ctx, dir, calls[wayHost].one.p50)
	if err != nil {
		return err
	}

	fmt.Fprintf(os.Stderr, "everything together …\n")
	whole, err := measureWhole(ctx, dir)
	if err != nil {
		return err
	}

	printHead(w)
	printCalls(w, calls)
	_, err = fmt.Fprintf(w, "\n## Starts and memory\n\n%s%s%s%s%s%s",
		starts, supervision, durableHead, durable, wholeHead, whole)

	return err
}

func printHead(w io.Writer) {
	_, _ = fmt.Fprintf(
		w,
		"# Benchmarks\n\nMade by `make bench` on %s, %s/%s, %d cores, %s. "+
			"Only ratios carry over to other machines.\n",
		time.Now().UTC().Format("2006-01-02"),
		runtime.GOOS,
		runtime.GOARCH,
		runtime.NumCPU(),
		runtime.Version(),
	)
}

const durableHead = `
## Durable payments and webhooks

The whole way of a payment: key, intent and attempt committed (on SQLite with synchronous=FULL), the plugin called, its
answer and the event committed. Of a webhook: over HTTP, stored, read by the plugin, applied with its event, answered.
` + "`go run ./host/internal/bench durable FILE`" + ` measures this alone and writes a profile of the processors' time.

`

const wholeHead = `
## Everything together

The built programs on the simulators, as ` + "`make run`" + ` starts them.

`
