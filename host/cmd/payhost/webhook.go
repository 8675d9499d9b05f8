package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

func (a *app) webhooksCommand() *cobra.Command {
	show := func(body []byte) error {
		var w payment.Webhook
		err := read(body, &w)
		if err == nil {
			a.showWebhook(&w)
		}
		return err
	}
	return group(a.listWebhooks("webhooks"), a.listWebhooks("list"),
		&cobra.Command{
			Use:     "show ID",
			Short:   "Show one notice as it came, secrets masked, and what became of it",
			Example: "  payhost webhooks show wh_06dq8z5k3c",
			Args:    arguments("ID"),
			RunE: func(c *cobra.Command, args []string) error {
				return a.one(c, request{method: http.MethodGet, path: recordPath("webhooks", args[0]), what: "show " + args[0]}, show)
			},
		},
		&cobra.Command{
			Use:     "replay ID",
			Short:   "Have the plugin read a stored notice again",
			Long:    "Have the plugin read a stored notice again, for instance through a repaired plugin.\nWhat was applied already is not applied twice.",
			Example: "  payhost webhooks replay wh_06dq8z5k3c",
			Args:    arguments("ID"),
			RunE: func(c *cobra.Command, args []string) error {
				r := request{method: http.MethodPost, path: recordPath("webhooks", args[0], "replay"), what: "replay " + args[0]}
				return a.one(c, r, show)
			},
		},
		&cobra.Command{
			Use:     "attach ID PAYMENT",
			Short:   "Say which payment an unmatched notice belongs to",
			Example: "  payhost webhooks attach wh_06dq8z5k3c pay_06dq8z5k3c",
			Args:    arguments("ID", "PAYMENT"),
			RunE: func(c *cobra.Command, args []string) error {
				r := request{method: http.MethodPost, path: recordPath("webhooks", args[0], "attach"), body: object("payment_id", args[1]),
					what: "attach " + args[0] + " to " + args[1]}
				return a.one(c, r, show)
			},
		},
	)
}

func (a *app) listWebhooks(use string) *cobra.Command {
	short := "List notices"
	if use == "webhooks" {
		short = "List, look at and replay the providers' notices"
	}
	c := &cobra.Command{
		Use:   use,
		Short: short,
		Long:  "List the notices that came from providers, the newest first.",
		Example: `  payhost webhooks --state failed
  payhost webhooks --provider acme --limit 10
  payhost webhooks list --json`,
		Args: cobra.NoArgs,
	}
	filters := []filter{
		{"provider", "provider", "only those of this provider"},
		{"state", "state", "only those in this `state`: pending, applied, ignored, unmatched or failed"},
		{"cursor", "cursor", "go on where an earlier list ended"},
		{"limit", "limit", "at most so `many`"},
	}
	addFilters(c, filters)
	c.RunE = func(c *cobra.Command, _ []string) error {
		r := request{method: http.MethodGet, path: "/v1/webhooks", query: queryOf(c, filters), what: "list webhooks"}
		return a.list(c, r, (*app).webhookTable)
	}
	return c
}

func (a *app) webhookTable(body []byte) (next string, err error) {
	var page struct {
		Data []payment.Webhook `json:"data"`
		Next string            `json:"next_cursor"`
	}
	if err := read(body, &page); err != nil {
		return "", err
	}
	t := a.table("NOTICE", "RECEIVED "+a.zone(), "PROVIDER", "STATE", "VERIFIED", "EVENTS", "PAYMENTS", "ERROR")
	for _, w := range page.Data {
		t.row(w.ID, clock(w.ReceivedAt), w.Provider, string(w.State), yesNo(w.Verified), strconv.Itoa(w.Events),
			strings.Join(w.PaymentIDs, " "), w.Error)
	}
	t.print()
	return page.Next, nil
}

func (a *app) showWebhook(w *payment.Webhook) {
	t := a.table()
	t.row("notice", w.ID)
	t.row("state", string(w.State))
	t.row("", map[payment.WebhookState]string{
		payment.WebhookPending:   "its plugin has not read it yet",
		payment.WebhookIgnored:   "it changed nothing, or was only a hint",
		payment.WebhookUnmatched: "it is genuine but fits no payment: payhost webhooks attach " + w.ID + " PAYMENT",
		payment.WebhookFailed:    "it is not genuine, or its plugin could not read it",
		payment.WebhookApplied:   "what it says is recorded",
	}[w.State])
	if w.Error != "" {
		t.row("error", w.Error)
	}
	t.row("provider", w.Provider)
	t.row("received", a.at(w.ReceivedAt))
	t.row("from", w.RemoteAddress)
	t.row("verified", yesNo(w.Verified))
	t.row("events", strconv.Itoa(w.Events))
	for _, id := range w.PaymentIDs {
		t.row("payment", id)
	}
	t.print()
	a.heading("request")
	method := w.Method
	if w.Query != "" {
		method += " ?" + w.Query
	}
	a.indented(method)
	for _, name := range slices.Sorted(maps.Keys(w.Headers)) {
		a.indented(name + ": " + w.Headers[name])
	}
	if w.Body != "" {
		a.heading("body")
		a.indented(readable(w.Body))
	}
}

// readable indents a body that is JSON.
func readable(body string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(body), "", "  ") != nil {
		return body
	}
	return b.String()
}
