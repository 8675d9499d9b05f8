package kittest

import (
	"regexp"
	"strings"
	"testing"
)

// Wrong is a plugin that breaks the contract in one way.
type Wrong struct {
	// Name says in which, in CASES.md and in the tests.
	Name string
	// Run runs the kit on it, with everything made afresh.
	Run func(*Recorder)
	// Caught has the cases that must catch it, each with a part of what it then says.
	Caught map[string]string
}

// Catch has each wrong plugin proven, once for every case that is there for it and by that case alone. The case must say
// what is expected and quote the contract, and nothing may fail before it.
func Catch(t *testing.T, list []Wrong) {
	for _, w := range list {
		for name := range w.Caught {
			t.Run(w.Name+"/"+name, func(t *testing.T) {
				for _, problem := range w.escapes(name) {
					t.Error(problem)
				}
			})
		}
	}
}

// escapes says what is wrong with the case, if anything.
func (w Wrong) escapes(name string) (problems []string) {
	r := NewRecorder(name)
	w.Run(r)
	caught := false
	for _, f := range r.Failed() {
		if !strings.HasPrefix(f, name) {
			problems = append(problems, "outside the case: "+f)
		}
		if at := pointer.FindString(f); at != "" {
			problems = append(problems, "nobody can read "+at+": "+f)
		}
		// What the start says is not yet about the contract.
		caught = caught || strings.Contains(f, w.Caught[name]) && (name == start || strings.Contains(f, "The contract:"))
	}
	if !caught {
		problems = append(problems, "not caught; the kit says:\n"+strings.Join(r.Failed(), "\n"))
	}
	return problems
}

// pointer is one in a structure, as fmt writes them.
var pointer = regexp.MustCompile(`\b[A-Za-z]+:(0x[0-9a-f]{8,}|<nil>)`)
