package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"time"
)

const (
	// describeTime is how long a program may take to say what it is.
	describeTime = 10 * time.Second
	// describeSize is how much it may say, in bytes.
	describeSize = 4 << 20
	// complaintSize is how much of its error output is kept, in bytes.
	complaintSize = 4 << 10
)

// Description is what a program has said of itself.
type Description struct {
	// Text is what it printed, JSON if it is a plugin. None of it is proven.
	Text []byte

	// Checksum is the sha256 of the program that ran, in lower-case hex.
	Checksum string
}

// Describe runs a program with the argument "describe" and returns what it
// prints. The program need not be trusted: it runs from a private copy, under
// all that confines a plugin, in a temporary folder of its own, and nothing of
// it is left when Describe returns. It may take 10 s and print 4 MiB.
func Describe(ctx context.Context, file string) (Description, error) {
	binary, workspace, done, err := copyOf(file)
	if err != nil {
		return Description{}, err
	}
	defer done()

	folder, err := workspace.workFolder("described")
	if err != nil {
		return Description{}, err
	}

	ctx, cancel := context.WithTimeout(ctx, describeTime)
	defer cancel()
	spec := Spec{
		Binary:    binary,
		Workspace: workspace,
		Logger:    slog.New(slog.DiscardHandler),
	}
	text, err := describe(ctx, spec, folder)

	return Description{Text: text, Checksum: binary.Checksum}, err
}

// describe runs the program to its end.
func describe(ctx context.Context, spec Spec, folder string) ([]byte, error) {
	run := newLauncher(&output{})
	said := bounded{most: describeSize, full: run.kill}
	complaint := bounded{most: complaintSize}
	run.stdout = func(from io.Reader) { _, _ = io.Copy(&said, from) }
	run.stderr = func(from io.Reader) { _, _ = io.Copy(&complaint, from) }
	run.cmd = command(spec, folder, nil, "describe")
	run.cmd.Env = describeEnvironment(run.cmd.Env)
	run.confine = prepare(spec, folder, folder, &run.isolation)

	if err := run.Start(ctx); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, run.kill)
	defer stop()

	// Children of the program may hold its pipes open, so they are ended before
	// the readers are waited for.
	<-run.ended
	left := run.confine.endMarked()
	run.readers.Wait()

	// The host's own kill also ends the program with an error, so the reason
	// for the kill comes first.
	switch {
	case said.over:
		return nil, fmt.Errorf("the program says more than %d MiB", describeSize>>20)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, fmt.Errorf("the program did not say what it is within %s", describeTime)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case run.endErr != nil && complaint.text.Len() > 0:
		return nil, fmt.Errorf("%w: %s", run.endErr, strings.TrimSpace(complaint.text.String()))
	}

	return said.text.Bytes(), errors.Join(run.endErr, left)
}

// describeEnvironment leaves out the folder in which the program runs: it keeps
// nothing there.
func describeEnvironment(env []string) []string {
	var kept []string
	for _, variable := range env {
		name, _, _ := strings.Cut(variable, "=")
		if name != "HOME" && name != "TMPDIR" {
			kept = append(kept, variable)
		}
	}
	return kept
}

// copyOf takes a copy of a program of any name, in a workspace of its own.
func copyOf(file string) (copied Binary, workspace *Workspace, done func(), err error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return Binary{}, nil, nil, err
	}
	program, err := openProgram(path)
	if err != nil {
		return Binary{}, nil, nil, err
	}
	defer func() { _ = program.Close() }() // it was only read

	workspace, done, err = temporary()
	if err != nil {
		return Binary{}, nil, nil, err
	}
	copied = Binary{Plugin: filepath.Base(path), Path: path}
	err = NewCatalog(filepath.Dir(path), workspace).copy(&copied, program)
	if err != nil {
		done()
		return Binary{}, nil, nil, err
	}

	return copied, workspace, done, nil
}

// bounded keeps the beginning of what is written; full, when set, is called
// when there is more. The buffer is not embedded: its ReadFrom would take
// everything.
type bounded struct {
	text bytes.Buffer
	most int
	over bool
	full func()
}

func (b *bounded) Write(text []byte) (int, error) {
	room := b.most - b.text.Len()
	if len(text) <= room {
		return b.text.Write(text)
	}

	b.text.Write(text[:room])
	b.over = true
	if b.full != nil {
		b.full()
	}

	return len(text), nil
}
