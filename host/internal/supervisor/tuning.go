package supervisor

import (
	"context"
	"math/rand/v2"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
)

// tuning is what tests change.
type tuning struct {
	queueWait   time.Duration // of Acquire, for a place
	readWait    time.Duration // of AcquireReading, for a place
	restartWait time.Duration // of Acquire, for a plugin that is being started

	startTimeout     time.Duration // for one process
	configureTimeout time.Duration // for one account on one process
	reloadTimeout    time.Duration // for one try to bring one account to its configuration

	memory    int64                      // soft limit of a plugin in bytes; 0: package plugin's own
	contracts map[int]goplugin.PluginSet // the versions that the host speaks; nil: those of the SDK

	liveEvery    time.Duration // between two checks that a process answers
	liveDeadline time.Duration // for its answer
	liveMisses   int           // so many misses in a row replace the process

	crashLimit  int // so many crashes within crashWindow lead to quarantine
	crashWindow time.Duration
	retryFirst  time.Duration // the first pause before a plugin is tried again
	retryMost   time.Duration // the longest

	openEvery   time.Duration // between two looks at what is open
	lastAnswers time.Duration // for reading what a dead process had already answered
	stopBudget  time.Duration // for a process to end before it is killed

	breakerFailures uint32
	breakerOpen     time.Duration
}

func defaultTuning() *tuning {
	return &tuning{
		queueWait:   time.Second,
		readWait:    10 * time.Second,
		restartWait: 2 * time.Second,

		startTimeout:     10 * time.Second,
		configureTimeout: 10 * time.Second,
		reloadTimeout:    30 * time.Second,

		liveEvery:    10 * time.Second,
		liveDeadline: 5 * time.Second,
		liveMisses:   3,

		crashLimit:  5,
		crashWindow: time.Minute,
		retryFirst:  250 * time.Millisecond,
		retryMost:   30 * time.Second,

		openEvery:   2 * time.Second,
		lastAnswers: time.Second,
		stopBudget:  3 * time.Second,

		breakerFailures: breakerFailures,
		breakerOpen:     breakerOpen,
	}
}

// waitFor returns how long a lease waits for a place.
func (t *tuning) waitFor(purpose use) time.Duration {
	if purpose == forReading {
		return t.readWait
	}
	return t.queueWait
}

// attachEvery is how long the host waits at most before it looks again for a
// plugin that the operator starts by hand.
const attachEvery = time.Second

// backoffFor is backoff for a plugin, which may be attached.
func (s *Supervisor) backoffFor(plugin string, try int) time.Duration {
	if _, attached := s.opts.Attached[plugin]; attached {
		return min(s.tune.backoff(try), attachEvery)
	}
	return s.tune.backoff(try)
}

// backoff returns how long to wait before try n of something that fails: zero
// before the first try, then doubling. A quarter more or less keeps what failed
// together from being tried together.
func (t *tuning) backoff(try int) time.Duration {
	if try <= 0 {
		return 0
	}

	wait := t.retryMost
	if try < 20 {
		wait = min(wait, t.retryFirst<<(try-1))
	}
	spread := 0.75 + rand.Float64()/2 //nolint:gosec // a spread, not a secret

	return time.Duration(float64(wait) * spread)
}

// sleep waits. It reports whether ctx goes on.
func sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()

	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
