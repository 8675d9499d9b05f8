package job

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

const (
	// timeout bounds one job. It is longer than a pass of recovery: a minute of
	// starting calls, and the two calls that one intent may need at a provider
	// with the longest timeout.
	timeout = 15 * time.Minute
	// rescueAfter is when River takes a job for lost with its host. It only
	// clears the table: after samePeriod no job waits for such a job any more.
	rescueAfter = timeout + 5*time.Minute
	// samePeriod is for how long a job that has not ended keeps another job for
	// the same work from being made. So other hosts continue the work of a host
	// that has died without waiting for rescueAfter.
	samePeriod = 5 * time.Second
	// ownPeriod is how often a host makes its jobs itself, whether it is the
	// leader or not.
	ownPeriod = 5 * time.Second
	// atOnce bounds the jobs of one host that run at once. All but one job for
	// each provider end in a moment.
	atOnce = 256
	// stopWithin bounds how long Run waits for River when it ends. A job that
	// does not end by then is lost, as in a crash.
	stopWithin = 10 * time.Second
	// keepEnded is how long jobs that have ended stay readable in the table,
	// and keepFailed those that panicked.
	keepEnded    = time.Minute
	keepFailed   = time.Hour
	migrateTries = 6
)

// Work is one kind of background work.
type Work struct {
	Name string
	// Every is how often it is triggered. At zero only Trigger does that.
	Every time.Duration
	// Do does the work that is due for the subject of a trigger; the subject is
	// "" when time triggered it. At most one Do runs for each subject in a
	// host. It must end soon after ctx does, and may be cut off at any point.
	Do func(ctx context.Context, subject string) error
}

// Options are the settings of a Runner. All but Logger are required.
type Options struct {
	URL  string // of the host's database
	Host string // the name of this host, which no other host has
	// Work is all work there is. Names are unique.
	Work   []Work
	Logger *slog.Logger
}

// Runner runs background work. It may be used by any number of goroutines.
type Runner struct {
	client client
	close  func() error
	work   []Work
	log    *slog.Logger
}

// client is the part of River's client that a Runner uses, whatever the
// database.
type client interface {
	Start(ctx context.Context) error
	Stopped() <-chan struct{}
	Insert(
		ctx context.Context,
		args river.JobArgs,
		opts *river.InsertOpts,
	) (*rivertype.JobInsertResult, error)
}

// Open makes River's tables. No work runs before Run. The caller must call
// Close after Run has returned.
func Open(ctx context.Context, o Options) (*Runner, error) {
	r := &Runner{work: o.Work, log: o.Logger}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}

	var err error
	if path, ok := strings.CutPrefix(o.URL, "sqlite:"); ok {
		err = r.openSQLite(ctx, path, o.Host)
	} else {
		err = r.openPostgres(ctx, o.URL, o.Host)
	}

	if err != nil {
		return nil, fmt.Errorf("background jobs: %w", err)
	}

	return r, nil
}

// Close closes the connections of Open. Run must have returned, or never have
// been called.
func (r *Runner) Close() error { return r.close() }

// Run runs jobs until ctx ends, and returns when none runs any more, or after
// ten seconds. While the database does not answer it tries again every five
// seconds.
func (r *Runner) Run(ctx context.Context) {
	tick := time.NewTicker(ownPeriod)
	defer tick.Stop()
	started := false

	for first := true; ctx.Err() == nil; {
		if !started {
			started = r.start(ctx)
		}
		if started {
			r.triggerAll(ctx, first)
			first = false
		}

		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}

	if !started {
		return
	}

	// River was started with ctx, and stops with it.
	select {
	case <-r.client.Stopped():
	case <-time.After(stopWithin):
		r.log.Warn("background work did not end in time; " +
			"it is cut off, and continued at the next start")
	}
}

// start starts River, and reports whether it runs.
func (r *Runner) start(ctx context.Context) bool {
	err := r.client.Start(ctx)
	if err != nil && ctx.Err() == nil {
		r.log.Error(
			"background work cannot start: the database does not answer; it goes on trying",
			"error", err,
		)
	}
	return err == nil
}

// triggerAll triggers the work that time triggers: the first time all of it,
// then the work that cannot wait for a new leader.
func (r *Runner) triggerAll(ctx context.Context, first bool) {
	for _, work := range r.work {
		due := first || work.Every <= ownPeriod
		if work.Every == 0 || !due {
			continue
		}
		err := r.Trigger(ctx, work.Name, "")
		if err != nil && ctx.Err() == nil {
			r.log.Warn("background work cannot be triggered; it goes on trying",
				"work", work.Name, "error", err)
		}
	}
}

// Trigger makes one of the hosts do some work for a subject soon. When a job
// for the same work and subject waits or runs there is no second.
func (r *Runner) Trigger(ctx context.Context, name, subject string) error {
	_, err := r.client.Insert(ctx, trigger{name, subject}, nil)
	return err
}

// openClient makes River's tables and its client, on either database.
func openClient[T any](
	ctx context.Context,
	r *Runner,
	host string,
	driver riverdriver.Driver[T],
	pollOnly bool,
) error {
	log := slog.New(quiet{r.log.Handler()})
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: log})
	if err != nil {
		return err
	}

	// When several hosts start at once, one makes a migration and the others
	// fail at it. At the next try they find it made.
	for tries := 1; ; tries++ {
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		if err == nil {
			break
		}
		if tries == migrateTries || ctx.Err() != nil {
			return fmt.Errorf("bring the tables up to date: %w", err)
		}

		time.Sleep(time.Duration(tries) * 100 * time.Millisecond)
	}

	r.client, err = river.NewClient(driver, r.config(host, log, pollOnly))
	return err
}

// config returns River's settings: one queue, one kind of job, and a periodic
// job for each work that time triggers.
func (r *Runner) config(host string, log *slog.Logger, pollOnly bool) *river.Config {
	workers := river.NewWorkers()
	river.AddWorker(workers, newWorker(r.work, r.log))
	var periodic []*river.PeriodicJob

	for _, work := range r.work {
		if work.Every == 0 {
			continue
		}
		newJob := func() (river.JobArgs, *river.InsertOpts) {
			return trigger{Work: work.Name}, nil
		}

		periodic = append(periodic, river.NewPeriodicJob(
			river.PeriodicInterval(work.Every),
			newJob,
			&river.PeriodicJobOpts{ID: work.Name, RunOnStart: true},
		))
	}

	// A job is tried once: the next trigger is the next try.
	return &river.Config{
		ID:           host,
		Workers:      workers,
		PeriodicJobs: periodic,
		Queues: map[string]river.QueueConfig{
			queue: {MaxWorkers: atOnce},
		},
		JobTimeout:                  timeout,
		RescueStuckJobsAfter:        rescueAfter,
		MaxAttempts:                 1,
		PollOnly:                    pollOnly,
		FetchPollInterval:           pollEvery,
		CompletedJobRetentionPeriod: keepEnded,
		CancelledJobRetentionPeriod: keepEnded,
		DiscardedJobRetentionPeriod: keepFailed,
		Logger:                      log,
		ErrorHandler:                panicLogger{r.log},
	}
}
