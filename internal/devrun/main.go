// Command devrun is what `make run` and `make demo` do once everything is
// built: it starts the simulated providers and a host on them, and stops what
// it started.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error

	switch {
	case len(os.Args) == 2 && os.Args[1] == "run":
		err = run(ctx)
	case len(os.Args) == 2 && os.Args[1] == "demo":
		err = demo(ctx)
	default:
		fmt.Fprintln(os.Stderr, "usage: devrun run|demo")
		os.Exit(2)
	}

	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "devrun:", err)
		os.Exit(1)
	}
}
