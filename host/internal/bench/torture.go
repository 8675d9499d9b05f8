package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/supervisor"
)

// The accounts of this section: one is tortured, the other, of another process,
// is measured.
const (
	tortured     = "tortured"
	tortureTime  = 1500 * time.Millisecond
	tortureCalls = 4 // callers on each side
	hugeAnswer   = 100 << 20
)

// tortures are what a plugin is made to do, by the description of the payment
// that asks for it.
var tortures = []struct{ order, what string }{
	{"flood", "floods its log"},
	{"leak", "leaks memory"},
	{"fork", "forks children"},
	{"stop", "stops (SIGSTOP)"},
	{"garbage", "prints garbage on stdout"},
	{"panic", "panics"},
	{"huge", "answers 100 MB"},
}

// leaked is what a plugin that leaks has kept.
var leaked struct {
	sync.Mutex
	blocks [][]byte
}

// idler is the argument that makes this program a child that does nothing.
const idler = "idle"

func idle() {
	for {
		time.Sleep(time.Hour)
	}
}

// misbehave is the plugin's part. ok is false when nothing of the kind was
// asked for.
func misbehave(order string) (message string, ok bool) {
	switch order {
	case "flood":
		for i := range 5000 {
			fmt.Fprintf(os.Stderr, "flood %d\n", i)
		}
	case "leak":
		block := []byte(strings.Repeat("x", 64<<20))
		leaked.Lock()
		leaked.blocks = append(leaked.blocks, block)
		leaked.Unlock()

	case "fork":
		child := exec.Command(os.Args[0], idler) //nolint:gosec // this program
		child.Env = []string{}
		_ = child.Start() // nobody waits for it: that is the point
	case "stop":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case "garbage":
		fmt.Println(strings.Repeat("\xff\x00garbage", 50000))

	case "panic":
		panic("a bug")
	case "huge":
		return strings.Repeat("x", hugeAnswer), true
	default:
		return "", false
	}

	return "done", true
}

// measureTorture returns the other provider's p99 while a plugin does its
// worst, each beside a quiet time just before.
func measureTorture(ctx context.Context, dir string) (string, error) {
	var b strings.Builder
	b.WriteString(
		"| a plugin that | the other provider: quiet p99 | meanwhile p99 | failed | calls of the plugin itself that failed |\n|---|---|---|---|---|\n",
	)

	for _, t := range tortures {
		line, err := tortureOnce(ctx, filepath.Join(dir, "torture-"+t.order), t.order)
		if err != nil {
			return "", fmt.Errorf("%s: %w", t.what, err)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", t.what, line)
	}

	return b.String(), nil
}

func tortureOnce(ctx context.Context, dir, order string) (string, error) {
	good, plugins, err := settings(dir)
	if err != nil {
		return "", err
	}
	if err := os.Link(filepath.Join(plugins, account), filepath.Join(plugins, account+"@"+version)); err != nil {
		return "", err
	}

	bad := good

	// a version of its own means a process of its own
	bad.Name = tortured
	bad.Version = version
	bad.Timeout = time.Second
	r := supervisor.New(
		supervisor.Options{PluginDir: plugins, DataDir: filepath.Join(dir, "data")},
	)
	defer func() { _ = r.Close(context.WithoutCancel(ctx)) }()

	if err := applied(r.Apply(ctx, []config.Provider{good, bad})); err != nil {
		return "", err
	}
	pay := func(ctx context.Context) error { return payOn(ctx, r) }
	quiet, err := load(ctx, tortureCalls, tortureTime, pay)
	if err != nil {
		return "", err
	}

	var calls, failed atomic.Int64
	torturing, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup

	for range tortureCalls {
		wg.Go(func() {
			for torturing.Err() == nil {
				calls.Add(1)
				if torture(torturing, r, order) != nil {
					failed.Add(1)
				}
			}
		})
	}

	meanwhile, err := load(ctx, tortureCalls, tortureTime, pay)
	stop()
	wg.Wait()
	if err != nil {
		return "", err // a call of the other provider has failed
	}

	return fmt.Sprintf(
		"%s | %s | 0 | %d of %d",
		short(quiet.p99),
		short(meanwhile.p99),
		failed.Load(),
		calls.Load(),
	), nil
}

func torture(ctx context.Context, r *supervisor.Supervisor, order string) error {
	l, err := r.Acquire(ctx, tortured)
	if err != nil {
		time.Sleep(
			10 * time.Millisecond,
		) // a caller that is turned away does not ask again at once
		return err
	}
	defer l.Release()

	q := request()
	q.Description = order
	_, err = l.CreatePayment(ctx, q)

	return err
}

// measureSupervision is the chapter about what happens to plugins while they
// are used.
func measureSupervision(ctx context.Context, dir string) (string, error) {
	swapped, err := measureSwaps(ctx, dir)
	if err != nil {
		return "", fmt.Errorf("swaps: %w", err)
	}
	killed, err := measureKills(ctx, dir)
	if err != nil {
		return "", fmt.Errorf("kills: %w", err)
	}

	hurt, err := measureTorture(ctx, dir)
	if err != nil {
		return "", fmt.Errorf("torture: %w", err)
	}

	return "\n## Swaps\n\n" + swapped + "\n" + killed + "\n## Torture\n\n" + fmt.Sprintf(
		"%d callers on each of two providers of one host.\n\n",
		tortureCalls,
	) + hurt, nil
}
