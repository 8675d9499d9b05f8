package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/supervisor"
)

// The section has two accounts, each with a process of its own: the plugin of
// one misbehaves, and the calls of the other are measured.
const (
	tortured        = "tortured"
	torturedVersion = "1.0.0"
	tortureTime     = 1500 * time.Millisecond
	tortureCalls    = 4 // callers on each side
)

// tortures are the ways in which a plugin misbehaves, by the description of the
// payment that orders it.
var tortures = []struct{ order, what string }{
	{"flood", "floods its log"},
	{"leak", "leaks memory"},
	{"fork", "forks children"},
	{"stop", "stops (SIGSTOP)"},
	{"garbage", "prints garbage on stdout"},
	{"panic", "panics"},
	{"huge", "answers 100 MB"},
}

// measureTorture returns the other provider's p99 while a plugin misbehaves,
// each beside a quiet time just before.
func measureTorture(ctx context.Context, dir string) (string, error) {
	var table strings.Builder
	table.WriteString(
		"| a plugin that | the other provider: quiet p99 | meanwhile p99 | failed " +
			"| calls of the plugin itself that failed |\n|---|---|---|---|---|\n",
	)

	// Each run has processes of its own: the damage of one must not show in the
	// next.
	for _, t := range tortures {
		line, err := tortureOnce(ctx, filepath.Join(dir, "torture-"+t.order), t.order)
		if err != nil {
			return "", fmt.Errorf("%s: %w", t.what, err)
		}
		fmt.Fprintf(&table, "| %s | %s |\n", t.what, line)
	}

	return table.String(), nil
}

func tortureOnce(ctx context.Context, dir, order string) (string, error) {
	plugins, err := openTortured(ctx, dir)
	if err != nil {
		return "", err
	}
	defer func() { _ = plugins.Close(context.WithoutCancel(ctx)) }()

	pay := func(ctx context.Context) error { return payOn(ctx, plugins) }
	quiet, err := load(ctx, tortureCalls, tortureTime, pay)
	if err != nil {
		return "", err
	}

	// The misbehaving plugin may fail, the other one must not.
	var calls, failed atomic.Int64
	torturing, stop := context.WithCancel(ctx)
	var running sync.WaitGroup

	for range tortureCalls {
		running.Go(func() {
			for torturing.Err() == nil {
				calls.Add(1)
				if torture(torturing, plugins, order) != nil {
					failed.Add(1)
				}
			}
		})
	}

	meanwhile, err := load(ctx, tortureCalls, tortureTime, pay)
	stop()
	running.Wait()
	if err != nil {
		return "", err // a call of the other provider has failed
	}

	return fmt.Sprintf("%s | %s | 0 | %d of %d",
		short(quiet.P99), short(meanwhile.P99), failed.Load(), calls.Load()), nil
}

// openTortured starts both accounts.
func openTortured(ctx context.Context, dir string) (*supervisor.Supervisor, error) {
	good, folder, err := settings(dir)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(folder, account)
	if err := os.Link(program, program+"@"+torturedVersion); err != nil {
		return nil, err
	}

	// Another version means another process.
	bad := good
	bad.Name = tortured
	bad.Version = torturedVersion
	bad.Timeout = time.Second
	plugins := supervisor.New(supervisor.Options{
		PluginDir: folder,
		DataDir:   filepath.Join(dir, "data"),
	})
	if err := applied(plugins.Apply(ctx, []config.Provider{good, bad})); err != nil {
		_ = plugins.Close(context.WithoutCancel(ctx))
		return nil, err
	}

	return plugins, nil
}

// torture makes one call that orders a plugin to misbehave.
func torture(ctx context.Context, plugins *supervisor.Supervisor, order string) error {
	lease, err := plugins.Acquire(ctx, tortured)
	if err != nil {
		// A caller that is turned away does not call again at once.
		time.Sleep(10 * time.Millisecond)
		return err
	}
	defer lease.Release()

	ordered := request()
	ordered.Description = order
	_, err = lease.CreatePayment(ctx, ordered)

	return err
}
