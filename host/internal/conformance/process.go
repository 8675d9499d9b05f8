package conformance

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/sdk/client"
	kit "github.com/payhost/payhost/sdk/conformance"
)

// endTime is how long a program may take to end when it is asked to. A host
// gives it less when it is in a hurry.
const endTime = 5 * time.Second

// process is a program of the plugin as the kit sees it.
type process struct {
	*plugin.Process
	killed bool
}

// start returns what starts the program afresh. Nothing that the program says
// is masked: the kit looks for secrets in it.
func start(
	ctx context.Context, binary plugin.Binary, workspace *plugin.Workspace,
) func(kit.Output) (kit.Process, error) {
	return func(out kit.Output) (kit.Process, error) {
		options := &slog.HandlerOptions{Level: slog.LevelDebug}
		p, err := plugin.Start(ctx, plugin.Spec{
			Binary:    binary,
			Workspace: workspace,
			Intercept: out.Intercept,
			Logger:    slog.New(slog.NewJSONHandler(out.Log, options)),
		})
		if err != nil {
			return nil, err
		}

		return &process{Process: p}, nil
	}
}

func (p *process) Client() *client.Client { return p.Process.Client() }

func (p *process) Kill() {
	p.killed = true
	p.Process.Kill()
}

func (p *process) Stop() error {
	p.Process.Stop(endTime)
	if p.killed {
		return nil
	}
	return p.EndErr()
}

// Left reports nothing: goroutines and memory went with the process.
func (p *process) Left() error { return nil }

func (p *process) Files() int {
	list, err := os.ReadDir("/proc/" + strconv.Itoa(p.PID()) + "/fd")
	if err != nil {
		return 0
	}
	return len(list)
}

// Processor sums up the processor time of the process's threads. A thread's
// schedstat begins with its nanoseconds.
func (p *process) Processor() (sum time.Duration) {
	threads, err := filepath.Glob("/proc/" + strconv.Itoa(p.PID()) + "/task/*/schedstat")
	if err != nil {
		return 0
	}

	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has just ended
		}
		first, _, _ := strings.Cut(string(text), " ")
		nanoseconds, _ := strconv.ParseInt(first, 10, 64) // the kernel writes a number
		sum += time.Duration(nanoseconds)
	}

	return sum
}
