package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/spf13/cobra"
)

// checkCommand takes the steps of a host's start, except for serving.
func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Report every mistake in config.toml, and in what the plugins need",
		Long: `Report every mistake in config.toml, and in what the plugins need.

The plugin of every enabled provider is started in a folder of its own, gets its
configuration, and is asked for its health. A running host is not disturbed, and
nothing is changed. The command also tries to write to data_dir and to reach the store.

Exit status: 0 when there are at most warnings, 1 when something is wrong.`,
		Example: "  payhost check\n  payhost check --config /etc/payhost/config.toml && payhost reload",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := host.LoadConfig(a.config)
			if err != nil {
				return a.refuseConfig(err)
			}
			ctx, stop := interruptible(c)
			defer stop()

			if err := allowed(ctx); err != nil {
				return fmt.Errorf("check: %w", err)
			}

			// The host's own surroundings come first: the folder, the store,
			// and who may write where.
			around := host.CheckSurroundings(ctx, cfg)
			exposed, readable := host.CheckExposure(cfg)
			around = append(around, exposed...)
			if len(
				exposed,
			) > 0 { // a program that other users can write is not even started
				return a.checked(around, readable, nil)
			}

			results := host.Check(ctx, cfg)
			if ctx.Err() != nil {
				return errors.New("check: interrupted")
			}

			return a.checked(around, readable, results)
		},
	}
}

// checkedProvider is a result in the form of --json.
type checkedProvider struct {
	Provider string `json:"provider"`
	Plugin   string `json:"plugin"`
	Version  string `json:"version"`
	Checksum string `json:"checksum"`
	Result   string `json:"result"`
	Health   string `json:"health,omitempty"`

	Isolation        []string `json:"isolation,omitempty"`
	IsolationMissing []string `json:"isolation_missing,omitempty"`

	Problems []string `json:"problems"`
	Warnings []string `json:"warnings"`
}

// checked prints the problems of the host's surroundings and of its providers.
// The error says that there is a problem.
func (a *app) checked(
	around, aroundWarnings []config.Problem,
	results []host.CheckResult,
) error {
	list := make([]checkedProvider, len(results))
	aroundWarnings = warn(aroundWarnings)
	problems, warnings := around, aroundWarnings

	for i, result := range results {
		result.Warnings = warn(result.Warnings)
		list[i] = checkedProvider{
			Provider:         result.Name,
			Plugin:           result.Plugin,
			Version:          result.Version,
			Checksum:         result.Checksum,
			Health:           result.Health,
			Result:           resultOf(result),
			Problems:         a.located(result.Problems),
			Warnings:         a.located(result.Warnings),
			Isolation:        result.Isolation,
			IsolationMissing: result.IsolationMissing,
		}

		problems = append(problems, result.Problems...)
		warnings = append(warnings, result.Warnings...)
	}

	// One line a provider, or all of it as JSON.
	if a.json {
		if err := a.printValue(map[string]any{
			"providers": list, "problems": a.located(around), "warnings": a.located(aroundWarnings),
		}); err != nil {
			return err
		}
	} else if len(list) > 0 {
		t := a.table("PROVIDER", "PLUGIN", "VERSION", "RESULT", "HEALTH")
		for _, r := range list {
			t.row(r.Provider, r.Plugin, r.Version, r.Result, r.Health)
		}
		t.print()
	}

	a.tellIsolation(results)

	// Problems and warnings go to the error output, in the order of their
	// lines.
	for _, list := range [][]config.Problem{problems, warnings} {
		for _, p := range a.located(list) {
			a.complain(p)
		}
	}

	switch {
	case len(problems) > 0:
		a.note("%s has %s", a.config, count(len(problems), "problem"))
		return errSaid
	case len(list) == 0 && len(warnings) == 0:
		a.note("%s is valid; it has no providers", a.config)
	case len(warnings) > 0:
		a.note("%s is valid, with %s", a.config, count(len(warnings), "warning"))
	default:
		a.note("%s is valid", a.config)
	}

	return nil
}

// tellIsolation prints how far plugins are confined here. Providers with the
// same confinement share one line.
func (a *app) tellIsolation(results []host.CheckResult) {
	if a.json {
		return
	}

	said := map[string]bool{}
	for _, result := range results {
		text := strings.Join(result.Isolation, ", ")
		missing := strings.Join(result.IsolationMissing, "; ")
		if len(result.Isolation) == 0 || said[text+missing] {
			continue
		}

		said[text+missing] = true
		b := a.block()
		b.field("isolation", text)
		b.field("isolation missing", missing)
		b.print()
	}
}

// located returns problems as text, in the order of their lines. The file has
// the name that the command line gave it.
func (a *app) located(list []config.Problem) []string {
	list = slices.Clone(list)
	slices.SortStableFunc(
		list,
		func(a, b config.Problem) int { return cmp.Compare(a.Line, b.Line) },
	)

	out := []string{}
	for _, p := range list {
		p.File = a.config
		out = append(out, p.String())
	}

	return out
}

// warn marks problems as warnings.
func warn(list []config.Problem) []config.Problem {
	out := slices.Clone(list)
	for i := range out {
		out[i].Message = "warning: " + out[i].Message
	}
	return out
}

// resultOf returns the worst result of a provider.
func resultOf(r host.CheckResult) string {
	switch {
	case len(r.Problems) > 0:
		return "problem"
	case !r.Enabled:
		return "disabled"
	case len(r.Warnings) > 0:
		return "warning"
	}
	return "ok"
}

// refuseConfig prints every problem of a configuration that did not load.
func (a *app) refuseConfig(err error) error {
	var problems *config.Problems
	if !errors.As(err, &problems) {
		return err
	}
	said := []string{}

	for _, p := range *problems {
		said = append(said, p.String())
		a.complain(p.String())
	}

	// With --json a program gets an object also when the file did not load.
	if a.json {
		if err := a.printValue(map[string]any{"providers": []string{}, "problems": said}); err != nil {
			return err
		}
	}

	a.note("%s has %s", a.config, count(len(said), "problem"))
	return errSaid
}

// complain prints one problem on the error output, unchanged: tools read
// "file:line:".
func (a *app) complain(problem string) { fmt.Fprintln(a.err, printable(problem)) }

// count returns a number with its noun, in the plural where it is needed.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
