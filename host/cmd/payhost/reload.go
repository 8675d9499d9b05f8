package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// reloadCommand has the host read its own file again, which need not be the one
// that --config names here: it only tells where the host's socket is.
func (a *app) reloadCommand() *cobra.Command {
	var force bool
	command := &cobra.Command{
		Use:   "reload",
		Short: "Make the running host take over its changed config.toml",
		Long: `Make the running host take over its changed config.toml, provider by provider.

A file with mistakes changes nothing at all. A provider that does not come up with its
new configuration or plugin keeps what served before; the others are not touched.`,
		Example: "  payhost check && payhost reload\n  payhost reload --force",
		Args:    cobra.NoArgs,
	}

	command.Flags().
		BoolVar(&force, "force", false, "also change who we are to a provider with open payments, and end what still drains")
	command.RunE = func(c *cobra.Command, _ []string) error {
		ctx, stop := interruptible(c)
		defer stop()
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

// reloaded prints what became of every provider; it fails when one failed.
func (a *app) reloaded(body []byte, took time.Duration) error {
	var answer struct {
		Results []struct{ Name, Action, Error string }
		// Problems are what is wrong with the file; then nothing has changed.
		Problems []string
	}
	if err := read(body, &answer); err != nil {
		return err
	}

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
			"%d of %d failed: what served there before still serves",
			failed,
			len(answer.Results),
		)
		return errSaid

	case !a.json:
		a.note("reloaded after %s", span(took))
	}

	return nil
}
