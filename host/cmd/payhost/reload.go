package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// reloadCommand has the host read its own file again. --config only locates the
// host's socket; the host's file may be another one.
func (a *app) reloadCommand() *cobra.Command {
	var force bool
	command := &cobra.Command{
		Use:   "reload",
		Short: "Apply a changed config.toml to the running host",
		Long: `Apply a changed config.toml to the running host, provider by provider.

A file with mistakes changes nothing at all. A provider that does not start with its
new configuration or plugin keeps the former one; the other providers are not affected.`,
		Example: "  payhost check && payhost reload\n  payhost reload --force",
		Args:    cobra.NoArgs,
	}

	command.Flags().
		BoolVar(&force, "force", false, "also change an account's identity while it has open payments, and end instances that still drain")
	command.RunE = func(c *cobra.Command, _ []string) error {
		ctx, stop := interruptible(c)
		defer stop()

		// The answer to a file with mistakes is 422, with all of them.
		body := []byte(`{"force": ` + strconv.FormatBool(force) + `}`)
		began := a.now()
		got, err := a.ask(
			ctx,
			request{
				method: http.MethodPost,
				path:   "/admin/reload",
				body:   body,
				what:   "reload",
				accept: http.StatusUnprocessableEntity,
			},
		)
		if err != nil {
			return err
		}

		return a.reloaded(got.body, a.now().Sub(began))
	}

	return command
}

// reloaded prints the result for every provider. The error says that something
// failed.
func (a *app) reloaded(body []byte, took time.Duration) error {
	var answer struct {
		Results []struct{ Name, Action, Error string }
		// Problems are the mistakes in the file; with any, nothing has changed.
		Problems []string
	}
	if err := read(body, &answer); err != nil {
		return err
	}

	// Problems of the file come first: with any, there are no results.
	failed := len(answer.Problems)
	for _, p := range answer.Problems {
		a.complain(p)
	}

	if a.json {
		a.printJSON(body)
	} else if len(answer.Results) > 0 {
		t := a.table("NAME", "RESULT", "ERROR")
		for _, r := range answer.Results {
			t.row(r.Name, r.Action, r.Error)
		}
		t.print()
	}

	for _, r := range answer.Results {
		if r.Error != "" || r.Action == "failed" {
			failed++
		}
	}

	switch {
	case len(answer.Problems) > 0:
		a.note("nothing has changed: correct the configuration first (payhost check)")
		return errSaid
	case failed > 0:
		a.note(
			"%d of %d failed; the former configuration still serves there",
			failed,
			len(answer.Results),
		)
		return errSaid

	case !a.json:
		a.note("reloaded after %s", span(took))
	}

	return nil
}
