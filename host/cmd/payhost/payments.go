package main

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// family is what payments and payouts do alike.
type family struct {
	name, one string // "payments", "payment"
	statuses  string // what an operator may decide
	example   string // an id
	show      func(a *app, body []byte, v view) error
	list      func(a *app, body []byte) (next string, err error)
}

var payments = family{
	name: "payments", one: "payment", statuses: "succeeded, failed, canceled or expired", example: "pay_06dq8z5k3c",
	show: func(a *app, body []byte, v view) error {
		var p payment.Payment
		err := read(body, &p)
		if err == nil {
			a.showPayment(&p, v)
		}
		return err
	},
	list: func(a *app, body []byte) (string, error) {
		var page struct {
			Data []payment.Payment `json:"data"`
			Next string            `json:"next_cursor"`
		}
		if err := read(body, &page); err != nil {
			return "", err
		}
		t := a.table("PAYMENT", "CREATED "+a.zone(), "PROVIDER", "STATUS", "AMOUNT", "REFERENCE", "PROVIDER REFERENCE")
		for _, p := range page.Data {
			t.row(p.ID, clock(p.CreatedAt), p.Provider, string(p.Status), p.Amount.String()+" "+p.Currency, p.MerchantReference, p.ProviderReference)
		}
		t.print()
		return page.Next, nil
	},
}

var payouts = family{
	name: "payouts", one: "payout", statuses: "succeeded or failed", example: "po_06dq8z5k3c",
	show: func(a *app, body []byte, v view) error {
		var p payment.Payout
		err := read(body, &p)
		if err == nil {
			a.showPayout(&p, v)
		}
		return err
	},
	list: func(a *app, body []byte) (string, error) {
		var page struct {
			Data []payment.Payout `json:"data"`
			Next string           `json:"next_cursor"`
		}
		if err := read(body, &page); err != nil {
			return "", err
		}
		t := a.table("PAYOUT", "CREATED "+a.zone(), "PROVIDER", "STATUS", "AMOUNT", "REFERENCE", "PROVIDER REFERENCE")
		for _, p := range page.Data {
			t.row(p.ID, clock(p.CreatedAt), p.Provider, string(p.Status), p.Amount.String()+" "+p.Currency, p.MerchantReference, p.ProviderReference)
		}
		t.print()
		return page.Next, nil
	},
}

func (a *app) paymentsCommand() *cobra.Command {
	return group(a.listRecords("payments", payments), a.listRecords("list", payments), a.showRecord(payments),
		a.refreshRecord(payments), a.confirmCommand(), a.captureCommand(), a.cancelCommand(), a.refundCommand(),
		a.resolveRecord(payments))
}

func (a *app) payoutsCommand() *cobra.Command {
	return group(a.listRecords("payouts", payouts), a.listRecords("list", payouts), a.showRecord(payouts),
		a.refreshRecord(payouts), a.resolveRecord(payouts))
}

func (a *app) listRecords(use string, f family) *cobra.Command {
	full := "payhost " + f.name
	short := "List " + f.name
	if use == f.name {
		short = "List, look at and change " + f.name
	}
	c := &cobra.Command{
		Use:   use,
		Short: short,
		Long:  "List " + f.name + ", the newest first.",
		Example: "  " + full + "\n  " + full + " --status unknown\n  " + full + " --provider acme --from 24h\n  " +
			full + " list --reference order-47 --json",
		Args: cobra.NoArgs,
	}
	query := url.Values{}
	filters := []struct{ flag, parameter, usage string }{
		{"provider", "provider", "only those of this provider"},
		{"status", "status", "only those in this `status`"},
		{"reference", "merchant_reference", "only those with this reference of yours"},
		{"from", "created_from", "only those created since a `time` (2026-12-01T00:00:00Z) or in the last 24h"},
		{"to", "created_to", "only those created before a `time`"},
		{"cursor", "cursor", "go on where an earlier list ended"},
	}
	for _, x := range filters {
		c.Flags().String(x.flag, "", x.usage)
	}
	limit := c.Flags().Int("limit", 0, "at most so `many`")
	c.RunE = func(c *cobra.Command, _ []string) error {
		for _, x := range filters {
			value := c.Flag(x.flag).Value.String()
			if value == "" {
				continue
			}
			if x.flag == "from" || x.flag == "to" {
				var err error
				if value, err = a.moment(x.flag, value); err != nil {
					return err
				}
			}
			query.Set(x.parameter, value)
		}
		if *limit != 0 {
			query.Set("limit", strconv.Itoa(*limit))
		}
		return a.list(c, request{method: http.MethodGet, path: "/v1/" + f.name, query: query, what: "list " + f.name}, f.list)
	}
	return c
}

// moment reads a time, or how long ago it was.
func (a *app) moment(flag, text string) (string, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return a.now().Add(-d.Abs()).UTC().Format(time.RFC3339), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return "", wrongUsage("--%s takes a time such as 2026-12-01T00:00:00Z, or how long ago, such as 24h; not %q", flag, text)
	}
	return t.UTC().Format(time.RFC3339Nano), nil
}

func (a *app) showRecord(f family) *cobra.Command {
	v := view{}
	c := &cobra.Command{
		Use:     "show ID",
		Short:   "Show one " + f.one + ", with its attempts and history",
		Example: "  payhost " + f.name + " show " + f.example + "\n  payhost " + f.name + " show " + f.example + " --wire",
		Args:    arguments("ID"),
	}
	c.Flags().BoolVar(&v.wire, "wire", false, "also what was said to the provider and what it answered, secrets masked")
	c.RunE = func(c *cobra.Command, args []string) error {
		r := request{method: http.MethodGet, path: recordPath(f.name, args[0]), what: "show " + args[0]}
		return a.one(c, r, func(body []byte) error { return f.show(a, body, v) })
	}
	return c
}

func (a *app) refreshRecord(f family) *cobra.Command {
	return &cobra.Command{
		Use:     "refresh ID",
		Short:   "Ask the provider about a " + f.one + ", and show it",
		Example: "  payhost " + f.name + " refresh " + f.example,
		Args:    arguments("ID"),
		RunE: func(c *cobra.Command, args []string) error {
			r := request{method: http.MethodGet, path: recordPath(f.name, args[0]), query: url.Values{"refresh": {"true"}}, what: "refresh " + args[0]}
			return a.one(c, r, func(body []byte) error { return f.show(a, body, view{}) })
		},
	}
}

// list asks for a page and prints it as a table.
func (a *app) list(c *cobra.Command, r request, show func(*app, []byte) (next string, err error)) error {
	return a.one(c, r, func(body []byte) error {
		next, err := show(a, body)
		if err == nil && next != "" {
			a.note("there are more: --cursor %s", next)
		}
		return err
	})
}

// one makes a request and prints the answer.
func (a *app) one(c *cobra.Command, r request, show func(body []byte) error) error {
	ctx, stop := interruptible(c)
	defer stop()
	got, err := a.ask(ctx, r)
	if err != nil {
		return err
	}
	a.noteReplay(got)
	if a.json {
		a.printJSON(got.body)
		return nil
	}
	return show(got.body)
}

func recordPath(family, id string, more ...string) string {
	path := "/v1/" + family + "/" + url.PathEscape(id)
	for _, part := range more {
		path += "/" + url.PathEscape(part)
	}
	return path
}
