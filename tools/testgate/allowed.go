package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// allowance is one skip that does not fail the run.
type allowance struct {
	pattern *regexp.Regexp
	reason  string
}

// parseAllowed reads lines of `WHEN PATTERN REASON`. WHEN is `always`, or
// `without-NAME`: such a line counts only on a machine that lacks NAME. PATTERN
// is a regular expression without spaces, looked for in `package.Test: what the
// test said when it skipped`. A line without a reason is an error.
func parseAllowed(r io.Reader, without []string) ([]allowance, error) {
	var list []allowance
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 3 {
			return nil, fmt.Errorf("allowed skips, line %d: want WHEN PATTERN REASON", n)
		}

		// A line for another machine is read as well, so that a mistake in it
		// shows everywhere.
		missing, conditional := strings.CutPrefix(fields[0], "without-")
		if !conditional && fields[0] != "always" {
			return nil, fmt.Errorf(
				"allowed skips, line %d: %q is neither always nor without-NAME",
				n,
				fields[0],
			)
		}

		pattern, err := regexp.Compile(fields[1])
		if err != nil {
			return nil, fmt.Errorf("allowed skips, line %d: %w", n, err)
		}
		if !conditional || slices.Contains(without, missing) {
			list = append(list, allowance{pattern, strings.Join(fields[2:], " ")})
		}
	}

	return list, lines.Err()
}
