// Command bench measures what Payhost adds to a provider's call, and prints
// BENCHMARKS.md. All ways of calling are measured in turns in one run, so that
// a busy machine slows them alike: only the ratios carry over to other
// machines.
//
// The same program is the plugin and the raw gRPC server that it measures.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/serve"
)

func main() {
	switch {
	case os.Getenv(client.Handshake.MagicCookieKey) != "",
		len(os.Args) == 2 && os.Args[1] == "describe":
		serve.Provider(newProvider)
	case len(os.Args) == 2 && os.Args[1] == idler:
		idle()
	case len(os.Args) == 3 && os.Args[1] == rawServer:
		exitOn(serveRaw(os.Args[2]))
	case len(os.Args) >= 3 && os.Args[1] == durableOnly:
		exitOn(profileDurable(context.Background(), os.Stdout, os.Args[2], os.Args[3:]))

	default:
		exitOn(run(context.Background(), os.Stdout))
	}
}

// durableOnly is the argument with which this program measures durable payments
// alone, and writes a CPU profile of it to the file that follows. What else
// follows are the databases, all of them when nothing does.
const durableOnly = "durable"

func profileDurable(
	ctx context.Context,
	w io.Writer,
	file string,
	databases []string,
) error {
	dir, err := os.MkdirTemp("", "payhost-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // as in run

	f, err := os.Create(file) //nolint:gosec // the caller's own file
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}

	defer func() { pprof.StopCPUProfile(); _ = f.Close() }()
	text, err := measureDurable(ctx, dir, 0, databases...)
	if err == nil {
		_, err = io.WriteString(w, text)
	}

	return err
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	dir, err := os.MkdirTemp("", "payhost-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left is the system's to clean

	ways, closeAll, err := openWays(ctx, dir)
	if err != nil {
		return err
	}
	defer closeAll()

	fmt.Fprintf(os.Stderr, "calls …\n")
	calls, err := measureCalls(ctx, ways)
	if err != nil {
		return err
	}

	fmt.Fprintf(os.Stderr, "starts and memory …\n")
	starts, memory, err := measureStarts(ctx, dir)
	if err != nil {
		return err
	}

	fmt.Fprintf(os.Stderr, "swaps, kills and torture …\n")
	supervision, err := measureSupervision(ctx, dir)
	if err != nil {
		return err
	}

	fmt.Fprintf(os.Stderr, "durable payments …\n")
	durable, err := measureDurable(ctx, dir, calls[2].one.p50)
	if err != nil {
		return err
	}

	fmt.Fprintf(os.Stderr, "everything together …\n")
	whole, err := measureWhole(ctx, dir)
	if err != nil {
		return err
	}

	print := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
	print(
		"# Benchmarks\n\nMade by `make bench` on %s, %s/%s, %d cores, %s. Only ratios carry over to other machines.\n",
		time.Now().
			UTC().
			Format("2006-01-02"),
		runtime.GOOS,
		runtime.GOARCH,
		runtime.NumCPU(),
		runtime.Version(),
	)

	print(
		"\n## A call\n\nOne CreatePayment with 1 KB of data to a plugin that answers at once. \"Host\" is the whole chain around a\n" +
			"call: lease, bulkhead, breaker, deadline, metrics, log.\n\n",
	)
	printCalls(w, calls)
	print("\n## Starts and memory\n\n%s\n%s", starts, memory)
	print("%s", supervision)
	print(
		"\n## Durable payments and notices\n\nThe whole way of a payment: key, intent and attempt committed (on SQLite with synchronous=FULL), the plugin called, its\n"+
			"answer and the event committed. Of a notice: over HTTP, stored, read by the plugin, applied with its event, answered.\n"+
			"`go run ./host/internal/bench durable FILE` measures this alone and writes a profile of the processors' time.\n\n%s",
		durable,
	)

	print(
		"\n## Everything together\n\nThe built programs on the simulators, as `make run` starts them.\n\n%s",
		whole,
	)

	return nil
}
