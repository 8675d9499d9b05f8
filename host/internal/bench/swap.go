package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/supervisor"
)

const (
	swapCallers = 16
	swapPause   = 150 * time.Millisecond // between two swaps
	// answerTime is how long the provider takes in this section, so that calls
	// are under way when their plugin is swapped.
	answerTime = 20 * time.Millisecond
	// killPatience is how long the next call after a kill may take to succeed.
	killPatience = time.Minute
)

// measureSwaps compares three kinds of calls in one run: those of a quiet time,
// those that overlap a swap of their plugin, and those that overlap a stop of
// the old plugin followed by a start of the new one.
func measureSwaps(ctx context.Context, dir string, count int) (map[string]felt, error) {
	cfg, plugins, err := settings(filepath.Join(dir, "swap"))
	if err != nil {
		return nil, err
	}
	world := &swapWorld{
		dir:     dir,
		count:   count,
		cfg:     cfg,
		plugins: plugins,
		program: filepath.Join(plugins, account),
	}
	if err := world.open(ctx); err != nil {
		return nil, err
	}
	defer func() { _ = world.supervisor.Close(context.WithoutCancel(ctx)) }()

	// A pause in place of a swap gives the quiet time.
	steady, err := world.measure(ctx, func(context.Context) error {
		time.Sleep(swapPause)
		return nil
	})
	if err != nil {
		return nil, err
	}

	swapped, err := world.measure(ctx, world.swap)
	if err != nil {
		return nil, err
	}
	stopped, err := world.measure(ctx, world.stopAndStart)
	if err != nil {
		return nil, err
	}

	return map[string]felt{"steady": steady, "swap": swapped, "stop": stopped}, nil
}

// felt are the calls that overlapped a change, as their callers felt it.
type felt struct {
	Calls, Failed   int
	P50, P99, Worst time.Duration
}

// swapWorld is a provider under load.
type swapWorld struct {
	dir, plugins, program string
	cfg                   config.Provider
	stopped               sync.RWMutex // held for writing while no plugin runs
	supervisor            *supervisor.Supervisor
	version, count        int
}

func (w *swapWorld) open(ctx context.Context) error {
	w.supervisor = supervisor.New(supervisor.Options{
		PluginDir: w.plugins,
		DataDir:   filepath.Join(w.dir, "swap", "data"),
	})
	return w.swap(ctx)
}

// swap does what a reload does.
func (w *swapWorld) swap(ctx context.Context) error {
	return applied(w.supervisor.Apply(ctx, []config.Provider{w.cfg}))
}

func applied(results []supervisor.Result) error {
	for _, result := range results {
		if result.Error != nil {
			return result.Error
		}
	}
	return nil
}

// stopAndStart waits for the calls to end, stops the plugin and starts the next
// one, while new calls wait.
func (w *swapWorld) stopAndStart(ctx context.Context) error {
	w.stopped.Lock()
	defer w.stopped.Unlock()
	return errors.Join(w.supervisor.Close(ctx), w.open(ctx))
}

// renew replaces the program by another one: an appended byte makes it one.
func (w *swapWorld) renew() error {
	w.version++
	program, err := os.ReadFile(w.program)
	if err != nil {
		return err
	}

	program = append(program, byte(w.version))
	temp := w.program + ".new"
	if err := os.WriteFile(temp, program, 0o700); err != nil { //nolint:gosec // it is a program
		return err
	}

	return os.Rename(temp, w.program)
}

func (w *swapWorld) pay(ctx context.Context) error {
	// The wait for a stopped plugin is part of the call: its caller would feel
	// it.
	w.stopped.RLock()
	defer w.stopped.RUnlock()
	lease, err := w.supervisor.Acquire(ctx, account)
	if err != nil {
		return err
	}
	defer lease.Release()

	slow := request()
	slow.Description = answerTime.String()
	_, err = lease.CreatePayment(ctx, slow)

	return err
}

// span is a stretch of time.
type span struct{ from, to time.Time }

func (s span) overlaps(other span) bool {
	return s.from.Before(other.to) && other.from.Before(s.to)
}

