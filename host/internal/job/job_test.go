package job_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/job"
	"github.com/payhost/payhost/host/internal/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.OnBothWithoutLeaks(m)) }

// journal is a log that may be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// run runs work in a host of its own until the test, or stop, ends it.
func run(
	t *testing.T,
	url, host string,
	log *journal,
	work ...job.Work,
) (r *job.Runner, stop func()) {
	t.Helper()
	r, err := job.Open(
		t.Context(),
		job.Options{
			URL:    url,
			Host:   host,
			Work:   work,
			Logger: slog.New(slog.NewTextHandler(log, nil)),
		},
	)
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.Run(ctx)
	}()

	stop = sync.OnceFunc(func() {
		cancel()
		<-ended
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})

	t.Cleanup(stop)
	return r, stop
}

// heard is work that tells a channel of each subject.
func heard(name string, every time.Duration) (job.Work, chan string) {
	subjects := make(chan string, 1000)
	return job.Work{
		Name:  name,
		Every: every,
		Do: func(_ context.Context, subject string) error {
			subjects <- subject
			return nil
		},
	}, subjects
}

func TestTimeTriggersWorkAgainAndAgain(t *testing.T) {
	t.Parallel()
	work, subjects := heard("look", time.Second)
	var log journal
	_, stop := run(t, storetest.URL(t), "one", &log, work)

	for range 5 {
		if s := <-subjects; s != "" {
			t.Errorf("subject %q", s)
		}
	}

	stop()
	if text := log.String(); text != "" {
		t.Errorf("a run in which nothing happens is logged: %s", text)
	}
}

// Work that hangs delays neither the same work for others nor other work, and
// nobody begins it twice.
func TestWorkThatHangsDelaysNothingElse(t *testing.T) {
	t.Parallel()
	begun := make(chan string, 100)
	var running atomic.Int32
	hang := job.Work{
		Name: "settle",
		Do: func(ctx context.Context, subject string) error {
			begun <- subject
			if subject != "slow" {
				return ctx.Err()
			}

			if running.Add(1) > 1 {
				t.Error("it was begun again while it ran")
			}
			<-ctx.Done()
			running.Add(-1)

			return ctx.Err()
		},
	}

	look, looks := heard("look", time.Second)
	var log journal
	r, stop := run(t, storetest.URL(t), "one", &log, hang, look)
	<-looks

	for _, subject := range []string{"slow", "quick"} {
		if err := r.Trigger(t.Context(), "settle", subject); err != nil {
			t.Fatal(err)
		}
		if got := <-begun; got != subject {
			t.Fatalf("%s began", got)
		}
	}

	for range 7 { // longer than a job keeps others for the same from being made
		<-looks
		for _, subject := range []string{"slow", "quick"} {
			if err := r.Trigger(t.Context(), "settle", subject); err != nil {
				t.Fatal(err)
			}
		}
	}

	for again := false; !again; {
		again = <-begun == "quick"
	}
	stop()
	if text := log.String(); text != "" {
		t.Errorf("being stopped is logged: %s", text)
	}
}

// A host that is killed at work does not keep the others from the same work.
func TestWorkOfAHostThatDiedIsTakenUpByAnother(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	if strings.HasPrefix(url, "sqlite:") {
		return // a file has one host
	}

	atWork, release := make(chan struct{}, 10), make(chan struct{})
	dead := job.Work{
		Name:  "look",
		Every: time.Second,
		Do: func(context.Context, string) error {
			atWork <- struct{}{}
			<-release // it hears nothing any more, as far as anybody else can tell
			return nil
		},
	}

	var first, second journal
	_, stopFirst := run(t, url, "first", &first, dead)
	<-atWork
	look, looks := heard("look", time.Second)
	run(t, url, "second", &second, look)
	<-looks
	close(release)
	stopFirst()

	<-looks
}

// What an earlier start left, whatever it is, keeps nobody waiting.
func TestAfterACrashTheJobsAreMadeAgain(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	var log journal
	left, err := job.Open(
		t.Context(),
		job.Options{
			URL:  url,
			Host: "dead",
			Work: []job.Work{{Name: "look", Every: time.Second}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}

	if err := left.Trigger(t.Context(), "look", ""); err != nil {
		t.Fatal(err)
	}
	if err := left.Trigger(t.Context(), "of a newer host", "x"); err != nil {
		t.Fatal(err)
	}

	look, looks := heard("look", time.Second)
	run(t, url, "next", &log, look)
	for range 3 {
		<-looks
	}

	if err := left.Close(); err != nil {
		t.Error(err)
	}
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		if info, err := os.Stat(path + "-jobs"); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
	}
}

func TestWorkThatFailsOrPanicsIsToldAndTriedAgain(t *testing.T) {
	t.Parallel()
	tries := make(chan int, 100)
	n := 0
	work := job.Work{
		Name:  "look",
		Every: time.Second,
		Do: func(context.Context, string) error {
			n++
			tries <- n
			switch n {
			case 1:
				panic("as the test says")
			case 2:
				return fmt.Errorf("the store is away")
			}
			return nil
		},
	}

	var log journal
	_, stop := run(t, storetest.URL(t), "one", &log, work)
	for <-tries < 3 {
	}
	stop()

	for _, want := range []string{"background work panicked", "as the test says", "the store is away", "work=look"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not have %q: %s", want, log.String())
		}
	}
}

func TestAURLIsNeverQuoted(t *testing.T) {
	for _, url := range []string{"postgres://me:canary@[/x", "postgres://me:canary@127.0.0.1:1/x?connect_timeout=1"} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := job.Open(
			ctx,
			job.Options{URL: url, Host: "one", Work: []job.Work{{Name: "look"}}},
		)
		cancel()
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("got %v", err)
		}
	}
}
