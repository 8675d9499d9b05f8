package kittest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/payhost/payhost/sdk/conformance"
)

// start is the part in which the kit finds out what the plugin is. It is no case, but every case needs it.
const start = "start"

// Recorder is a conformance.Reporter that keeps what it hears. One for a case runs the kit's start and that case alone.
type Recorder struct {
	only string // the case; "" is all
	path string
	all  *record
}

// record is shared by the recorders of one Prove.
type record struct {
	mu     sync.Mutex
	ran    []string
	failed []string
	logged []string
}

// NewRecorder makes one for a case; "" is for all of them.
func NewRecorder(only string) *Recorder { return &Recorder{only: only, all: &record{}} }

// Ran gives the parts that ran: "faults of writes/create_refund".
func (r *Recorder) Ran() []string { return r.all.copy(&r.all.ran) }

// Failed gives what was wrong, each with its part before it.
func (r *Recorder) Failed() []string { return r.all.copy(&r.all.failed) }

// Logged gives what the kit said besides.
func (r *Recorder) Logged() []string { return r.all.copy(&r.all.logged) }

// Run is conformance.Reporter's.
func (r *Recorder) Run(name string, f func(conformance.Reporter)) {
	if r.path == "" && r.only != "" && name != start && name != r.only {
		return
	}
	part := &Recorder{only: r.only, path: strings.TrimPrefix(r.path+"/"+name, "/"), all: r.all}
	r.all.add(&r.all.ran, part.path)
	done := make(chan struct{})
	go func() { // FailNow ends it
		defer close(done)
		f(part)
	}()
	<-done
}

// Logf is conformance.Reporter's.
func (r *Recorder) Logf(format string, args ...any) {
	r.all.add(&r.all.logged, fmt.Sprintf(format, args...))
}

// Errorf is conformance.Reporter's.
func (r *Recorder) Errorf(format string, args ...any) {
	r.all.add(&r.all.failed, r.path+": "+fmt.Sprintf(format, args...))
}

// FailNow is conformance.Reporter's.
func (r *Recorder) FailNow() { runtime.Goexit() }

// LeaveOut is conformance.Reporter's. It fails: the simulators of the kit's own
// tests can do everything.
func (r *Recorder) LeaveOut(why string) {
	r.Errorf("%s", why)
	r.FailNow()
}

func (a *record) add(list *[]string, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	*list = append(*list, text)
}

func (a *record) copy(list *[]string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(*list)
}
