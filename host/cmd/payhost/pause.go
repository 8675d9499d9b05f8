package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// pausable are the words for what can be paused.
var pausable = []string{
	string(payment.PausePayments), string(payment.PausePayouts), string(payment.PauseAll),
}

// pauseCommand stops a provider by an operator's word.
func (a *app) pauseCommand() *cobra.Command {
	var reason string
	command := &cobra.Command{
		Use:   "pause NAME [payments|payouts|all] --reason TEXT",
		Short: "Stop new payments or payouts at a provider, on every host at once",
		Long: `Stop new payments, new payouts, or both at a provider. They are refused with the code
"paused", and nothing of them is recorded. Operations of the provider that move money
are stopped with its payouts.

A pause holds on every host of the database at once and survives restarts, until you
resume the provider. What is open goes on: status queries, webhooks, captures,
cancellations and refunds.`,
		Example: "  payhost pause acme payouts --reason \"doubts at the provider, ticket 4711\"",
		Args:    pauseArguments,
	}

	command.Flags().StringVar(&reason, "reason", "", "why (required)")
	require(command, "reason")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		return a.changePauses(cmd, "pause", args, reason)
	}

	return command
}

// resumeCommand ends what pauseCommand began.
func (a *app) resumeCommand() *cobra.Command {
	var reason string
	command := &cobra.Command{
		Use:   "resume NAME [payments|payouts|all]",
		Short: "End a pause of a provider",
		Long: `End a pause of a provider, on every host at once. Without a second word everything is
resumed.`,
		Example: "  payhost resume acme payouts --reason \"the provider has answered\"",
		Args:    pauseArguments,
	}

	command.Flags().StringVar(&reason, "reason", "", "why; for the log")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		return a.changePauses(cmd, "resume", args, reason)
	}

	return command
}

// changePauses pauses or resumes a provider, and shows what is paused then.
func (a *app) changePauses(cmd *cobra.Command, verb string, args []string, reason string) error {
	what := string(payment.PauseAll)
	if len(args) == 2 {
		what = args[1]
	}

	call := request{
		method: http.MethodPost,
		path:   recordPath("providers", args[0], verb),
		what:   verb + " " + args[0],
		body:   object("what", what, "reason", reason),
	}
	return a.one(cmd, call, func(answer []byte) error {
		var page struct {
			Data []payment.Pause `json:"data"`
		}
		if err := read(answer, &page); err != nil {
			return err
		}
		if len(page.Data) == 0 {
			a.note("%s: nothing is paused", args[0])
			return nil
		}

		rows := a.table("PAUSED", "SINCE "+a.zone(), "BY", "REASON")
		for _, one := range page.Data {
			rows.row(string(one.What), clock(one.Since), one.By, one.Reason)
		}
		rows.print()
		return nil
	})
}

// pauseArguments are the name of a provider and, if they like, what is paused.
func pauseArguments(c *cobra.Command, args []string) error {
	if len(args) < 2 {
		return arguments("NAME")(c, args)
	}
	if !slices.Contains(pausable, args[1]) {
		return fmt.Errorf("%q is none of %s", args[1], strings.Join(pausable, ", "))
	}
	return arguments("NAME", "WHAT")(c, args)
}

func (a *app) restartProvider() *cobra.Command {
	var reason string
	command := &cobra.Command{
		Use:   "restart NAME",
		Short: "Try a provider again at once that is in quarantine or waits for its next try",
		Long: `Try a provider again at once that is in quarantine, or whose plugin waits for its next
try. A provider that is served is left alone.`,
		Example: "  payhost providers restart acme --reason \"the firewall is open again\"",
		Args:    arguments("NAME"),
	}

	command.Flags().StringVar(&reason, "reason", "", "why; for the log")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		call := request{
			method: http.MethodPost,
			path:   recordPath("providers", args[0], "restart"),
			what:   "restart " + args[0],
			body:   object("reason", reason),
		}
		return a.one(cmd, call, func(body []byte) error {
			var p provider
			if err := read(body, &p); err != nil {
				return err
			}
			a.note("%s is %s; `payhost providers show %s` says how it goes on", p.Name, p.State, p.Name)
			return nil
		})
	}

	return command
}
