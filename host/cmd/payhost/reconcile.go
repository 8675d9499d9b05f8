package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// reconcilePoll is how often a running reconciliation is looked at.
const reconcilePoll = 500 * time.Millisecond

func (a *app) reconcileCommand() *cobra.Command {
	var from, to string
	var asTable bool
	command := &cobra.Command{
		Use:   "reconcile NAME --from TIME --to TIME",
		Short: "Compare a range of time with a provider's own list, and show what differs",
		Long: `Compare the payments and payouts of a range of time with the provider's own list, page by
page, and show what differs, with both sides:

  missing_here   money that only the provider knows of: an orphan
  missing_there  money that the provider's list does not have
  amount         another amount
  status         another status; the provider's word is applied where it proves something

The running host does it in the background, and goes on when this command is stopped. Open
findings wait in payhost attention until payhost findings attach ends them.`,
		Example: "  payhost reconcile acme --from 24h --to 1h\n" +
			"  payhost reconcile acme --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z --csv > november.csv",
		Args: arguments("NAME"),
	}
	command.Flags().StringVar(&from, "from", "", "since a `time` (2026-12-01T00:00:00Z) or the last 24h (required)")
	command.Flags().StringVar(&to, "to", "", "before a `time`, or so long ago (required)")
	command.Flags().BoolVar(&asTable, "csv", false, "print the findings as a table for spreadsheets")
	require(command, "from")
	require(command, "to")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		if asTable && a.json {
			return wrongUsage("--csv and --json exclude each other")
		}
		ctx, stop := interruptible(cmd)
		defer stop()
		begin, err := a.moment("from", from)
		if err != nil {
			return err
		}
		end, err := a.moment("to", to)
		if err != nil {
			return err
		}

		of, err := a.reconcile(ctx, args[0], begin, end)
		if err != nil {
			return err
		}
		return a.reconciled(ctx, of, asTable)
	}
	return command
}

// reconcile begins a reconciliation and waits until it has ended.
func (a *app) reconcile(
	ctx context.Context, provider, from, to string,
) (of payment.Reconciliation, err error) {
	got, err := a.ask(ctx, request{
		method: http.MethodPost,
		path:   recordPath("providers", provider, "reconciliations"),
		what:   "reconcile " + provider,
		body:   object("from", from, "to", to),
	})
	if err != nil {
		return of, err
	}
	if err := read(got.body, &of); err != nil {
		return of, err
	}

	for of.State == payment.ReconciliationRunning {
		select {
		case <-time.After(reconcilePoll):
		case <-ctx.Done():
			return of, fmt.Errorf("reconcile %s: it goes on in the host: payhost findings list "+
				"--reconciliation %s", provider, of.ID)
		}
		got, err := a.ask(ctx, request{
			method: http.MethodGet,
			path:   recordPath("reconciliations", of.ID),
			what:   "read the reconciliation",
		})
		if err != nil {
			return of, err
		}
		if err := read(got.body, &of); err != nil {
			return of, err
		}
	}
	return of, nil
}

// reconciled shows what a reconciliation has found.
func (a *app) reconciled(ctx context.Context, of payment.Reconciliation, asTable bool) error {
	findings, err := a.allFindings(ctx, of.ID)
	if err != nil {
		return err
	}
	switch {
	case a.json:
		err = a.printValue(map[string]any{"reconciliation": of, "findings": findings})
	case asTable:
		err = a.findingsTable(findings)
	default:
		a.printFindings(findings)
	}
	if err != nil {
		return err
	}

	if of.State == payment.ReconciliationFailed {
		return fmt.Errorf("reconcile %s: it did not come to its end, and there may be more: %s",
			of.Provider, of.Error)
	}
	a.note("%s compared with the list of %s; %s", count(of.Compared, "row"), of.Provider,
		count(len(findings), "finding"))
	if !of.Orphans {
		a.note("%s lists by reference only: what only it has cannot be found this way", of.Provider)
	}
	return nil
}

// allFindings reads every page.
func (a *app) allFindings(ctx context.Context, id string) (all []payment.Finding, err error) {
	all = []payment.Finding{}
	query := url.Values{"limit": {"200"}}
	for {
		got, err := a.ask(ctx, request{
			method: http.MethodGet,
			path:   recordPath("reconciliations", id, "findings"),
			query:  query,
			what:   "read the findings",
		})
		if err != nil {
			return nil, err
		}
		var page struct {
			Data []payment.Finding `json:"data"`
			Next string            `json:"next_cursor"`
		}
		if err := json.Unmarshal(got.body, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Data...)
		if page.Next == "" {
			return all, nil
		}
		query.Set("cursor", page.Next)
	}
}

func (a *app) printFindings(findings []payment.Finding) {
	if len(findings) == 0 {
		return
	}
	rows := a.table("FINDING", "KIND", "ABOUT", "PROVIDER'S REFERENCE", "OURS", "THEIRS", "STATE")
	for _, one := range findings {
		about := string(one.Subject)
		if one.SubjectID != "" {
			about = one.SubjectID
		}
		rows.row(one.ID, string(one.Kind), about, one.ProviderReference, sideText(one.Ours),
			sideText(one.Theirs), string(one.State))
	}
	rows.print()
}

