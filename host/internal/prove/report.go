package prove

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk/conformance"
)

// State is what became of a case.
type State string

// The states.
const (
	Passed State = "passed"
	Failed State = "failed"
	// LeftOut is a case that somebody asked to leave out, or of which something was, since the simulator cannot do it.
	LeftOut State = "left_out"
	// NotNeeded is a case about a capability that the account does not have.
	NotNeeded State = "not_needed"
	// NotRun is a case that was not come to: the plugin did not start, or the run was broken off.
	NotRun State = "not_run"
)

// Report is what a run found out. Its texts hold none of the account's secrets.
type Report struct {
	Plugin       string        `json:"plugin"`
	Version      string        `json:"version"`
	Contract     int           `json:"contract_version"`
	File         string        `json:"file"`
	SHA256       string        `json:"sha256"`
	Simulator    string        `json:"simulator"`
	Capabilities []string      `json:"capabilities"` // of the account
	Started      time.Time     `json:"started_at"`
	Duration     time.Duration `json:"-"`
	DurationMS   int64         `json:"duration_ms"`
	Passed       int           `json:"passed"`
	Failed       int           `json:"failed"`
	Cases        []Result      `json:"cases"`
}

// Result is what became of one case.
type Result struct {
	Name     string        `json:"name"`
	Rule     string        `json:"rule,omitempty"` // the sentence of the contract
	State    State         `json:"state"`
	Why      string        `json:"why,omitempty"` // it was not run
	Duration time.Duration `json:"-"`
	// DurationMS is the same in milliseconds.
	DurationMS int64     `json:"duration_ms"`
	Failures   []Failure `json:"failures,omitempty"`
}

// Failure is one thing that is wrong.
type Failure struct {
	Part string `json:"part,omitempty"` // of the case, such as a verb
	Text string `json:"text"`
}

// Ok reports whether everything passed that had to.
func (r *Report) Ok() bool {
	return r.Count(Failed)+r.Count(NotRun) == 0
}

// Count gives how many cases ended so.
func (r *Report) Count(s State) (n int) {
	for _, c := range r.Cases {
		if c.State == s {
			n++
		}
	}
	return n
}

// listener is the kit's Reporter. The kit runs one case after the other, and a case's parts one after the other.
type listener struct {
	path   []string // of the part: the case first
	result *Result  // of the case; nil above all cases
	mask   *redact.Set
	begin  func(name string) *Result
	end    func(*Result)
}

// Run runs a part in a goroutine of its own, which FailNow ends. A case in which the kit itself breaks has failed.
func (l *listener) Run(name string, f func(conformance.Reporter)) {
	part := *l
	part.path = append(append([]string(nil), l.path...), name)
	top := l.result == nil
	if top {
		part.result = l.begin(name)
	}
	began := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				part.Errorf("the kit broke down, which is a fault of its own: %v", p)
			}
		}()
		f(&part)
	}()
	<-done
	if top {
		part.result.Duration = time.Since(began)
		part.result.DurationMS = part.result.Duration.Milliseconds()
		l.end(part.result)
	}
}

// Logf is not needed: what is left out is known beforehand.
func (l *listener) Logf(string, ...any) {}

// Errorf notes a failure.
func (l *listener) Errorf(format string, args ...any) {
	text := l.mask.Text(fmt.Sprintf(format, args...))
	r := l.result
	if r == nil { // above all cases: the kit was told something wrong
		r = l.begin("start")
		defer l.end(r)
	}
	part := ""
	if len(l.path) > 1 {
		part = strings.Join(l.path[1:], "/")
	}
	// The contract's sentence stands in the result already.
	text, _, _ = strings.Cut(text, "\n\tThe contract: ")
	r.State, r.Failures = Failed, append(r.Failures, Failure{Part: part, Text: text})
}

// LeaveOut ends the part. What was proven before does not make the case a proven one.
func (l *listener) LeaveOut(why string) {
	if l.result.State == Passed {
		l.result.State, l.result.Why = LeftOut, why
	}
	runtime.Goexit()
}

// FailNow ends the part.
func (l *listener) FailNow() { runtime.Goexit() }
