package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what the cases expect anew")

// A case is one file in testdata/cases: a command line, what the host answers,
// and what must come out. Its sections begin with a line "-- name --":
//
//	run      the command line, words quoted as in a shell
//	answer   a status, headers, an empty line, a body; once for each request. "hang up" closes the connection unanswered
//	no host  nobody listens on the socket
//	file F   a file in the folder where the command runs; without a config.toml there is a small one
//	stdin    what the command reads
//	requests what the host must have been asked, each with its headers that matter and its body
//	stdout, stderr, exit
//
// go test -update writes the last four anew.
type scriptCase struct {
	path     string
	sections []section
}

type section struct{ name, text string }

var sectionLine = regexp.MustCompile(`(?m)^-- (.+) --\n`)

func readCase(t *testing.T, path string) *scriptCase {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	c := &scriptCase{path: path}
	marks := sectionLine.FindAllStringSubmatchIndex(string(text), -1)
	for i, m := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		c.sections = append(
			c.sections,
			section{string(text[m[2]:m[3]]), string(text[m[1]:end])},
		)
	}

	if len(marks) > 0 && marks[0][0] > 0 {
		c.sections = append([]section{{"", string(text[:marks[0][0]])}}, c.sections...)
	}

	return c
}

func (c *scriptCase) all(name string) []string {
	var out []string
	for _, s := range c.sections {
		if s.name == name {
			out = append(out, s.text)
		}
	}
	return out
}

func (c *scriptCase) first(name string) string {
	if list := c.all(name); len(list) > 0 {
		return list[0]
	}
	return ""
}

// expect compares a result, or writes it.
func (c *scriptCase) expect(t *testing.T, got []section) {
	t.Helper()
	if *update {
		var b strings.Builder
		for _, s := range c.sections {
			switch s.name {
			case "":
				b.WriteString(s.text)
			case "requests", "stdout", "stderr", "exit":
			default:
				fmt.Fprintf(&b, "-- %s --\n%s", s.name, s.text)
			}
		}

		for _, s := range got {
			if s.text != "" {
				fmt.Fprintf(&b, "-- %s --\n%s", s.name, s.text)
			}
		}

		if err := os.WriteFile(c.path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}

	for _, s := range got {
		if want := c.first(s.name); s.text != want {
			t.Errorf("%s is\n%s\nand not\n%s", s.name, s.text, want)
		}
	}
}

func TestCommands(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}

	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			runCase(t, readCase(t, file))
		})
	}
}

func runCase(t *testing.T, c *scriptCase) {
	folder := newFolder(t)
	for _, s := range c.sections {
		if name, ok := strings.CutPrefix(s.name, "file "); ok {
			write(t, filepath.Join(folder, name), s.text)
		}
	}

	h := &fakeHost{answers: c.all("answer")}
	if len(c.all("no host")) == 0 {
		h.listen(t, folder)
	}
	r := start(
		t,
		folder,
		c.first("stdin"),
		shellWords(t, strings.TrimSpace(c.first("run")))...).wait(t)

	if unused := h.left(); unused > 0 {
		t.Errorf("%d answers were not asked for", unused)
	}
	c.expect(t, []section{
		{"requests", h.seen()},
		{"stdout", plainTimes(plainPlaces(r.stdout, folder))},
		{"stderr", plainTimes(plainPlaces(r.stderr, folder))},
		{"exit", strconv.Itoa(r.exit) + "\n"},
	})
}

// newFolder is a short folder (a socket's path is) with a small configuration.
func newFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "ph")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	write(t, filepath.Join(folder, "config.toml"), "[host]\ndata_dir = \"var\"\n")
	return folder
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// How far something is from now changes from run to run; how far it is from the
// beginning does not.
var fromNow = regexp.MustCompile(
	`\((now|in [0-9a-z.]+|[0-9a-z.]+ ago)\)|after [0-9.]+m?s\b`,
)

func plainTimes(text string) string {
	return fromNow.ReplaceAllString(text, "(…)")
}

// plainPlaces does the same for what changes from machine to machine.
func plainPlaces(text, folder string) string {
	return strings.ReplaceAll(
		strings.ReplaceAll(text, folder, "FOLDER"),
		" on "+runtime.GOOS+"/"+runtime.GOARCH,
		" on PLATFORM",
	)
}

// command is a run of the program.
type command struct {
	cmd            *exec.Cmd
	stdout, stderr *buffer
	exited         chan struct{}
	err            error
}

type result struct {
	stdout, stderr string
	exit           int
}

// start runs the program in a folder, far from Greenwich.
func start(t *testing.T, folder, stdin string, args ...string) *command {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}

	zoneinfo, err := zones()
	if err != nil {
		t.Fatal(err)
	}
	c := &command{
		cmd:    exec.Command(path, args...),
		stdout: newBuffer(),
		stderr: newBuffer(),
		exited: make(chan struct{}),
	}

	c.cmd.Dir = folder
	c.cmd.Stdin = strings.NewReader(stdin)
	c.cmd.Stdout, c.cmd.Stderr = c.stdout, c.stderr
	c.cmd.Env = append(os.Environ(), "TZ=Asia/Kolkata", "ZONEINFO="+zoneinfo)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}

	go func() {
		c.err = c.cmd.Wait()
		close(c.exited)
	}()

	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		<-c.exited
	})

	return c
}

func (c *command) wait(t *testing.T) result {
	t.Helper()
	select {
	case <-c.exited:
	case <-time.After(time.Minute):
		t.Fatalf("the command does not end; it has said\n%s\n%s", c.stdout, c.stderr)
	}

	if exit := (*exec.ExitError)(nil); c.err != nil && !errors.As(c.err, &exit) {
		t.Fatal(c.err)
	}

	return result{c.stdout.String(), c.stderr.String(), c.cmd.ProcessState.ExitCode()}
}

// buffer collects output; until waits for a line of it.
type buffer struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func newBuffer() *buffer { return &buffer{changed: make(chan struct{})} }

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.changed)
	b.changed = make(chan struct{})
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// until waits until the output holds a text, or the command ends.
func (c *command) until(t *testing.T, b *buffer, text string) {
	t.Helper()
	limit := time.After(time.Minute)

	for {
		b.mu.Lock()
		found, changed := strings.Contains(b.text.String(), text), b.changed
		b.mu.Unlock()
		if found {
			return
		}

		select {
		case <-changed:
		case <-c.exited:
			if !strings.Contains(b.String(), text) {
				t.Fatalf(
					"the command ended (%v) without saying %q:\n%s\n%s",
					c.err,
					text,
					c.stdout,
					c.stderr,
				)
			}

			return

		case <-limit:
			t.Fatalf("the command does not say %q:\n%s\n%s", text, c.stdout, c.stderr)
		}
	}
}

// shellWords splits a command line: words, 'quoted words' and "quoted words".
// The first must be payhost.
func shellWords(t *testing.T, line string) []string {
	t.Helper()
	var words []string
	var word strings.Builder
	var quote rune
	inside := false

	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, inside = c, true
		case quote == 0 && (c == ' ' || c == '\n'):
			if inside {
				words = append(words, word.String())
			}
			word.Reset()
			inside = false

		default:
			word.WriteRune(c)
			inside = true
		}
	}

	if inside {
		words = append(words, word.String())
	}
	if len(words) == 0 || words[0] != "payhost" {
		t.Fatalf("the case does not run payhost: %q", line)
	}

	return words[1:]
}