func sideText(side *payment.FindingSide) string {
	if side == nil {
		return "nothing"
	}
	text := side.Status
	if side.Amount != "" {
		text += " " + side.Amount + " " + side.Currency
	}
	return text
}

// findingsTable prints findings for spreadsheets, which take no cell for a
// formula.
func (a *app) findingsTable(findings []payment.Finding) error {
	out := csv.NewWriter(a.out)
	_ = out.Write([]string{ // Error has what fails
		"id", "kind", "provider", "subject", "subject_id", "reference", "provider_reference",
		"our_status", "our_amount", "our_currency", "their_status", "their_amount", "their_currency",
		"state", "note",
	})
	for _, one := range findings {
		ours, theirs := orNothing(one.Ours), orNothing(one.Theirs)
		row := []string{
			one.ID, string(one.Kind), one.Provider, string(one.Subject), one.SubjectID, one.Reference,
			one.ProviderReference, ours.Status, ours.Amount, ours.Currency, theirs.Status,
			theirs.Amount, theirs.Currency, string(one.State), one.Note,
		}
		for k := range row {
			row[k] = cell(row[k])
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}

func orNothing(side *payment.FindingSide) payment.FindingSide {
	if side == nil {
		return payment.FindingSide{}
	}
	return *side
}

// cell keeps a text from being taken for a formula, and from controlling a
// terminal.
func cell(text string) string {
	text = printable(text)
	if text != "" && (text[0] == '=' || text[0] == '+' || text[0] == '-' || text[0] == '@') {
		return "'" + text
	}
	return text
}

func (a *app) findingsCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "findings",
		Short: "List and end what reconciliations have found",
		Example: "  payhost findings list --state open\n" +
			"  payhost findings attach fnd_06dq8z5k3c --to po_06dq8z5k3c --reason \"paid by hand, ticket 4711\"",
	}, a.listFindings(), a.attachFinding())
}

func (a *app) listFindings() *cobra.Command {
	filters := []filter{
		{"state", "state", "only findings in this `state`: open, settled or attached"},
		{"cursor", "cursor", "continue where an earlier list ended"},
		{"limit", "limit", "at most this `number`"},
	}
	reconciliation := ""
	command := &cobra.Command{
		Use:     "list",
		Short:   "List findings, the newest first",
		Example: "  payhost findings list --state open\n  payhost findings list --json",
		Args:    cobra.NoArgs,
	}
	addFilters(command, filters)
	command.Flags().StringVar(&reconciliation, "reconciliation", "", "only what this one found, by its `id`")
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		path := "/v1/findings"
		if reconciliation != "" {
			path = recordPath("reconciliations", reconciliation, "findings")
		}
		call := request{
			method: http.MethodGet,
			path:   path,
			query:  queryOf(cmd, filters),
			what:   "list the findings",
		}
		return a.one(cmd, call, func(answer []byte) error {
			var page struct {
				Data []payment.Finding `json:"data"`
				Next string            `json:"next_cursor"`
			}
			if err := read(answer, &page); err != nil {
				return err
			}
			a.printFindings(page.Data)
			if page.Next != "" {
				a.note("there are more; continue with --cursor %s", page.Next)
			}
			return nil
		})
	}
	return command
}

func (a *app) attachFinding() *cobra.Command {
	var to, reason string
	command := &cobra.Command{
		Use:   "attach FINDING --reason TEXT",
		Short: "Attach an orphan to a payment or payout, or end a finding",
		Long: `Attach what only the provider has to a payment or payout (--to): the provider's reference
then stands for that. Its status stays: refresh it, or resolve it. Without --to the finding
ends with the reason alone.`,
		Example: "  payhost findings attach fnd_06dq8z5k3c --to po_06dq8z5k3c --reason \"paid by hand, ticket 4711\"\n" +
			"  payhost findings attach fnd_06dq8z5k3c --reason \"a test of the provider's\"",
		Args: arguments("FINDING"),
	}
	command.Flags().StringVar(&to, "to", "", "the `id` of the payment or payout that an orphan belongs to")
	command.Flags().StringVar(&reason, "reason", "", "why (required)")
	require(command, "reason")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		call := request{
			method: http.MethodPost,
			path:   recordPath("findings", args[0], "attach"),
			what:   "attach " + args[0],
			body:   object("subject_id", to, "reason", reason),
		}
		return a.one(cmd, call, func(answer []byte) error {
			var ended payment.Finding
			if err := read(answer, &ended); err != nil {
				return err
			}
			a.note("%s is %s", ended.ID, ended.State)
			if ended.State == payment.FindingAttached {
				a.note("its status stays: payhost %ss refresh %s, or resolve it", ended.Subject, ended.SubjectID)
			}
			return nil
		})
	}
	return command
}
