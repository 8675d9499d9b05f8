//go:build linux

package plugin_test

import (
	"context"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/sdk/client"
)

// What confines a plugin costs its start and its calls next to nothing.
func BenchmarkConfinement(b *testing.B) {
	for _, c := range []struct {
		name   string
		change func(*stage)
	}{
		{"with", func(*stage) {}}, {"without", func(s *stage) { s.workspace.WithoutFilter() }},
	} {
		b.Run("start/"+c.name, func(b *testing.B) {
			s := newStage(b)
			c.change(s)
			spec := s.spec()

			for b.Loop() {
				p, err := plugin.Start(context.Background(), spec)
				if err != nil {
					b.Fatal(err)
				}
				p.Stop(5 * time.Second)
			}
		})

		b.Run("call/"+c.name, func(b *testing.B) {
			s, provider := newStage(b), newProvider(b)
			c.change(s)
			a := s.account(s.start(), provider.URL)
			for b.Loop() {
				if said := invoke(b, a); said != "" {
					b.Fatal(said)
				}
			}
		})
	}
}

// confined is a plugin, and the time of the processors that its calls took.
type confined struct {
	process *plugin.Process
	account *client.Account

	calls        int
	host, plugin time.Duration
}

// batch makes calls and adds up what they took.
func (c *confined) batch(b *testing.B, calls int) {
	host, own := cpuOf(b, os.Getpid()), cpuOf(b, c.process.PID())
	for range calls {
		if said := invoke(b, c.account); said != "" {
			b.Fatal(said)
		}
	}
	c.host += cpuOf(b, os.Getpid()) - host
	c.plugin += cpuOf(b, c.process.PID()) - own
	c.calls += calls
}

// cpuOf returns the time of the processors that a process has taken, of all its
// threads, with the kernel's for it.
func cpuOf(b *testing.B, pid int) time.Duration {
	const allThreads = 2 // the kind of clock; the process's number stands above it
	var spent unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|allThreads), &spent); err != nil {
		b.Fatal(err)
	}
	return time.Duration(spent.Nano())
}

// The filter looks at every system call of a plugin. What that takes is the
// processors' time, which a busy machine does not change: it is measured of
// host and plugin, in turns with and without the filter. The provider's is the
// host's here, in both.
func BenchmarkConfinementCPU(b *testing.B) {
	confine := func(change func(*stage)) *confined {
		s, provider := newStage(b), newProvider(b)
		change(s)
		process := s.start()
		return &confined{process: process, account: s.account(process, provider.URL)}
	}

	with := confine(func(*stage) {})
	without := confine(func(s *stage) { s.workspace.WithoutFilter() })
	for _, c := range []*confined{with, without} { // connections are made before it counts
		c.batch(b, 100)
		*c = confined{process: c.process, account: c.account}
	}

	for b.Loop() {
		with.batch(b, 50)
		without.batch(b, 50)
	}

	perCall := func(spent time.Duration, c *confined) float64 {
		return float64(spent.Microseconds()) / float64(c.calls)
	}
	b.ReportMetric(perCall(with.host+with.plugin, with), "µs-with/call")
	b.ReportMetric(perCall(without.host+without.plugin, without), "µs-without/call")
	b.ReportMetric(float64(with.plugin)/float64(without.plugin), "plugin-with/without")
	b.ReportMetric(
		float64(with.host+with.plugin)/float64(without.host+without.plugin),
		"with/without",
	)
}
