package archtest

import (
	"os"
	"regexp"
	"testing"
)

// Whoever imports this module must use the Go release that its go.mod names, or
// a later one: it names the first of a series, never the patch that we happen
// to have.
func TestNoPatchReleaseIsForcedOnConsumers(t *testing.T) {
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^go (.*)$`).FindSubmatch(text)
	if line == nil || !regexp.MustCompile(`^1\.[0-9]+\.0$`).Match(line[1]) {
		t.Errorf("go.mod says %q", line)
	}

	if regexp.MustCompile(`(?m)^toolchain `).Match(text) {
		t.Error("go.mod names a toolchain")
	}
}
