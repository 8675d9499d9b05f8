package main

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// recordKind holds what the commands for payments and payouts differ in.
type recordKind struct {
	name, one string // such as "payments" and "payment"
	statuses  string // the results that an operator may decide on
	example   string // an id
	show      func(a *app, body []byte, v view) error
}

var payments = recordKind{
	name:     "payments",
	one:      "payment",
	statuses: "succeeded, failed, canceled or expired",
	example:  "pay_06dq8z5k3c",
	show:     func(a *app, body []byte, v view) error { return shown(body, v, a.showPayment) },
}

var payouts = recordKind{
	name:     "payouts",
	one:      "payout",
	statuses: "succeeded or failed",
	example:  "po_06dq8z5k3c",
	show:     func(a *app, body []byte, v view) error { return shown(body, v, a.showPayout) },
}

// refunds have no command of their own: that of payments takes their ids too.
var refunds = recordKind{
	name: "refunds",
	one:  "refund",
	show: func(a *app, body []byte, v view) error { return shown(body, v, a.showRefund) },
}

// of returns the kind of an id that was given to a command of k.
func (k recordKind) of(id string) recordKind {
	if k.name == payments.name && commandOf(id) == refunds.name {
		return refunds
	}
	return k
}

// shown decodes one record and shows it.
func shown[T any](body []byte, v view, show func(*T, view)) error {
	one := new(T)
	err := read(body, one)
	if err == nil {
		show(one, v)
	}
	return err
}

func (a *app) paymentsCommand() *cobra.Command {
	return group(
		a.listRecords("payments", payments),
		a.listRecords("list", payments),
		a.showRecord(payments),
		a.refreshRecord(payments),
		a.confirmCommand(),
		a.captureCommand(),
		a.cancelCommand(),
		a.refundCommand(),
		a.refundsCommand(),
		a.resolveRecord(payments),
	)
}

func (a *app) payoutsCommand() *cobra.Command {
	return group(
		a.listRecords("payouts", payouts),
		a.listRecords("list", payouts),
		a.showRecord(payouts),
		a.refreshRecord(payouts),
		a.resolveRecord(payouts),
	)
}

// listRecords returns the list command, or the group that holds it: "payhost
// payments" lists the same as "payhost payments list".
func (a *app) listRecords(use string, kind recordKind) *cobra.Command {
	full := "payhost " + kind.name
	short := "List " + kind.name
	if use == kind.name {
		short = "List, show and change " + kind.name
	}

	command := &cobra.Command{
		Use:   use,
		Short: short,
		Long:  "List " + kind.name + ", the newest first.",
		Example: "  " + full + "\n  " + full + " --status unknown\n  " + full + " --provider acme --from 24h\n  " +
			full + " list --reference order-47 --json",
		Args: cobra.NoArgs,
	}

	// Each filter is a query parameter of the API.
	filters := []filter{
		{"provider", "provider", "only records of this provider"},
		{"status", "status", "only records in this `status`"},
		{"reference", "merchant_reference", "only records with this reference of yours"},
		{
			"from",
			"created_from",
			"only records created since a `time` (2026-12-01T00:00:00Z) or in the last 24h",
		},
		{"to", "created_to", "only records created before a `time`"},
		{"cursor", "cursor", "continue where an earlier list ended"},
		{"limit", "limit", "at most this `number`"},
	}

	addFilters(command, filters)
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		query := queryOf(cmd, filters)

		// The host takes only full times.
		for flag, parameter := range map[string]string{"from": "created_from", "to": "created_to"} {
			if text := query.Get(parameter); text != "" {
				at, err := a.moment(flag, text)
				if err != nil {
					return err
				}
				query.Set(parameter, at)
			}
		}

		call := request{
			method: http.MethodGet,
			path:   "/v1/" + kind.name,
			query:  query,
			what:   "list " + kind.name,
		}

		return a.list(
			cmd,
			call,
			func(a *app, body []byte) (string, error) { return a.recordTable(kind, body) },
		)
	}

	return command
}

// recordTable prints payments or payouts. Their lists have the same columns.
func (a *app) recordTable(kind recordKind, body []byte) (next string, err error) {
	var page struct {
		Data []payment.Payment `json:"data"`
		Next string            `json:"next_cursor"`
	}
	if err := read(body, &page); err != nil {
		return "", err
	}

	rows := a.table(
		strings.ToUpper(kind.one),
		"CREATED "+a.zone(),
		"PROVIDER",
		"STATUS",
		"AMOUNT",
		"REFERENCE",
		"PROVIDER REFERENCE",
	)

	for _, row := range page.Data {
		rows.row(
			row.ID,
			clock(row.CreatedAt),
			row.Provider,
			string(row.Status),
			row.Amount.String()+" "+row.Currency,
			row.MerchantReference,
			row.ProviderReference,
		)
	}

	rows.print()
	return page.Next, nil
}

