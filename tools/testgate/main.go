// Command testgate runs `go test -json` with the arguments it is given, prints
// what people need of the outcome, and fails where `go test` alone would pass:
// when a test was skipped that may not be, and when no test ran at all.
//
//	testgate -skips FILE [-without NAME]... -- [go test arguments]
//
// A passing package is one line, a failing test is its output. The last line is
// `N passed, N failed, N skipped`.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

func main() {
	var without names
	skips := flag.String("skips", "", "`file` of the skips that are allowed")
	flag.Var(
		&without,
		"without",
		"`name` of something that this machine lacks; its skips are allowed (repeatable)",
	)
	flag.Parse()

	allowed, err := readAllowed(*skips, without)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testgate:", err)
		os.Exit(2)
	}

	if !run(allowed, flag.Args()) {
		os.Exit(1)
	}
}

// run starts `go test -json`, reports, and tells whether everything that has to
// hold did.
func run(allowed []allowance, args []string) bool {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}

	if err != nil {
		fmt.Fprintln(os.Stderr, "testgate:", err)
		return false
	}

	problems := newReport(os.Stdout, allowed)
	readErr := problems.read(stdout)
	if readErr != nil {
		// The rest is drained, or go test would wait for a reader for ever.
		_, _ = io.Copy(io.Discard, stdout)
	}

	waitErr := cmd.Wait()
	return problems.finish(readErr, waitErr)
}

func readAllowed(file string, without names) ([]allowance, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parseAllowed(bytes.NewReader(text), without)
}

// names is a flag that can be given several times.
type names []string

func (n *names) String() string { return strings.Join(*n, ",") }

func (n *names) Set(name string) error {
	*n = append(*n, name)
	return nil
}
