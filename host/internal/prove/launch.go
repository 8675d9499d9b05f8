package prove

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/sdk/conformance"
)

// discarded is for a start whose log is of no use.
var discarded = slog.New(slog.DiscardHandler)

// endTime is how long a program may take to end when it is asked to. A host gives it less when it is in a hurry.
const endTime = 5 * time.Second

// launch starts a program for every case anew. Nothing that it says is masked: the kit looks for secrets in it.
func launch(ctx context.Context, binary plugin.Binary, workspace *plugin.Workspace) conformance.Launch {
	return func(w *conformance.Watch) (*conformance.Process, error) {
		p, err := plugin.Start(ctx, plugin.Spec{
			Binary: binary, Workspace: workspace, Intercept: w.Intercept,
			Logger: slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		if err != nil {
			return nil, err
		}
		killed := false
		return &conformance.Process{
			Client: p.Client(),
			Kill: func() {
				killed = true
				p.Kill()
			},
			Stop: func() error {
				p.Stop(endTime)
				if killed {
					return nil
				}
				return p.EndErr()
			},
			Left:      func() error { return nil }, // goroutines and memory went with the process
			Files:     func() int { return openFiles(p.PID()) },
			Processor: func() time.Duration { return processorTime(p.PID()) },
		}, nil
	}
}

// openFiles counts what a process holds open, where the system tells; else it is 0.
func openFiles(pid int) int {
	list, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		return 0
	}
	return len(list)
}

// processorTime sums up the processor time of a process's threads, where the system
// tells; else it is 0. A thread's schedstat begins with its nanoseconds.
func processorTime(pid int) (sum time.Duration) {
	threads, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/schedstat")
	if err != nil {
		return 0
	}
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has just ended
		}
		first, _, _ := strings.Cut(string(text), " ")
		nanoseconds, _ := strconv.ParseInt(first, 10, 64) // the kernel's
		sum += time.Duration(nanoseconds)
	}
	return sum
}
