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
	// timeout bounds one job. It is longer than a round of recovery: a minute
	// of beginning calls, and the two calls that one intent may take at a
	// provider with the longest timeout.
	timeout = 15 * time.Minute
	// rescueAfter is when River takes a job for lost with its host. It only
	// clears the table: after samePeriod nobody waits for such a job any more.
	rescueAfter = timeout + 5*time.Minute
	// samePeriod is for how long a job that has not ended keeps another one for
	// the same from being made. So what a host was at when it died is taken up
	// by the others without waiting for rescueAfter.
	samePeriod = 5 * time.Second
	// anyway is how often a host makes its jobs itself, though it may not be
	// the leader.
	anyway = 5 * time.Second
	// atOnce bounds the jobs of one host that run at once. All but one job for
	// each provider end in a moment.
	atOnce = 256
	// stopWithin bounds how long Run waits for River when it ends: what does
	// not end by then is lost, as in a crash.
	stopWithin = 10 * time.Second
	// keepEnded is how long jobs that have ended stay readable in the table,
	// and keepFailed those that panicked.
	keepEnded, keepFailed = time.Minute, time.Hour
	migrateTries          = 6
)

// Work is one kind of background work.
type Work struct {
	Name string
	// Every is how often it is triggered. At zero only Trigger does that.
	Every time.Duration
	// Do does what is due, for the subject of the trigger: "" when time
	// triggered it. At most one runs for each subject in a host. It ends soon
	// after ctx does, and may be cut off at any point.
	Do func(ctx context.Context, subject string) error
}

// Options are what a Runner works with. All fields but Logger are required.
type Options struct {
	URL  string // of the host's database
	Host string // names this host, as no other does
	// Work is all there is; names are unique.
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

// client is what a Runner needs of River, whatever the database.
type client interface {
	Start(ctx context.Context) error
	Stopped() <-chan struct{}
	Insert(
		ctx context.Context,
		args river.JobArgs,
		opts *river.InsertOpts,
	) (*rivertype.JobInsertResult, error)
}

// Open makes River's tables. Nothing runs before Run; Close must be called
// after it.
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

// Close closes what Open opened. Run must have returned, or never have been
// called.
func (r *Runner) Close() error { return r.close() }

// Run runs jobs until ctx ends, and returns when none runs any more, or after
// ten seconds.
func (r *Runner) Run(ctx context.Context) {
	tick := time.NewTicker(anyway)
	defer tick.Stop()
	started, first := false, true

	for {
		if !started {
			err := r.client.Start(ctx)
			if started = err == nil; !started && ctx.Err() == nil {
				r.log.Error(
					"background work cannot start: the database does not answer; it goes on trying",
					"error", err,
				)
			}
		}

		if started {
			r.triggerAll(ctx, first)
			first = false
		}

		select {
		case <-tick.C:
			continue
		case <-ctx.Done():
		}

		break
	}

	if !started {
		return
	}

	select {
	case <-r.client.Stopped():
	case <-time.After(stopWithin):
		r.log.Warn(
			"background work did not end in time; it is cut off, and taken up again at the next start",
		)
	}
}

// triggerAll triggers what time triggers: first all of it, then what cannot
// wait for a new leader.
func (r *Runner) triggerAll(ctx context.Context, first bool) {
	for _, w := range r.work {
		if w.Every == 0 || (!first && w.Every > anyway) {
			continue
		}
		if err := r.Trigger(ctx, w.Name, ""); err != nil && ctx.Err() == nil {
			r.log.Warn(
				"background work cannot be triggered; it goes on trying",
				"work", w.Name,
				"error", err,
			)
		}
	}
}

// Trigger has one of the hosts do some work for a subject soon. When a job for
// the same waits or runs there is no second.
func (r *Runner) Trigger(ctx context.Context, name, subject string) error {
	_, err := r.client.Insert(ctx, trigger{name, subject}, nil)
	return err
}

// start makes River's tables and its client, on either database.
func start[T any](
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

	// Of several hosts that start at once one makes a migration and the others
	// fail at it; then they find it made.
	for tries := 1; ; tries++ {
		if _, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err == nil {
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

func (r *Runner) config(host string, log *slog.Logger, pollOnly bool) *river.Config {
	workers := river.NewWorkers()
	river.AddWorker(workers, newWorker(r.work, r.log))
	var periodic []*river.PeriodicJob

	for _, w := range r.work {
		if w.Every == 0 {
			continue
		}
		make := func() (river.JobArgs, *river.InsertOpts) { return trigger{Work: w.Name}, nil }
		periodic = append(
			periodic,
			river.NewPeriodicJob(
				river.PeriodicInterval(w.Every),
				make,
				&river.PeriodicJobOpts{ID: w.Name, RunOnStart: true},
			),
		)
	}

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
		ErrorHandler:                panics{r.log},
	}
}
