package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/supervisor"
)

const (
	swapCallers = 16
	swaps       = 20
	swapPause   = 150 * time.Millisecond // between two swaps
	// answerTime is how long the provider takes in this section: a swap is felt
	// by calls under way.
	answerTime = 20 * time.Millisecond
	kills      = 15
)

// measureSwaps compares calls while their plugin is exchanged with those of a
// quiet time, and with what they meet when a host stops the old plugin before
// it starts the new one. All three are in one run.
func measureSwaps(ctx context.Context, dir string) (string, error) {
	p, plugins, err := settings(filepath.Join(dir, "swap"))
	if err != nil {
		return "", err
	}
	w := &swapWorld{
		dir:     dir,
		cfg:     p,
		plugins: plugins,
		program: filepath.Join(plugins, account),
	}
	if err := w.open(ctx); err != nil {
		return "", err
	}
	defer func() { _ = w.registry.Close(context.WithoutCancel(ctx)) }()

	steady, err := w.measure(ctx, func() error { time.Sleep(swapPause); return nil })
	if err != nil {
		return "", err
	}
	hot, err := w.measure(ctx, func() error { return w.swap(ctx) })
	if err != nil {
		return "", err
	}

	world, err := w.measure(ctx, func() error { return w.stopTheWorld(ctx) })
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(
		"| | calls | failed | p50 | p99 | slowest | p99 beside steady |\n|---|---|---|---|---|---|---|\n",
	)

	for _, r := range []struct {
		name string
		felt
	}{{"steady", steady}, {fmt.Sprintf("during %d swaps", swaps), hot}, {fmt.Sprintf("stop, then start, %d times", swaps), world}} {
		fmt.Fprintf(
			&b,
			"| %s | %d | %d | %s | %s | %s | %.2f |\n",
			r.name,
			r.calls,
			r.failed,
			short(r.p50),
			short(r.p99),
			short(r.worst),
			float64(r.p99)/float64(steady.p99),
		)
	}

	fmt.Fprintf(
		&b,
		"\n%d callers; the provider takes %s. Only calls that overlap a swap count in the second and third row. Aims: no failed call, 1.2.\n",
		swapCallers,
		answerTime,
	)

	return b.String(), nil
}

// felt is what callers met.
type felt struct {
	calls, failed   int
	p50, p99, worst time.Duration
}

// swapWorld is a provider under load.
type swapWorld struct {
	dir, plugins, program string
	cfg                   config.Provider
	world                 sync.RWMutex // held for writing while the world is stopped
	registry              *supervisor.Supervisor
	version               int
}

func (w *swapWorld) open(ctx context.Context) error {
	w.registry = supervisor.New(
		supervisor.Options{
			PluginDir: w.plugins,
			DataDir:   filepath.Join(w.dir, "swap", "data"),
		},
	)
	return applied(w.registry.Apply(ctx, []config.Provider{w.cfg}))
}

func applied(results []supervisor.Result) error {
	for _, r := range results {
		if r.Error != nil {
			return r.Error
		}
	}
	return nil
}

// renew puts another program in place: a byte more at its end makes it one.
func (w *swapWorld) renew() error {
	w.version++
	text, err := os.ReadFile(w.program)
	if err != nil {
		return err
	}

	temp := w.program + ".new"
	if err := os.WriteFile(temp, append(text, byte(w.version)), 0o700); err != nil { //nolint:gosec // it is a program
		return err
	}

	return os.Rename(temp, w.program)
}

// swap is what a reload does.
func (w *swapWorld) swap(ctx context.Context) error {
	return applied(w.registry.Apply(ctx, []config.Provider{w.cfg}))
}

// stopTheWorld lets the calls come to their end, stops the plugin and starts
// the next one, while new calls wait.
func (w *swapWorld) stopTheWorld(ctx context.Context) error {
	w.world.Lock()
	defer w.world.Unlock()
	return errors.Join(w.registry.Close(ctx), w.open(ctx))
}

func (w *swapWorld) pay(ctx context.Context) error {
	w.world.RLock()
	defer w.world.RUnlock()
	l, err := w.registry.Acquire(ctx, account)
	if err != nil {
		return err
	}
	defer l.Release()

	r := request()
	r.Description = answerTime.String()
	_, err = l.CreatePayment(ctx, r)

	return err
}

// span is a stretch of time.
type span struct{ from, to time.Time }

func (s span) meets(o span) bool { return s.from.Before(o.to) && o.from.Before(s.to) }

// measure has the callers call while change is made again and again, and gives
// what those calls met that were under way during a change.
func (w *swapWorld) measure(ctx context.Context, change func() error) (felt, error) {
	var (
		stop   atomic.Bool
		wg     sync.WaitGroup
		mu     sync.Mutex
		calls  []span
		failed []span
	)

	for range swapCallers {
		wg.Go(func() {
			for !stop.Load() {
				s := span{from: time.Now()}
				err := w.pay(ctx)
				s.to = time.Now()
				mu.Lock()
				calls = append(calls, s)
				if err != nil {
					failed = append(failed, s)
				}

				mu.Unlock()
			}
		})
	}

	var changes []span
	var err error

	for range swaps {
		time.Sleep(swapPause)
		if err = w.renew(); err != nil {
			break
		}
		s := span{from: time.Now()}
		if err = change(); err != nil {
			break
		}

		s.to = time.Now()
		changes = append(changes, s)
	}

	stop.Store(true)
	wg.Wait()
	if err != nil {
		return felt{}, err
	}

	during := func(c span) bool { return slices.ContainsFunc(changes, c.meets) }
	var took []time.Duration

	for _, c := range calls {
		if during(c) {
			took = append(took, c.to.Sub(c.from))
		}
	}

	if len(took) == 0 {
		return felt{}, errors.New("no call was under way")
	}
	slices.Sort(took)

	return felt{
		len(took),
		len(failed),
		took[len(took)/2],
		took[len(took)*99/100],
		took[len(took)-1],
	}, nil
}

// measureKills times from the SIGKILL of a plugin to the next call that is
// served. Every kill is the first of its host: further ones within a minute are
// answered with growing pauses.
func measureKills(ctx context.Context, dir string) (string, error) {
	var took []time.Duration
	for k := range kills {
		r, err := openRegistry(ctx, filepath.Join(dir, fmt.Sprintf("kill%d", k)))
		if err != nil {
			return "", err
		}
		d, err := killOnce(ctx, r)
		if err = errors.Join(err, r.Close(ctx)); err != nil {
			return "", err
		}

		took = append(took, d)
	}

	slices.Sort(took)
	return fmt.Sprintf(
		"From SIGKILL of a plugin to the next served call: p50 %s (aim 100 ms), slowest of %d %s.\n",
		short(took[len(took)/2]),
		len(took),
		short(took[len(took)-1]),
	), nil
}

func killOnce(ctx context.Context, r *supervisor.Supervisor) (time.Duration, error) {
	s, ok := r.Status(account)
	if !ok || s.PID == 0 {
		return 0, errors.New("there is no plugin to kill")
	}
	at := time.Now()
	if err := syscall.Kill(s.PID, syscall.SIGKILL); err != nil {
		return 0, err
	}

	for {
		if err := payOn(ctx, r); err == nil {
			return time.Since(at), nil
		} else if time.Since(at) > time.Minute {
			return 0, err
		}
	}
}

func payOn(ctx context.Context, r *supervisor.Supervisor) error {
	l, err := r.Acquire(ctx, account)
	if err != nil {
		return err
	}
	defer l.Release()
	_, err = l.CreatePayment(ctx, request())
	return err
}
