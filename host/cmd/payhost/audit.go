package main

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// auditCommand shows who asked for what.
func (a *app) auditCommand() *cobra.Command {
	return group(a.listAudit("audit"), a.listAudit("list"), a.verifyAudit())
}

func (a *app) listAudit(use string) *cobra.Command {
	short := "List who asked for what, and what was refused"
	if use == "audit" {
		short = "List and verify the audit log: who asked for what"
	}
	command := &cobra.Command{
		Use:   use,
		Short: short,
		Long: `List the audit log, the newest first: everything that was done or refused, reloads,
and readings of secrets, each with who asked.`,
		Example: "  payhost audit --actor shop\n" +
			"  payhost audit --subject po_06dq8z5k3c\n" +
			"  payhost audit list --json",
		Args: cobra.NoArgs,
	}

	filters := []filter{
		{"actor", "actor", "only what this one asked for: a token's `name`, api, admin socket or host"},
		{"subject", "subject", "only what was done to the payment, webhook or provider with this `id`"},
		{"cursor", "cursor", "continue where an earlier list ended"},
		{"limit", "limit", "at most this `number`"},
	}
	addFilters(command, filters)
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		call := request{
			method: http.MethodGet,
			path:   "/v1/audit",
			query:  queryOf(cmd, filters),
			what:   "list the audit log",
		}
		return a.list(cmd, call, (*app).auditTable)
	}

	return command
}

func (a *app) auditTable(body []byte) (next string, err error) {
	var page struct {
		Data []payment.AuditEntry `json:"data"`
		Next string               `json:"next_cursor"`
	}
	if err := read(body, &page); err != nil {
		return "", err
	}

	rows := a.table("ENTRY", "AT "+a.zone(), "ACTOR", "ACTION", "SUBJECT", "OUTCOME", "NOTE")
	for _, e := range page.Data {
		rows.row(e.ID, clock(e.At), e.Actor, e.Action, e.Subject, string(e.Outcome), e.Note)
	}
	rows.print()
	return page.Next, nil
}

// errBrokenAudit is for a log that is not as it was written.
var errBrokenAudit = errors.New("the audit log is not as it was written")

func (a *app) verifyAudit() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Verify that the audit log is as it was written",
		Long: `Verify that the audit log is as it was written. The hash of each row covers the row
before; all are computed again, and the first row that does not fit is named. Exit
status 1 then.

Whoever can write to the database can also make a whole new log. Keep the last line
elsewhere from time to time: the log still has that hash, or it is another log.`,
		Example: "  payhost audit verify",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			call := request{
				method: http.MethodGet,
				path:   "/v1/audit/verify",
				what:   "verify the audit log",
			}
			return a.auditCheck(cmd, call)
		},
	}
}

// auditCheck shows what a verification has found. A broken log is an error, also
// for machines.
func (a *app) auditCheck(cmd *cobra.Command, call request) error {
	ctx, stop := interruptible(cmd)
	defer stop()
	got, err := a.ask(ctx, call)
	if err != nil {
		return err
	}
	var found payment.AuditCheck
	if err := read(got.body, &found); err != nil {
		return err
	}

	if a.json {
		a.printJSON(got.body)
	} else {
		fmt.Fprintf(a.out, "%d rows are as they were written; the hash of the last is %s\n",
			found.Rows, orElse(printable(found.Head), "none"))
	}
	if found.Broken == "" {
		return nil
	}
	return fmt.Errorf("%w: %s: %s", errBrokenAudit, found.Broken, found.Why)
}
