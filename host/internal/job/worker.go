package job

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// queue is the queue of a host's jobs. Other users of River in the same
// database have other queues.
const queue = "payhost"

// trigger is the one kind of job: it names work and a subject.
type trigger struct {
	Work    string `json:"work"`
	Subject string `json:"subject,omitempty"`
}

// Kind returns the name of the kind in River's table.
func (trigger) Kind() string { return "payhost_work" }

// InsertOpts makes a job the only one for its work and subject that waits or
// runs.
func (trigger) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue:       queue,
		MaxAttempts: 1,
		UniqueOpts: river.UniqueOpts{
			ByArgs:   true,
			ByPeriod: samePeriod,
			ByState: []rivertype.JobState{
				rivertype.JobStateAvailable,
				rivertype.JobStatePending,
				rivertype.JobStateRunning,
				rivertype.JobStateRetryable,
				rivertype.JobStateScheduled,
			},
		},
	}
}

// worker does the work that triggers name.
type worker struct {
	river.WorkerDefaults[trigger]
	work map[string]Work
	log  *slog.Logger

	mu   sync.Mutex
	busy map[trigger]bool
}

func newWorker(list []Work, log *slog.Logger) *worker {
	w := &worker{work: map[string]Work{}, log: log, busy: map[trigger]bool{}}
	for _, work := range list {
		w.work[work.Name] = work
	}
	return w
}

// Work does the work that a trigger names, unless this host is doing it
// already. It logs an error of the work and returns nil: the next trigger is
// the next try.
func (w *worker) Work(ctx context.Context, j *river.Job[trigger]) error {
	work, ok := w.work[j.Args.Work]
	if !ok {
		return nil // the job of a newer host, which makes it again
	}
	if !w.begin(j.Args) {
		return nil
	}

	defer w.end(j.Args)

	err := work.Do(ctx, j.Args.Subject)
	if err != nil && ctx.Err() == nil {
		w.log.Error(
			"background work could not read or write the store; it goes on trying",
			"work", j.Args.Work,
			"subject", j.Args.Subject,
			"error", err,
		)
	}

	return nil
}

// begin marks a trigger as running, and reports false when it runs already.
func (w *worker) begin(t trigger) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[t] {
		return false
	}
	w.busy[t] = true
	return true
}

func (w *worker) end(t trigger) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, t)
}

// panicLogger logs work that panicked. River keeps the panic from ending the
// host.
type panicLogger struct{ log *slog.Logger }

// HandleError does nothing: jobs do not fail by errors.
func (panicLogger) HandleError(
	context.Context,
	*rivertype.JobRow,
	error,
) *river.ErrorHandlerResult {
	return nil
}

// HandlePanic logs a panic with its stack.
func (p panicLogger) HandlePanic(
	_ context.Context,
	j *rivertype.JobRow,
	value any,
	trace string,
) *river.ErrorHandlerResult {
	p.log.Error(
		"background work panicked; it is tried again",
		"job", string(j.EncodedArgs),
		"panic", fmt.Sprint(value),
		"trace", trace,
	)
	return nil
}

// quiet logs River's records one level lower: a trigger that fails is made
// again and costs the operator nothing.
type quiet struct{ slog.Handler }

const step = slog.LevelWarn - slog.LevelInfo

// Enabled reports whether a record of River's would be logged.
func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return q.Handler.Enabled(ctx, l-step)
}

// Handle logs a record. When the host ends, the errors of cut-off work are for
// debugging only.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	r.Level -= step
	if ctx.Err() != nil {
		r.Level = min(r.Level, slog.LevelDebug)
	}
	if !q.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

// WithAttrs returns a quiet handler with attributes.
func (q quiet) WithAttrs(
	a []slog.Attr,
) slog.Handler {
	return quiet{q.Handler.WithAttrs(a)}
}

// WithGroup returns a quiet handler with a group.
func (q quiet) WithGroup(
	name string,
) slog.Handler {
	return quiet{q.Handler.WithGroup(name)}
}
