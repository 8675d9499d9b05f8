package main

import (
	"fmt"
	"strings"
)

// mutant is one way to break a rule.
type mutant struct {
	name string
	file string
	// old occurs once in file, and is replaced by broken.
	old, broken string
	// runs are the tests that may catch it: a package, and a pattern of tests
	// as go test takes it ("" for all).
	runs []testRun
	// caught is the test that did, as "./package Test".
	caught string
}

type testRun struct{ pkg, pattern string }

// The list is text: what begins with a # is for people, and a mutant is
//
//	== name
//	file: path
//	run: ./package Pattern
//	caught: ./package Test
//	-- old
//	text
//	-- new
//	text
const (
	heading   = "== "
	oldMark   = "-- old"
	newMark   = "-- new"
	caughtKey = "caught: "
)

func parse(text string) (list []*mutant, err error) {
	blocks := strings.Split("\n"+text, "\n"+heading)
	for _, block := range blocks[1:] {
		m, err := parseOne(block)
		if err != nil {
			return nil, fmt.Errorf("mutant %q: %w", m.name, err)
		}
		list = append(list, m)
	}
	return list, nil
}

func parseOne(block string) (*mutant, error) {
	m := &mutant{}
	head, change, ok := strings.Cut(block, "\n"+oldMark+"\n")
	old, broken, ok2 := strings.Cut(change, "\n"+newMark+"\n")
	name, fields, _ := strings.Cut(head, "\n")
	m.name = name
	m.old = old
	m.broken = strings.TrimRight(broken, "\n")
	if !ok || !ok2 {
		return m, fmt.Errorf("it has no %q and %q", oldMark, newMark)
	}

	for line := range strings.Lines(fields) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "file":
			m.file = value
		case "run":
			pkg, pattern, _ := strings.Cut(value, " ")
			m.runs = append(m.runs, testRun{pkg, pattern})
		case "caught":
			m.caught = value
		case "", "caught:":

		default:
			return m, fmt.Errorf("it has a line %q", line)
		}
	}

	if m.file == "" || len(m.runs) == 0 || m.old == m.broken {
		return m, fmt.Errorf("it needs a file, a run and a change")
	}

	return m, nil
}

// format is the text of a list with what has caught its mutants brought up to
// date.
func format(text string, list []*mutant) string {
	var out strings.Builder
	blocks := strings.Split("\n"+text, "\n"+heading)
	out.WriteString(strings.TrimPrefix(blocks[0], "\n"))

	for n, block := range blocks[1:] {
		if n > 0 || blocks[0] != "" {
			out.WriteString("\n")
		}
		out.WriteString(heading)

		head, change, _ := strings.Cut(block, "\n"+oldMark+"\n")
		// The old result is left out, and the new one written in its place.
		for k, line := range strings.Split(head, "\n") {
			if k > 0 && strings.HasPrefix(line, strings.TrimSpace(caughtKey)) {
				continue
			}
			out.WriteString(line + "\n")
		}

		if caught := list[n].caught; caught != "" {
			out.WriteString(caughtKey + caught + "\n")
		}
		out.WriteString(oldMark + "\n" + change)
	}

	return out.String()
}
