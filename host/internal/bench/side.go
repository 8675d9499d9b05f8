package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ownSources are compiled into the tree of the comparison in place of its own,
// so that both sides are measured alike.
const ownSources = "host/internal/bench"

// side is one of the trees that are compared, with its programs.
type side struct {
	name string
	tree string
	bin  string
	log  *os.File
}

// build builds the programs as they are shipped.
func (s *side) build(ctx context.Context) error {
	plugins, err := filepath.Glob(filepath.Join(s.tree, "plugins", "*", "main.go"))
	if err != nil {
		return err
	}
	var shipped []string
	for _, plugin := range plugins {
		if name := filepath.Base(filepath.Dir(plugin)); name != "sandbox" {
			shipped = append(shipped, "./plugins/"+name)
		}
	}

	common := []string{"build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -X main.version=1.0.0", "-o"}
	programs := []string{s.bin + "/", "./" + ownSources, "./" + ownSources + "/provider",
		"./host/cmd/payhost", "./plugins/sandbox"}
	for _, args := range [][]string{
		programs,
		append([]string{filepath.Join(s.bin, "plugins") + "/"}, shipped...),
	} {
		into := strings.TrimSuffix(args[0], "/")
		if err := os.MkdirAll(into, 0o700); err != nil {
			return err
		}

		cmd := exec.CommandContext(ctx, "go", append(slices.Clone(common), args...)...)
		cmd.Dir = s.tree
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if printed, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", s.name, err, printed)
		}
	}

	return nil
}

// checkOut makes a work tree of a commit. The caller must call remove.
func checkOut(ctx context.Context, commit, into string) (remove func(), err error) {
	git := func(args ...string) error {
		printed, err := exec.CommandContext(ctx, "git", args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(printed))
		}
		return nil
	}
	if err := git("worktree", "add", "--detach", into, commit); err != nil {
		return nil, err
	}

	remove = func() {
		ctx = context.WithoutCancel(ctx)
		_ = git("worktree", "remove", "--force", into) // prune finds what is left
	}

	sources := filepath.Join(into, filepath.FromSlash(ownSources))
	err = os.RemoveAll(sources)
	if err == nil {
		err = os.CopyFS(sources, os.DirFS(ownSources))
	}
	if err != nil {
		remove()
		return nil, err
	}

	return remove, nil
}

// employee is a running worker.
type employee struct {
	cmd     *exec.Cmd
	orders  io.WriteCloser
	replies *bufio.Reader
}

func (s *side) employ(ctx context.Context) (*employee, error) {
	program := filepath.Join(s.bin, "bench")
	cmd := exec.CommandContext(ctx, program, workerRole)
	cmd.Env = append(os.Environ(), s.garbage()...)
	cmd.Stderr = s.log
	orders, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	replies, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}

	if err := cmd.Start(); err != nil {
		return nil, err
	}

	return &employee{cmd, orders, bufio.NewReader(replies)}, nil
}

// garbage returns the variable by which a worker, which has a host in it, collects
// garbage as rarely as the host's own program of its tree does by itself; none
// for a tree from before that program did so.
func (s *side) garbage() []string {
	if _, err := os.Stat(filepath.Join(s.tree, "host/internal/plugin/collect.go")); err != nil {
		return nil
	}
	return []string{"GOGC=400"}
}

// ask has the worker carry an order out, and decodes what it answers.
func (e *employee) ask(o order, result any) error {
	if err := json.NewEncoder(e.orders).Encode(o); err != nil {
		return err
	}
	line, err := e.replies.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%s: the worker is gone: %w", o.Do, err)
	}

	var answer reply
	if err := json.Unmarshal(line, &answer); err != nil {
		return err
	}
	if answer.Error != "" {
		return errors.New(answer.Error)
	}
	if result == nil {
		return nil
	}

	return json.Unmarshal(answer.Result, result)
}

// dismiss ends a worker with all that it has open.
func (e *employee) dismiss() {
	_ = e.orders.Close()
	_ = e.cmd.Wait() // its results are known
}
