package kittest

import (
	"regexp"
	"strings"
	"testing"
)

// Wrong is a plugin that breaks the contract in one way.
type Wrong struct {
	// Name says in which way, in CASES.md and in the tests.
	Name string
	// Run runs the kit on it, with everything made afresh.
	Run func(*Recorder)
	// Caught has the cases that must catch it, each with a part of what it then
	// says.
	Caught map[string]string
}

// Catch runs the kit on each wrong plugin, once for every case that is there
// for it and with that case alone. The case must say what is expected and quote
// the contract, and nothing may fail before it.
func Catch(t *testing.T, list []Wrong) {
	t.Helper()
	for _, wrong := range list {
		for name := range wrong.Caught {
			t.Run(wrong.Name+"/"+name, func(t *testing.T) {
				for _, problem := range wrong.escapes(name) {
					t.Error(problem)
				}
			})
		}
	}
}

// pointer matches one in a structure, as fmt writes them.
var pointer = regexp.MustCompile(`\b[A-Za-z]+:(0x[0-9a-f]{8,}|<nil>)`)

// escapes returns what is wrong with the case, if anything.
func (w Wrong) escapes(name string) []string {
	r := NewRecorder(name)
	w.Run(r)

	var problems []string
	caught := false

	for _, failure := range r.Failed() {
		if !strings.HasPrefix(failure, name) {
			problems = append(problems, "outside the case: "+failure)
		}
		if at := pointer.FindString(failure); at != "" {
			problems = append(problems, "nobody can read "+at+": "+failure)
		}

		// The start has no sentence of the contract to quote.
		quotes := (name == start) || strings.Contains(failure, "The contract:")
		caught = caught || (quotes && strings.Contains(failure, w.Caught[name]))
	}

	if !caught {
		problems = append(
			problems,
			"not caught; the kit says:\n"+strings.Join(r.Failed(), "\n"),
		)
	}

	return problems
}
