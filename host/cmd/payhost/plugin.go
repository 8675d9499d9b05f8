package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const (
	// describeTime is how long a program may take to say what it is, describeSize how much it may say.
	describeTime = 10 * time.Second
	describeSize = 4 << 20
)

func (a *app) pluginCommand() *cobra.Command {
	return group(
		&cobra.Command{
			Use:     "plugin",
			Short:   "Begin a plugin, look at a plugin's file, call it, prove it",
			Example: "  payhost plugin new acme\n  payhost plugin info bin/plugins/acme\n  payhost plugin test bin/plugins/acme --simulator http://127.0.0.1:9090/acme",
		},
		a.pluginNewCommand(),
		a.pluginCallCommand(),
		a.pluginProveCommand(),
		&cobra.Command{
			Use:     "info FILE",
			Short:   "Show what a plugin's file is, what it can do and how it is configured",
			Long:    "Show what a plugin's file is, what it can do and how it is configured.\n\nThe program is run for that, without the environment of this shell.",
			Example: "  payhost plugin info bin/plugins/acme\n  payhost plugin info ./acme@1.2.0 --json",
			Args:    arguments("FILE"),
			RunE: func(c *cobra.Command, args []string) error {
				ctx, stop := interruptible(c)
				defer stop()
				return a.pluginInfo(ctx, args[0])
			},
		})
}

func (a *app) pluginInfo(ctx context.Context, file string) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	sum, err := checksum(path)
	if err != nil {
		return err
	}
	text, err := describe(ctx, path)
	if err != nil {
		return fmt.Errorf("plugin info %s: it does not say what it is: %w", file, err)
	}
	var p pluginInfo
	if err := read(text, &p); err != nil || p.Name == "" {
		return fmt.Errorf("plugin info %s: the program answers \"describe\" with something else than a description of a plugin", file)
	}
	if a.json {
		a.printJSON(text)
		return nil
	}
	a.pluginBlock(&p, file, sum)
	return nil
}

func checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // only read from
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a file", path)
	}
	hash := sha256.New()
	_, err = io.Copy(hash, f)
	return hex.EncodeToString(hash.Sum(nil)), err
}

// describe runs the program and gives what it says of itself.
func describe(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, describeTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "describe")
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin"} // a stranger's program gets none of our secrets
	cmd.WaitDelay = time.Second                             // its children may hold the pipes
	out, said := bounded{most: describeSize, full: cancel}, bounded{most: 4 << 10}
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	switch {
	case out.over:
		return nil, fmt.Errorf("the program says more than %d MiB", describeSize>>20)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, fmt.Errorf("the program did not say what it is within %s", describeTime)
	case err != nil && said.text.Len() > 0:
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(said.text.String()))
	}
	return out.text.Bytes(), err
}

// bounded keeps the beginning of what is written; full, when set, is called when there is more. The buffer is not
// embedded: its ReadFrom would take everything.
type bounded struct {
	text bytes.Buffer
	most int
	over bool
	full func()
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.most - b.text.Len(); len(p) > room {
		b.text.Write(p[:room])
		if b.over = true; b.full != nil {
			b.full()
		}
		return len(p), nil
	}
	return b.text.Write(p)
}