// measure makes the callers call while change is made again and again, and
// returns the calls that were under way during a change.
func (w *swapWorld) measure(
	ctx context.Context,
	change func(context.Context) error,
) (felt, error) {
	calling, stop := context.WithCancel(ctx)
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		calls   []span
		failed  int
	)

	for range swapCallers {
		running.Go(func() {
			for calling.Err() == nil {
				call := span{from: time.Now()}
				err := w.pay(ctx)
				call.to = time.Now()

				mu.Lock()
				calls = append(calls, call)
				if err != nil {
					failed++
				}

				mu.Unlock()
			}
		})
	}

	// The callers go on until the last change has been made.
	changes, err := w.change(ctx, change)
	stop()
	running.Wait()
	if err != nil {
		return felt{}, err
	}

	return feltDuring(changes, calls, failed)
}

// change renews the program and makes a change, as often as count says.
func (w *swapWorld) change(
	ctx context.Context,
	change func(context.Context) error,
) (changes []span, err error) {
	for range w.count {
		time.Sleep(swapPause)
		if err := w.renew(); err != nil {
			return nil, err
		}
		// Writing the new program is not part of the change.
		made := span{from: time.Now()}
		if err := change(ctx); err != nil {
			return nil, err
		}

		made.to = time.Now()
		changes = append(changes, made)
	}

	return changes, nil
}

func feltDuring(changes, calls []span, failed int) (felt, error) {
	var took []time.Duration
	for _, call := range calls {
		if slices.ContainsFunc(changes, call.overlaps) {
			took = append(took, call.to.Sub(call.from))
		}
	}

	if len(took) == 0 {
		return felt{}, errors.New("no call was under way")
	}

	// Failed calls count whenever they were made: none is expected at any time.
	slices.Sort(took)
	return felt{
		Calls:  len(took),
		Failed: failed,
		P50:    took[len(took)/2],
		P99:    took[len(took)*99/100],
		Worst:  took[len(took)-1],
	}, nil
}

// measureKills measures the time from the SIGKILL of a plugin to the next call
// that is served. Every kill is the first of its host: a second one within a
// minute is answered after a pause, which grows.
func measureKills(ctx context.Context, dir string, count int) (took []time.Duration, err error) {
	for k := range count {
		plugins, err := openSupervisor(ctx, filepath.Join(dir, fmt.Sprintf("kill%d", k)))
		if err != nil {
			return nil, err
		}
		elapsed, err := killOnce(ctx, plugins)
		err = errors.Join(err, plugins.Close(ctx))
		if err != nil {
			return nil, err
		}

		took = append(took, elapsed)
	}

	return took, nil
}

// measureStarts measures the time from nothing to the first served call. Each
// start has a folder of its own, so that none profits from what the host kept
// of another; the program is there before.
func measureStarts(ctx context.Context, dir string, count int) (took []time.Duration, err error) {
	for k := range count {
		own := filepath.Join(dir, fmt.Sprintf("start%d", k))
		cfg, folder, err := settings(own)
		if err != nil {
			return nil, err
		}

		begin := time.Now()
		plugins, err := startSupervisor(ctx, own, folder, cfg)
		if err != nil {
			return nil, err
		}
		err = payOn(ctx, plugins)
		took = append(took, time.Since(begin))
		if err := errors.Join(err, plugins.Close(ctx)); err != nil {
			return nil, err
		}
	}

	return took, nil
}

func killOnce(ctx context.Context, plugins *supervisor.Supervisor) (time.Duration, error) {
	status, ok := plugins.Status(account)
	if !ok || status.PID == 0 {
		return 0, errors.New("there is no plugin to kill")
	}
	begin := time.Now()
	if err := syscall.Kill(status.PID, syscall.SIGKILL); err != nil {
		return 0, err
	}

	// The host finds out by itself, and starts the plugin again.
	for {
		err := payOn(ctx, plugins)
		if err == nil {
			return time.Since(begin), nil
		}
		if time.Since(begin) > killPatience {
			return 0, err
		}
	}
}

// payOn makes one call.
func payOn(ctx context.Context, plugins *supervisor.Supervisor) error {
	lease, err := plugins.Acquire(ctx, account)
	if err != nil {
		return err
	}
	defer lease.Release()
	_, err = lease.CreatePayment(ctx, request())
	return err
}
