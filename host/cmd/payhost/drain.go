package main

import (
	"net/http"
	"strconv"

	"github.com/spf13/cobra"
)

// drainCommand has the host's readyz say no, and nothing else.
func (a *app) drainCommand() *cobra.Command {
	var off bool
	command := &cobra.Command{
		Use:   "drain",
		Short: "Have a load balancer send the running host nothing new",
		Long: `Have a load balancer send the running host nothing new.

/readyz says no until "payhost drain --off", or until the host is started again. All
else goes on: requests that still come, webhooks and recovery are served as before.`,
		Example: "  payhost drain\n  payhost drain --off",
		Args:    cobra.NoArgs,
	}

	command.Flags().BoolVar(&off, "off", false, "end the draining: /readyz says yes again")
	command.RunE = func(c *cobra.Command, _ []string) error {
		ctx, stop := interruptible(c)
		defer stop()

		got, err := a.ask(ctx, request{
			method: http.MethodPost,
			path:   "/admin/drain",
			body:   []byte(`{"off": ` + strconv.FormatBool(off) + `}`),
			what:   "drain",
		})
		if err != nil {
			return err
		}

		switch {
		case a.json:
			a.printJSON(got.body)
		case off:
			a.note("draining has ended: /readyz no longer says no because of it")
		default:
			a.note("draining: /readyz says no until payhost drain --off; all else goes on")
		}

		return nil
	}

	return command
}
