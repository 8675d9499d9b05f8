package main

import (
	"net/http"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// approvalsCommand is about what waits for a second name.
func (a *app) approvalsCommand() *cobra.Command {
	return group(
		a.listApprovals("approvals"),
		a.listApprovals("list"),
		a.decideApproval(decision{
			verb:  "approve",
			short: "Approve what waits: a payout is sent, a decision counts",
			long: `Approve what waits: a payout is sent now, a decision about a payment, payout or refund
counts now. Nobody approves their own: on the admin socket you are "admin socket", and
what was asked for there needs a token of another name, over HTTP.`,
		}),
		a.decideApproval(decision{
			verb:  "reject",
			short: "Reject what waits: a payout has failed and was not sent",
			long: `Reject what waits: a payout has failed with the outcome not_sent, a decision about a
payment, payout or refund is dropped. Whoever has asked for it may withdraw it so.`,
			reason: true,
		}),
	)
}

func (a *app) listApprovals(use string) *cobra.Command {
	short := "List what waits for a second name, and what has waited"
	if use == "approvals" {
		short = "List, approve and reject what waits for a second name"
	}
	command := &cobra.Command{
		Use:   use,
		Short: short,
		Long: `List payouts that are not sent, and decisions that do not count, before a second name
approves them, the newest first. [approval] in config.toml says which.`,
		Example: "  payhost approvals\n  payhost approvals list --state approved --json",
		Args:    cobra.NoArgs,
	}

	filters := []filter{
		{"state", "state", "only those in this `state`: pending, approved or rejected"},
		{"cursor", "cursor", "continue where an earlier list ended"},
		{"limit", "limit", "at most this `number`"},
	}
	addFilters(command, filters)
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		call := request{
			method: http.MethodGet,
			path:   "/v1/approvals",
			query:  queryOf(cmd, filters),
			what:   "list approvals",
		}
		return a.list(cmd, call, (*app).approvalTable)
	}

	return command
}

func (a *app) approvalTable(body []byte) (next string, err error) {
	var page struct {
		Data []payment.Approval `json:"data"`
		Next string             `json:"next_cursor"`
	}
	if err := read(body, &page); err != nil {
		return "", err
	}
	a.approvals(page.Data)
	return page.Next, nil
}

func (a *app) approvals(list []payment.Approval) {
	rows := a.table("APPROVAL", "ASKED "+a.zone(), "BY", "PROVIDER", "WHAT", "AMOUNT", "STATE", "DECIDED BY")
	for _, one := range list {
		what := "send " + one.SubjectID
		if one.Resolution != nil {
			what = one.SubjectID + " is " + string(one.Resolution.Status) + ": " + one.Resolution.Reason
		}
		rows.row(one.ID, clock(one.AskedAt), one.AskedBy, one.Provider, what,
			one.Amount.String()+" "+one.Currency, string(one.State), one.DecidedBy)
	}
	rows.print()
}

// decision is one of the two commands that decide.
type decision struct {
	verb, short, long string
	reason            bool // is required
}

func (a *app) decideApproval(d decision) *cobra.Command {
	var reason string
	command := &cobra.Command{
		Use:     d.verb + " ID",
		Short:   d.short,
		Long:    d.long,
		Example: "  payhost approvals " + d.verb + " apr_06dq8z5k3c --reason \"looked at the invoice\"",
		Args:    arguments("ID"),
	}

	use := "why"
	if d.reason {
		command.Use += " --reason TEXT"
		use = "why (required)"
	}
	command.Flags().StringVar(&reason, "reason", "", use)
	if d.reason {
		require(command, "reason")
	}
	command.RunE = func(cmd *cobra.Command, args []string) error {
		call := request{
			method: http.MethodPost,
			path:   recordPath("approvals", args[0], d.verb),
			what:   d.verb + " " + args[0],
			body:   object("reason", reason),
		}
		return a.one(cmd, call, func(answer []byte) error {
			var decided payment.Approval
			if err := read(answer, &decided); err != nil {
				return err
			}
			a.approvals([]payment.Approval{decided})
			return nil
		})
	}

	return command
}
