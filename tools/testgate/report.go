package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// event is one line of `go test -json`; cmd/test2json documents it.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
	Elapsed    float64
}

// test names one test, or with an empty name its package as a whole.
type test struct{ pkg, name string }

func (t test) String() string { return t.pkg + "." + t.name }

// report turns events into lines for people and keeps count. Subtests count as
// tests.
type report struct {
	out     io.Writer
	allowed []allowance

	output                  map[test][]string
	passed, failed, skipped int
	badPackages             []string
	refused                 []string // skips that nothing allows
	excused                 map[string]int
}

func newReport(out io.Writer, allowed []allowance) *report {
	return &report{
		out:     out,
		allowed: allowed,
		output:  map[test][]string{},
		excused: map[string]int{},
	}
}

// read takes events until the stream ends.
func (r *report) read(stream io.Reader) error {
	dec := json.NewDecoder(stream)
	for {
		var e event
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("go test printed something that is not an event: %w", err)
		}

		r.take(e)
	}
}

func (r *report) take(e event) {
	id := test{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		r.print(e.Output)
	case "output":
		r.output[id] = append(r.output[id], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(id, e)
		} else {
			r.endTest(id, e.Action)
		}
	}
}

func (r *report) endTest(id test, action string) {
	output := r.output[id]
	delete(r.output, id)

	switch action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		r.print(strings.Join(output, ""))
	case "skip":
		r.skipped++
		r.judgeSkip(id.String() + ": " + said(output))
	}
}

// endPackage also shows the output of tests that never ended, which is where a
// panic or a time-out is told.
func (r *report) endPackage(id test, e event) {
	output := r.output[id]
	delete(r.output, id)

	switch e.Action {
	case "pass":
		r.print(fmt.Sprintf("ok   %s %.1fs\n", id.pkg, e.Elapsed))
	case "fail":
		r.badPackages = append(r.badPackages, id.pkg)
		for _, open := range slices.SortedFunc(maps.Keys(r.output), byName) {
			if open.pkg == id.pkg {
				r.failed++
				r.print(strings.Join(r.output[open], ""))
				delete(r.output, open)
			}
		}

		r.print(strings.Join(output, ""))
	}
}

func byName(a, b test) int { return strings.Compare(a.name, b.name) }

func (r *report) judgeSkip(skip string) {
	for _, a := range r.allowed {
		if a.pattern.MatchString(skip) {
			r.excused[a.reason]++
			return
		}
	}
	r.refused = append(r.refused, skip)
}

// said is a skipped test's own words: its output without go test's marks.
func said(output []string) string {
	var words []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") &&
			!strings.HasPrefix(line, "---") {
			words = append(words, line)
		}
	}
	return strings.Join(words, " ")
}

// finish prints the summary and tells whether the run is good.
func (r *report) finish(problems ...error) bool {
	for _, reason := range slices.Sorted(maps.Keys(r.excused)) {
		r.print(fmt.Sprintf("skipped, as allowed: %d (%s)\n", r.excused[reason], reason))
	}
	for _, skip := range r.refused {
		r.print(fmt.Sprintf("SKIPPED, and nothing allows it: %s\n", skip))
	}

	for _, pkg := range r.badPackages {
		r.print(fmt.Sprintf("FAIL %s\n", pkg))
	}
	problem := errors.Join(problems...)
	if problem != nil {
		r.print(fmt.Sprintf("go test: %v\n", problem))
	}

	ran := r.passed + r.failed
	if ran == 0 {
		r.print("no test ran\n")
	}

	// A skip that nothing allows, or a package that does not build, is a
	// failure, and the closing line has to say so.
	good := problem == nil && ran > 0 && r.failed == 0 && len(r.badPackages) == 0 &&
		len(r.refused) == 0
	failed := r.failed + len(r.refused)
	if !good && failed == 0 {
		failed = max(1, len(r.badPackages))
	}

	r.print(
		fmt.Sprintf(
			"%d passed, %d failed, %d skipped\n",
			r.passed,
			failed,
			r.skipped-len(r.refused),
		),
	)

	return good
}

func (r *report) print(text string) {
	// Nothing useful can be done when the terminal is gone.
	_, _ = io.WriteString(r.out, text)
}
