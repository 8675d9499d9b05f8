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
)

// figures are what one way did with a number of callers.
type figures struct {
	p50, p99  time.Duration
	perSecond float64
}

// load makes calls from a number of callers for a while.
func load(
	ctx context.Context,
	callers int,
	d time.Duration,
	call func(context.Context) error,
) (figures, error) {
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		all    []time.Duration
		failed error
	)
	begin := time.Now()

	for range callers {
		wg.Go(func() {
			var mine []time.Duration
			for time.Since(begin) < d {
				at := time.Now()
				if err := call(ctx); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}

				mine = append(mine, time.Since(at))
			}

			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}

	wg.Wait()
	took := time.Since(begin)
	if failed != nil || len(all) == 0 {
		return figures{}, fmt.Errorf("a call failed: %w", failed)
	}

	slices.Sort(all)
	return figures{
		all[len(all)/2],
		all[len(all)*99/100],
		float64(len(all)) / took.Seconds(),
	}, nil
}

// median returns the middle of several rounds, each figure by itself.
func median(list []figures) figures {
	pick := func(of func(figures) float64) float64 {
		var v []float64
		for _, f := range list {
			v = append(v, of(f))
		}
		slices.Sort(v)
		return v[len(v)/2]
	}

	return figures{
		time.Duration(pick(func(f figures) float64 { return float64(f.p50) })),
		time.Duration(pick(func(f figures) float64 { return float64(f.p99) })),
		pick(func(f figures) float64 { return f.perSecond }),
	}
}

type row struct {
	name     string
	one, all figures
}

// manyCallers is the load under which throughput is measured.
const manyCallers = 64

func measureCalls(ctx context.Context, ways []way) ([]row, error) {
	one, many := make([][]figures, len(ways)), make([][]figures, len(ways))
	for range rounds {
		for k, w := range ways {
			f, err := load(ctx, 1, roundTime, w.call)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", w.name, err)
			}
			one[k] = append(one[k], f)
			if f, err = load(ctx, manyCallers, roundTime, w.call); err != nil {
				return nil, fmt.Errorf("%s: %w", w.name, err)
			}

			many[k] = append(many[k], f)
		}
	}

	var rows []row
	for k, w := range ways {
		rows = append(rows, row{w.name, median(one[k]), median(many[k])})
	}

	return rows, nil
}

func printCalls(w io.Writer, rows []row) {
	_, _ = fmt.Fprintf(
		w,
		"| way | 1 caller: p50 | p99 | %d callers: calls/s | p50 | p99 |\n|---|---|---|---|---|---|\n",
		manyCallers,
	)

	for _, r := range rows {
		_, _ = fmt.Fprintf(
			w,
			"| %s | %s | %s | %.0f | %s | %s |\n",
			r.name,
			short(r.one.p50),
			short(r.one.p99),
			r.all.perSecond,
			short(r.all.p50),
			short(r.all.p99),
		)
	}

	bare, host := rows[1], rows[2]
	_, _ = fmt.Fprintf(
		w,
		"\nHost beside bare go-plugin: p50 of one caller %.2f times (aim 1.1), throughput of %d callers %.2f times (aim 0.95).\n",
		float64(
			host.one.p50,
		)/float64(
			bare.one.p50,
		),
		manyCallers,
		host.all.perSecond/bare.all.perSecond,
	)
}

func short(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%d µs", d.Microseconds())
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// measureStarts times from nothing to the first served call, and reads the
// memory of an idle plugin and of this host.
func measureStarts(ctx context.Context, dir string) (starts, memory string, err error) {
	var took []time.Duration
	var rss int64

	for k := range 10 {
		at := time.Now()
		r, err := openRegistry(ctx, filepath.Join(dir, fmt.Sprintf("start%d", k)))
		if err != nil {
			return "", "", err
		}

		l, err := r.Acquire(ctx, account)
		if err != nil {
			return "", "", err
		}
		_, err = l.CreatePayment(ctx, request())
		l.Release()
		if err != nil {
			return "", "", err
		}

		took = append(took, time.Since(at))
		if s, ok := r.Status(account); ok {
			rss = residentOf(s.PID)
		}
		if err := r.Close(ctx); err != nil {
			return "", "", err
		}
	}

	slices.Sort(took)
	starts = fmt.Sprintf(
		"Start of a plugin to its first answered call, checksum included: p50 %s, worst of %d %s.\n",
		short(took[len(took)/2]),
		len(took),
		short(took[len(took)-1]),
	)
	memory = fmt.Sprintf(
		"Resident memory: this program as an idle plugin, with the whole host linked in, %.1f MB (a real one is below; aim 20); as\nhost and benchmark %.1f MB.\n",
		float64(rss)/1e6,
		float64(residentOf(os.Getpid()))/1e6,
	)

	return starts, memory, nil
}

// residentOf reads a process's resident memory in bytes, 0 where the system
// does not tell.
func residentOf(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	var kb int64

	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			_, _ = fmt.Sscan(rest, &kb)
		}
	}

	return kb << 10
}
