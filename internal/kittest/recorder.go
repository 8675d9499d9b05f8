package kittest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/payhost/payhost/sdk/conformance"
)

// start is the part in which the kit finds out what the plugin is. It is not a
// case, but every case needs it.
const start = "start"

// Recorder is a conformance.Reporter that keeps what is reported. A Recorder
// for one case runs the kit's start and that case alone.
type Recorder struct {
	only   string // the case; "" is all
	path   string // of the part
	shared *record
}

// record is shared by the recorders of one run.
type record struct {
	mu     sync.Mutex
	ran    []string
	failed []string
	logged []string
}

// NewRecorder returns a recorder for a case; "" is for all of them.
func NewRecorder(only string) *Recorder { return &Recorder{only: only, shared: &record{}} }

// Ran returns the parts that ran, such as "faults of writes/create_refund".
func (r *Recorder) Ran() []string { return r.shared.copy(&r.shared.ran) }

// Failed returns the failures, each with its part before it.
func (r *Recorder) Failed() []string { return r.shared.copy(&r.shared.failed) }

// Logged returns what the kit logged.
func (r *Recorder) Logged() []string { return r.shared.copy(&r.shared.logged) }

// Run is conformance.Reporter's.
func (r *Recorder) Run(name string, f func(conformance.Reporter)) {
	isCase := r.path == ""
	if isCase && (r.only != "") && (name != start) && (name != r.only) {
		return
	}
	part := &Recorder{
		only:   r.only,
		path:   strings.TrimPrefix(r.path+"/"+name, "/"),
		shared: r.shared,
	}

	r.shared.add(&r.shared.ran, part.path)

	done := make(chan struct{})
	go func() { // FailNow ends it
		defer close(done)
		f(part)
	}()

	<-done
}

// Logf is conformance.Reporter's.
func (r *Recorder) Logf(format string, args ...any) {
	r.shared.add(&r.shared.logged, fmt.Sprintf(format, args...))
}

// Errorf is conformance.Reporter's.
func (r *Recorder) Errorf(format string, args ...any) {
	r.shared.add(&r.shared.failed, r.path+": "+fmt.Sprintf(format, args...))
}

// FailNow is conformance.Reporter's.
func (r *Recorder) FailNow() { runtime.Goexit() }

// LeaveOut is conformance.Reporter's. It fails: the simulators of the kit's own
// tests can do everything.
func (r *Recorder) LeaveOut(why string) {
	r.Errorf("%s", why)
	r.FailNow()
}

func (r *record) add(list *[]string, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*list = append(*list, text)
}

func (r *record) copy(list *[]string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(*list)
}
