package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// manyCallers is the load under which throughput is measured.
const manyCallers = 64

// figures are the results of a load. Those that were not measured are 0.
type figures struct {
	P50, P99  time.Duration
	PerSecond float64
	// CPU is the processor time of an operation, user and system, of all
	// processes that took part in it.
	CPU time.Duration
}

// load makes calls from a number of callers for a while.
func load(
	ctx context.Context,
	callers int,
	duration time.Duration,
	call func(context.Context) error,
	servers ...int,
) (figures, error) {
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		all     []time.Duration
		failed  error
	)
	before := processorTime(append(servers, os.Getpid())...)
	begin := time.Now()

	for range callers {
		running.Go(func() {
			took, err := callFor(ctx, begin.Add(duration), call)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			if err != nil {
				failed = err
			}
		})
	}

	// Calls that end after the planned time count, and so does their time.
	running.Wait()
	elapsed := time.Since(begin)
	if failed != nil || len(all) == 0 {
		return figures{}, fmt.Errorf("a call failed: %w", failed)
	}

	used := processorTime(append(servers, os.Getpid())...) - before
	slices.Sort(all)

	return figures{
		CPU:       used / time.Duration(len(all)),
		P50:       all[len(all)/2],
		P99:       all[len(all)*99/100],
		PerSecond: float64(len(all)) / elapsed.Seconds(),
	}, nil
}

// callFor makes one caller's calls, one after the other, and returns how long
// each took.
func callFor(
	ctx context.Context,
	end time.Time,
	call func(context.Context) error,
) (took []time.Duration, err error) {
	for time.Now().Before(end) {
		begin := time.Now()
		if err := call(ctx); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begin))
	}
	return took, nil
}

// median returns the median of several rounds, each figure by itself.
func median(list []figures) figures {
	pick := func(figure func(figures) float64) float64 {
		var values []float64
		for _, f := range list {
			values = append(values, figure(f))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}

	return figures{
		P50:       time.Duration(pick(func(f figures) float64 { return float64(f.P50) })),
		P99:       time.Duration(pick(func(f figures) float64 { return float64(f.P99) })),
		CPU:       time.Duration(pick(func(f figures) float64 { return float64(f.CPU) })),
		PerSecond: pick(func(f figures) float64 { return f.PerSecond }),
	}
}

// short returns a duration in the unit that the report uses.
func short(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%d µs", d.Microseconds())
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// residentOf returns a process's resident memory in bytes, 0 where the system
// does not report it.
func residentOf(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	var kilobytes int64

	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			_, _ = fmt.Sscan(rest, &kilobytes)
		}
	}

	return kilobytes << 10
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }
