package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	rounds    = 5
	roundTime = 700 * time.Millisecond
	// manyCallers is the load under which throughput is measured.
	manyCallers = 64
	// startsMeasured is how often the start of a plugin is measured.
	startsMeasured = 10
)

// figures are the results of one way with a number of callers.
type figures struct {
	p50, p99  time.Duration
	perSecond float64
}

// load makes calls from a number of callers for a while.
func load(
	ctx context.Context,
	callers int,
	duration time.Duration,
	call func(context.Context) error,
) (figures, error) {
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		all     []time.Duration
		failed  error
	)
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

	slices.Sort(all)
	return figures{
		p50:       all[len(all)/2],
		p99:       all[len(all)*99/100],
		perSecond: float64(len(all)) / elapsed.Seconds(),
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
		p50:       time.Duration(pick(func(f figures) float64 { return float64(f.p50) })),
		p99:       time.Duration(pick(func(f figures) float64 { return float64(f.p99) })),
		perSecond: pick(func(f figures) float64 { return f.perSecond }),
	}
}

// row is one way's line of the report.
type row struct {
	name     string
	one, all figures
}

// measureCalls measures all ways in turns, with one caller and with many.
func measureCalls(ctx context.Context, ways []way) ([]row, error) {
	// In turns, so that a busy machine slows all ways alike.
	one := make([][]figures, len(ways))
	many := make([][]figures, len(ways))

	for range rounds {
		for k, w := range ways {
			alone, err := load(ctx, 1, roundTime, w.call)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", w.name, err)
			}
			together, err := load(ctx, manyCallers, roundTime, w.call)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", w.name, err)
			}

			one[k] = append(one[k], alone)
			many[k] = append(many[k], together)
		}
	}

	var rows []row
	for k, w := range ways {
		rows = append(rows, row{w.name, median(one[k]), median(many[k])})
	}

	return rows, nil
}

func printCalls(w io.Writer, rows []row) {
	printf := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
	printf(
		"\n## A call\n\nOne CreatePayment with 1 KB of data to a plugin that answers at once. " +
			"\"Host\" is the whole chain around a\n" +
			"call: lease, bulkhead, breaker, deadline, metrics, log.\n\n",
	)
	printf("| way | 1 caller: p50 | p99 | %d callers: calls/s | p50 | p99 |\n"+
		"|---|---|---|---|---|---|\n", manyCallers)

	for _, r := range rows {
		printf("| %s | %s | %s | %.0f | %s | %s |\n",
			r.name,
			short(r.one.p50),
			short(r.one.p99),
			r.all.perSecond,
			short(r.all.p50),
			short(r.all.p99),
		)
	}

	// The two figures that have aims.
	bare := rows[wayBare]
	host := rows[wayHost]
	printf("\nHost beside bare go-plugin: p50 of one caller %.2f times (aim 1.1), "+
		"throughput of %d callers %.2f times (aim 0.95).\n",
		float64(host.one.p50)/float64(bare.one.p50),
		manyCallers,
		host.all.perSecond/bare.all.perSecond,
	)
}

// short returns a duration in the unit that the report uses.
func short(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%d µs", d.Microseconds())
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// measureStarts measures the time from nothing to the first served call, and
// the memory of an idle plugin and of this host.
func measureStarts(ctx context.Context, dir string) (string, error) {
	var took []time.Duration
	var resident int64

	// Each start has a folder of its own, so that none profits from what the
	// host kept of another.
	for k := range startsMeasured {
		elapsed, memory, err := startOnce(
			ctx,
			filepath.Join(dir, fmt.Sprintf("start%d", k)),
		)
		if err != nil {
			return "", err
		}

		took = append(took, elapsed)
		resident = memory
	}

	slices.Sort(took)
	starts := fmt.Sprintf(
		"Start of a plugin to its first answered call, checksum included: "+
			"p50 %s, worst of %d %s.\n",
		short(took[len(took)/2]),
		len(took),
		short(took[len(took)-1]),
	)

	memory := fmt.Sprintf(
		"Resident memory: this program as an idle plugin, with the whole host "+
			"linked in, %.1f MB (a real one is below; aim 20); as\nhost and benchmark %.1f MB.\n",
		megabytes(resident),
		megabytes(residentOf(os.Getpid())),
	)

	return starts + "\n" + memory, nil
}

// startOnce starts a plugin, makes one call, and returns how long both took and
// the plugin's memory then.
func startOnce(ctx context.Context, dir string) (
	elapsed time.Duration,
	resident int64,
	err error,
) {
	begin := time.Now()
	plugins, err := openSupervisor(ctx, dir)
	if err != nil {
		return 0, 0, err
	}

	if err := payOn(ctx, plugins); err != nil {
		return 0, 0, err
	}
	elapsed = time.Since(begin)

	// The plugin is idle now.
	if status, ok := plugins.Status(account); ok {
		resident = residentOf(status.PID)
	}

	return elapsed, resident, plugins.Close(ctx)
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
