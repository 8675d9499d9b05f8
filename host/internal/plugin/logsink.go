package plugin

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
)

// logSinkLength is how many records may wait for the host's log. With a slow
// log a plugin that prints faster loses records, which are counted; it must
// never lose time.
const logSinkLength = 1024

// logSink hands a plugin's log records to the host's logger from a goroutine of
// its own.
type logSink struct {
	logger  atomic.Pointer[slog.Logger]
	queue   chan slog.Record
	dropped atomic.Int64
	done    chan struct{}
	said    time.Time // when it was last said what was dropped; of run alone

	mu     sync.RWMutex // guards the queue against being closed under a writer
	closed bool
}

func newLogSink(logger *slog.Logger) *logSink {
	s := &logSink{queue: make(chan slog.Record, logSinkLength), done: make(chan struct{})}
	s.logger.Store(logger)
	go s.run()
	return s
}

// put never blocks.
func (s *logSink) put(r slog.Record) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed || !s.logger.Load().Enabled(context.Background(), r.Level) {
		return
	}

	select {
	case s.queue <- r:
	default:
		s.drop()
	}
}

// drop counts a record that is thrown away.
func (s *logSink) drop() { s.dropped.Add(1) }

func (s *logSink) run() {
	defer close(s.done)
	ctx := context.Background()

	for r := range s.queue {
		if r.Time.Sub(s.said) >= reportDropped {
			s.said = r.Time
			s.reportDropped(ctx)
		}

		_ = s.logger.Load().Handler().Handle(ctx, r)
	}

	s.reportDropped(ctx)
}

func (s *logSink) reportDropped(ctx context.Context) {
	if n := s.dropped.Swap(0); n > 0 {
		s.logger.Load().
			LogAttrs(ctx, slog.LevelWarn, "the plugin prints faster than the log takes it, or more than a plugin may: records dropped", slog.Int64("dropped", n))
	}
}

// close takes no more records and waits, up to a limit, for those that are
// left: a log that hangs must not keep a process from being stopped.
func (s *logSink) close(limit time.Duration) {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.queue)
	}

	s.mu.Unlock()
	select {
	case <-s.done:
	case <-time.After(limit):
	}
}

// hclogger gives go-plugin's own messages to the sink. They are about its
// workings, so they are Debug whatever they call themselves: what matters of
// them this package says itself.
func (s *logSink) hclogger() hclog.Logger {
	l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Name: "go-plugin", Level: hclog.Off})
	l.RegisterSink(hclogSink{s})
	return l
}

type hclogSink struct{ sink *logSink }

func (h hclogSink) Accept(name string, level hclog.Level, msg string, args ...any) {
	if level < hclog.Debug {
		return
	}
	r := slog.NewRecord(time.Now(), slog.LevelDebug, msg, 0)
	r.AddAttrs(slog.String("from", name))
	r.Add(args...)
	h.sink.put(r)
}