// filter is a flag that becomes a parameter of a list's query.
type filter struct{ flag, parameter, usage string }

func addFilters(command *cobra.Command, list []filter) {
	for _, f := range list {
		if f.flag == "limit" {
			command.Flags().Int(f.flag, 0, f.usage)
			continue
		}
		command.Flags().String(f.flag, "", f.usage)
	}
}

// queryOf returns the parameters of the flags that were given.
func queryOf(c *cobra.Command, list []filter) url.Values {
	query := url.Values{}
	for _, f := range list {
		if value := c.Flag(f.flag).Value.String(); value != "" &&
			c.Flags().Changed(f.flag) {
			query.Set(f.parameter, value)
		}
	}
	return query
}

// moment returns the time of a flag, which may also say how long ago it was.
func (a *app) moment(flag, text string) (string, error) {
	// A duration counts back from now, whatever its sign.
	if d, err := time.ParseDuration(text); err == nil {
		return a.now().Add(-d.Abs()).UTC().Format(time.RFC3339), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return "", wrongUsage(
			"--%s takes a time such as 2026-12-01T00:00:00Z, or a duration before now, such as 24h; not %q",
			flag,
			text,
		)
	}

	return t.UTC().Format(time.RFC3339Nano), nil
}

// showRecord shows the host's record. The provider is not asked.
func (a *app) showRecord(kind recordKind) *cobra.Command {
	shown := view{}
	command := &cobra.Command{
		Use:     "show ID",
		Short:   "Show one " + kind.one + ", with its attempts and history",
		Example: "  payhost " + kind.name + " show " + kind.example + "\n  payhost " + kind.name + " show " + kind.example + " --wire",
		Args:    arguments("ID"),
	}
	command.Flags().
		BoolVar(&shown.wire, "wire", false, "also the requests to the provider and its answers, secrets masked")

	command.RunE = func(cmd *cobra.Command, args []string) error {
		of := kind.of(args[0])
		call := request{
			method: http.MethodGet,
			path:   recordPath(of.name, args[0]),
			what:   "show " + args[0],
		}
		// Each such reading is in the audit log.
		if shown.wire || a.json {
			call.query = url.Values{"include": {"exchanges"}}
		}
		return a.one(cmd, call, func(body []byte) error {
			err := of.show(a, body, shown)
			if err == nil && of.name == payments.name {
				err = a.showRefunds(cmd, args[0])
			}
			return err
		})
	}

	return command
}

// refreshRecord has the host query the status. It fails when the provider
// cannot be asked; the record is then unchanged.
func (a *app) refreshRecord(kind recordKind) *cobra.Command {
	return &cobra.Command{
		Use:     "refresh ID",
		Short:   "Ask the provider for the status of a " + kind.one + ", and show it",
		Example: "  payhost " + kind.name + " refresh " + kind.example,
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			call := request{
				method: http.MethodGet,
				path:   recordPath(kind.name, args[0]),
				query:  url.Values{"refresh": {"true"}},
				what:   "refresh " + args[0],
			}

			return a.one(
				cmd,
				call,
				func(body []byte) error { return kind.show(a, body, view{}) },
			)
		},
	}
}

// list requests a page and prints it as a table.
func (a *app) list(
	c *cobra.Command,
	r request,
	show func(*app, []byte) (next string, err error),
) error {
	return a.one(c, r, func(body []byte) error {
		next, err := show(a, body)
		if err == nil && next != "" {
			a.note("there are more; continue with --cursor %s", next)
		}
		return err
	})
}

// one makes a request and prints its answer.
func (a *app) one(c *cobra.Command, r request, show func(body []byte) error) error {
	ctx, stop := interruptible(c)
	defer stop()
	got, err := a.ask(ctx, r)
	if err != nil {
		return err
	}

	// A replayed answer looks like a new one, so the operator is told which it
	// is.
	a.noteReplay(got)
	if a.json {
		a.printJSON(got.body)
		return nil
	}

	return show(got.body)
}

// recordPath returns a path of the API. Each argument becomes one part of the
// path, whatever characters it holds.
func recordPath(collection, id string, more ...string) string {
	path := "/v1/" + collection + "/" + url.PathEscape(id)
	for _, part := range more {
		path += "/" + url.PathEscape(part)
	}
	return path
}
