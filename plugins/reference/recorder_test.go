package main

import (
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/payhost/payhost/sdk/conformance"
)

// recorder is a Reporter that keeps what it hears, and runs the kit's start and one case alone.
type recorder struct {
	only string // the case; "" is all
	path string
	all  *record
}

// record is shared by the recorders of one Prove.
type record struct {
	mu     sync.Mutex
	ran    []string
	failed []string // with the path of the part
	logged []string
}

func newRecorder(only string) *recorder { return &recorder{only: only, all: &record{}} }

func (r *recorder) Run(name string, f func(conformance.Reporter)) {
	if r.path == "" && r.only != "" && name != "start" && name != r.only {
		return
	}
	part := &recorder{only: r.only, path: strings.TrimPrefix(r.path+"/"+name, "/"), all: r.all}
	r.all.add(&r.all.ran, part.path)
	done := make(chan struct{})
	go func() { // FailNow ends it
		defer close(done)
		f(part)
	}()
	<-done
}

func (r *recorder) Logf(format string, args ...any) {
	r.all.add(&r.all.logged, fmt.Sprintf(format, args...))
}

func (r *recorder) Errorf(format string, args ...any) {
	r.all.add(&r.all.failed, r.path+": "+fmt.Sprintf(format, args...))
}

func (r *recorder) FailNow() { runtime.Goexit() }

func (a *record) add(list *[]string, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	*list = append(*list, text)
}
