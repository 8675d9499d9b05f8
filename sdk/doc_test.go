package sdk_test

import (
	"os"
	"strings"
	"testing"
)

// The tutorial's code is that of the Example, which compiles and runs.
func TestTheTutorialIsTheExample(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}

	blocks := 0
	for _, block := range codeOf(string(doc)) {
		blocks++
		if !strings.Contains(oneLine(string(example)), oneLine(block)) {
			t.Errorf("this is not in example_test.go:\n%s", block)
		}
	}

	if blocks < 8 {
		t.Errorf("only %d blocks of code were found", blocks)
	}
}

// codeOf returns the parts of a comment that are indented: a blank line belongs
// to the block around it.
func codeOf(doc string) []string {
	var blocks []string
	inside := false

	for line := range strings.Lines(doc) {
		text, indented := strings.CutPrefix(line, "//\t")
		switch {
		case indented && inside:
			blocks[len(blocks)-1] += text
		case indented:
			blocks, inside = append(blocks, text), true
		case strings.TrimSpace(line) != "//":
			inside = false
		}
	}

	return blocks
}

// oneLine makes texts comparable that are indented differently.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
