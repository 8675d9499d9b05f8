package main

import (
	"net/http"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// fenceCommand shows and lifts what keeps money from moving on a copy.
func (a *app) fenceCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "fence",
		Short: "Show and lift the fence: on a restored database no money moves",
		Long: `Show and lift the fence.

A host remembers, outside of its database, how far it had come. When the database is
older than that, or another one, or was restored, no money moves on any host of it:
whatever would move some is refused with the code "fenced", and nothing of it is
recorded. A shop that repeats its keys would else pay again what the copy does not have.
Webhooks are taken, statuses are queried, and everything can be read.`,
		Example: "  payhost fence show\n  payhost fence lift --reason \"reconciled with all providers, ticket 4711\"",
	}
	return group(command, a.showFence(), a.liftFence())
}

func (a *app) showFence() *cobra.Command {
	return &cobra.Command{
		Use:     "show",
		Short:   "Show whether money may move, and why not",
		Example: "  payhost fence show",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			call := request{method: http.MethodGet, path: "/v1/fence", what: "show the fence"}
			return a.one(cmd, call, a.printFence)
		},
	}
}

func (a *app) liftFence() *cobra.Command {
	var reason string
	command := &cobra.Command{
		Use:   "lift --reason TEXT",
		Short: "Let money move again",
		Long: `Let money move again, on every host of the database.

Do so when you know what happened at every provider since the copy was made. The numbers
of requests jump by 10000, over those that providers may know already. The reason is in
the audit log.`,
		Example: "  payhost fence lift --reason \"reconciled with all providers, ticket 4711\"",
		Args:    cobra.NoArgs,
	}
	command.Flags().StringVar(&reason, "reason", "", "why, for the audit log (required)")
	require(command, "reason")
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		call := request{
			method: http.MethodPost,
			path:   "/v1/fence/lift",
			what:   "lift the fence",
			body:   object("reason", reason),
		}
		return a.one(cmd, call, a.printFence)
	}
	return command
}

func (a *app) printFence(answer []byte) error {
	var fence payment.Fence
	if err := read(answer, &fence); err != nil {
		return err
	}
	if !fence.Fenced {
		a.note("money may move: there is no fence")
		return nil
	}

	sheet := a.block()
	sheet.field("fenced", "no money moves")
	if fence.Since != nil {
		sheet.field("since", a.at(*fence.Since))
	}
	sheet.field("reason", fence.Reason)
	sheet.print()
	a.note("find out what happened at each provider since the copy was made, then: " +
		"payhost fence lift --reason TEXT")
	return nil
}
