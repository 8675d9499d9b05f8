package conformance

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/payhost/payhost/internal/redact"
	kit "github.com/payhost/payhost/sdk/conformance"
)

// reporter makes results of what the kit reports. The kit runs one case after
// the other, and a case's parts one after the other.
type reporter struct {
	path   []string // of the part: the case first
	result *Result  // of the case; nil above all cases
	mask   *redact.Set
	begin  func(name string) *Result
	end    func(*Result)
}

// Run runs a part in a goroutine of its own, which FailNow ends. A case in
// which the kit itself panics has failed.
func (r *reporter) Run(name string, f func(kit.Reporter)) {
	part := *r
	part.path = append(append([]string(nil), r.path...), name)
	isCase := r.result == nil
	if isCase {
		part.result = r.begin(name)
	}

	// A panic of the kit must not end the host's command.
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

	if isCase {
		part.result.Duration = time.Since(began)
		part.result.DurationMS = part.result.Duration.Milliseconds()
		r.end(part.result)
	}
}

// Logf does nothing: the options say which cases are left out.
func (r *reporter) Logf(string, ...any) {}

// Errorf notes a failure.
func (r *reporter) Errorf(format string, args ...any) {
	text := r.mask.Text(fmt.Sprintf(format, args...))
	result := r.result
	if result == nil { // above all cases: the kit was told something wrong
		result = r.begin("start")
		defer r.end(result)
	}

	// The case is the first of the path, and has a field of its own.
	part := ""
	if len(r.path) > 1 {
		part = strings.Join(r.path[1:], "/")
	}

	// The contract's sentence is in the result already.
	text, _, _ = strings.Cut(text, "\n\tThe contract: ")
	result.State = Failed
	result.Failures = append(result.Failures, Failure{Part: part, Text: text})
}

// FailNow ends the part.
func (r *reporter) FailNow() { runtime.Goexit() }

// LeaveOut ends the part. A case of which a part is left out has not passed,
// even when the parts before it found nothing.
func (r *reporter) LeaveOut(why string) {
	if r.result.State == Passed {
		r.result.State = LeftOut
		r.result.Why = why
	}
	runtime.Goexit()
}
