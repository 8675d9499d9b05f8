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
	logged  time.Time // when the dropped records were last logged; used by run alone

	mu     sync.RWMutex // guards the queue against being closed under a writer
	closed bool
}

func newLogSink(logger *slog.Logger) *logSink {
	made := &logSink{
		queue: make(chan slog.Record, logSinkLength),
		done:  make(chan struct{}),
	}
	made.logger.Store(logger)
	go made.run()
	return made
}

// put takes a record. It never blocks: a record for which there is no room is
// dropped.
func (s *logSink) put(record slog.Record) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed || !s.logger.Load().Enabled(context.Background(), record.Level) {
		return
	}

	select {
	case s.queue <- record:
	default:
		s.drop()
	}
}

// drop counts a record that is thrown away.
func (s *logSink) drop() { s.dropped.Add(1) }

func (s *logSink) run() {
	defer close(s.done)
	ctx := context.Background()

	for record := range s.queue {
		// Dropped records are reported now and then, not one by one.
		if record.Time.Sub(s.logged) >= reportDropped {
			s.logged = record.Time
			s.reportDropped(ctx)
		}

		_ = s.logger.Load().Handler().Handle(ctx, record)
	}

	s.reportDropped(ctx)
}

func (s *logSink) reportDropped(ctx context.Context) {
	dropped := s.dropped.Swap(0)
	if dropped == 0 {
		return
	}
	s.logger.Load().LogAttrs(ctx, slog.LevelWarn,
		"the plugin prints faster than the log takes it, or more than a plugin may: records dropped",
		slog.Int64("dropped", dropped))
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

// hclogger returns a logger for go-plugin that passes its messages to the sink.
// They are about its own workings, so they are Debug whatever level they have:
// this package logs itself what matters of them.
func (s *logSink) hclogger() hclog.Logger {
	logger := hclog.NewInterceptLogger(&hclog.LoggerOptions{
		Name:  "go-plugin",
		Level: hclog.Off,
	})
	logger.RegisterSink(hclogSink{s})
	return logger
}

type hclogSink struct{ sink *logSink }

func (h hclogSink) Accept(name string, level hclog.Level, msg string, args ...any) {
	if level < hclog.Debug {
		return
	}
	record := slog.NewRecord(time.Now(), slog.LevelDebug, msg, 0)
	record.AddAttrs(slog.String("from", name))
	record.Add(args...)
	h.sink.put(record)
}
