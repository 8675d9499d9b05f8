package main

import (
	"bytes"
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/payhost/payhost/sdk/client"
)

// inProcess returns an app whose output is kept.
func inProcess() (a *app, out, errs *bytes.Buffer) {
	out, errs = &bytes.Buffer{}, &bytes.Buffer{}
	return &app{in: strings.NewReader(""), out: out, err: errs, now: time.Now}, out, errs
}

// each calls f for every command, with its words.
func each(c *cobra.Command, f func(words []string, c *cobra.Command)) {
	for _, sub := range c.Commands() {
		f(strings.Fields(sub.CommandPath())[1:], sub)
		each(sub, f)
	}
}

func TestEveryCommandExplainsItself(t *testing.T) {
	a, _, _ := inProcess()
	n := 0
	each(a.root(), func(words []string, c *cobra.Command) {
		if words[0] == "completion" || words[0] == "help" {
			return
		}
		n++
		t.Run(strings.Join(words, " "), func(t *testing.T) {
			a, out, errs := inProcess()
			if code := a.run(append(words, "--help")); code != exitDone || errs.Len() > 0 {
				t.Errorf("exit %d\n%s", code, errs)
			}
			help := out.String()

			for _, want := range []string{orElse(c.Long, c.Short), "Usage:\n  payhost " + words[0], "Examples:\n  ", "Flags:", "--json"} {
				if !strings.Contains(help, want) {
					t.Errorf("help has no %q:\n%s", want, help)
				}
			}

			for line := range strings.Lines(help) {
				if len([]rune(line)) > 150 {
					t.Errorf("a line of %d characters: %s", len(line), line)
				}
			}

			if strings.HasSuffix(c.Short, ".") || c.Short == "" {
				t.Errorf("short text %q", c.Short)
			}
		})
	})

	if n < 35 {
		t.Errorf("only %d commands were looked at", n)
	}
}

// The examples in the help texts are command lines that are understood: they
// fail for want of a host, if at all.
func TestExamplesAreRightUsage(t *testing.T) {
	a, _, _ := inProcess()
	each(a.root(), func(_ []string, c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			line = strings.TrimSpace(line)
			at := strings.Index(line, "payhost ")
			if at < 0 || strings.Contains(line, "plugin info") ||
				strings.Contains(line, "payhost serve") {
				continue
			}

			line, _, _ = strings.Cut(line[at:], " && ")
			line, _, _ = strings.Cut(line, " | ")
			line, _, _ = strings.Cut(line, " > ")
			t.Run(line, func(t *testing.T) {
				t.Chdir(t.TempDir())
				a, _, errs := inProcess()
				code := a.run(shellWords(t, line))
				if code == exitUsage && strings.Contains(errs.String(), "explains it") {
					t.Errorf("wrong usage:\n%s", errs)
				}
			})
		}
	})
}

func TestCompletionIsThere(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		a, out, errs := inProcess()
		if code := a.run([]string{"completion", shell}); code != exitDone ||
			out.Len() < 500 {
			t.Errorf("%s: exit %d, %d bytes\n%s", shell, code, out.Len(), errs)
		}
	}

	a, out, _ := inProcess()
	a.run([]string{"__complete", "payments", "re"})

	for _, want := range []string{"refresh", "refund", "resolve"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("completion of \"payments re\" has no %s:\n%s", want, out)
		}
	}
}

func TestVersion(t *testing.T) {
	a, out, _ := inProcess()
	if code := a.run([]string{"version"}); code != exitDone ||
		!strings.HasPrefix(out.String(), "payhost dev (contract 1, "+runtime.Version()) {
		t.Errorf("exit %d: %s", code, out)
	}

	a, out, _ = inProcess()
	var v struct {
		Version  string
		Contract int `json:"contract_version"`
	}
	if code := a.run([]string{"version", "--json"}); code != exitDone ||
		json.Unmarshal(out.Bytes(), &v) != nil {
		t.Errorf("exit %d: %s", code, out)
	}

	if v.Version != "dev" || v.Contract != client.ContractVersion {
		t.Errorf("%+v", v)
	}
	r := start(t, newFolder(t), "", "--version").wait(t)
	if r.exit != exitDone || r.stdout != "payhost version 1.2.3\n" {
		t.Errorf("exit %d: %s", r.exit, r.stdout)
	}
}
