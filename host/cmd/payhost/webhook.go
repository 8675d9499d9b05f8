package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// webhooksCommand is about stored webhooks. Each is stored as it arrived,
// before it is known whether it is genuine.
func (a *app) webhooksCommand() *cobra.Command {
	return group(a.listWebhooks("webhooks"), a.listWebhooks("list"),
		a.webhookCommand(&cobra.Command{
			Use:     "show ID",
			Short:   "Show one webhook and its result, secrets masked",
			Example: "  payhost webhooks show wh_06dq8z5k3c",
			Args:    arguments("ID"),
		}, func(args []string) request {
			return request{
				method: http.MethodGet,
				path:   recordPath("webhooks", args[0]),
				what:   "show " + args[0],
			}
		}),
		a.replayWebhooks(),
		a.webhookCommand(&cobra.Command{
			Use:     "attach ID PAYMENT",
			Short:   "Say which payment or payout an unmatched webhook belongs to",
			Example: "  payhost webhooks attach wh_06dq8z5k3c pay_06dq8z5k3c",
			Args:    arguments("ID", "PAYMENT"),
		}, func(args []string) request {
			return request{
				method: http.MethodPost,
				path:   recordPath("webhooks", args[0], "attach"),
				body:   object("payment_id", args[1]),
				what:   "attach " + args[0] + " to " + args[1],
			}
		}),
	)
}

// replayWebhooks has one webhook read again, or all that are in a state.
func (a *app) replayWebhooks() *cobra.Command {
	var state, provider string
	var many bool
	command := &cobra.Command{
		Use:   "replay ID | --state STATE [--provider NAME]",
		Short: "Have the plugin read a stored webhook again",
		Long: "Have the plugin read a stored webhook again, or all in a state, for instance after the\n" +
			"plugin was repaired. Events that were applied before are not applied twice.",
		Example: "  payhost webhooks replay wh_06dq8z5k3c\n" +
			"  payhost webhooks replay --state failed --provider acme",
		Args: func(cmd *cobra.Command, args []string) error {
			many = cmd.Flags().Changed("state")
			if !many && cmd.Flags().Changed("provider") {
				return errors.New("--provider needs --state: which of its webhooks")
			}
			return idOr(&many, "--state")(cmd, args)
		},
	}

	command.Flags().
		StringVar(&state, "state", "", "all webhooks in this `state`: failed, unmatched, ignored, applied or pending")
	command.Flags().StringVar(&provider, "provider", "", "only those of this provider")
	one := a.webhookCommand(&cobra.Command{}, func(args []string) request {
		return replayOf(args[0])
	})
	command.RunE = func(cmd *cobra.Command, args []string) error {
		if !many {
			return one.RunE(cmd, args)
		}

		query := url.Values{"state": {state}}
		if provider != "" {
			query.Set("provider", provider)
		}
		return a.inBulk(cmd, bulk{
			list: request{
				method: http.MethodGet,
				path:   "/v1/webhooks",
				query:  query,
				what:   "list webhooks",
			},
			each:  replayOf,
			done:  "replayed",
			check: stillFailed,
		})
	}

	return command
}

func replayOf(id string) request {
	return request{
		method: http.MethodPost,
		path:   recordPath("webhooks", id, "replay"),
		what:   "replay " + id,
	}
}

// stillFailed returns why nothing was made of a webhook, "" when it was applied
// or says nothing new.
func stillFailed(answer []byte) string {
	var webhook payment.Webhook
	if err := read(answer, &webhook); err != nil {
		return err.Error()
	}
	switch webhook.State {
	case payment.WebhookApplied, payment.WebhookIgnored:
		return ""
	}
	return strings.TrimSuffix("it is "+string(webhook.State)+": "+webhook.Error, ": ")
}

// webhookCommand completes a command whose answer is one webhook.
func (a *app) webhookCommand(
	command *cobra.Command,
	ask func(args []string) request,
) *cobra.Command {
	command.RunE = func(c *cobra.Command, args []string) error {
		return a.one(c, ask(args), func(body []byte) error {
			var w payment.Webhook
			err := read(body, &w)
			if err == nil {
				a.showWebhook(&w)
			}
			return err
		})
	}

	return command
}

func (a *app) listWebhooks(use string) *cobra.Command {
	short := "List webhooks"
	if use == "webhooks" {
		short = "List, show and replay the providers' webhooks"
	}
	command := &cobra.Command{
		Use:   use,
		Short: short,
		Long:  "List the webhooks that came from providers, the newest first.",
		Example: `  payhost webhooks --state failed
  payhost webhooks --provider acme --limit 10
  payhost webhooks list --json`,
		Args: cobra.NoArgs,
	}

	filters := []filter{
		{"provider", "provider", "only webhooks of this provider"},
		{
			"state",
			"state",
			"only webhooks in this `state`: pending, applied, ignored, unmatched or failed",
		},
		{"cursor", "cursor", "continue where an earlier list ended"},
		{"limit", "limit", "at most this `number`"},
	}

	addFilters(command, filters)
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		call := request{
			method: http.MethodGet,
			path:   "/v1/webhooks",
			query:  queryOf(cmd, filters),
			what:   "list webhooks",
		}
		return a.list(cmd, call, (*app).webhookTable)
	}

	return command
}

// webhookTable prints a page of webhooks. The column ERROR says why a webhook
// is not applied.
func (a *app) webhookTable(body []byte) (next string, err error) {
	var page struct {
		Data []payment.Webhook `json:"data"`
		Next string            `json:"next_cursor"`
	}
	if err := read(body, &page); err != nil {
		return "", err
	}

	rows := a.table(
		"WEBHOOK",
		"RECEIVED "+a.zone(),
		"PROVIDER",
		"STATE",
		"VERIFIED",
		"EVENTS",
		"PAYMENTS",
		"ERROR",
	)

	for _, row := range page.Data {
		rows.row(
			row.ID,
			clock(row.ReceivedAt),
			row.Provider,
			string(row.State),
			yesNo(row.Verified),
			strconv.Itoa(row.Events),
			strings.Join(row.PaymentIDs, " "),
			row.Error,
		)
	}

	rows.print()
	return page.Next, nil
}

// showWebhook prints the result of a webhook, then the request as it arrived.
// The host has masked its secrets.
func (a *app) showWebhook(item *payment.Webhook) {
	sheet := a.block()
	sheet.field("webhook", item.ID)
	sheet.field("state", string(item.State))
	sheet.field("", map[payment.WebhookState]string{
		payment.WebhookPending:   "its plugin has not read it yet",
		payment.WebhookIgnored:   "it changed nothing, or was only a hint",
		payment.WebhookUnmatched: "it is genuine but fits no payment: payhost webhooks attach " + item.ID + " PAYMENT",
		payment.WebhookFailed:    "it is not genuine, or its plugin could not read it",
		payment.WebhookApplied:   "its events are recorded",
	}[item.State])

	sheet.field("error", item.Error)
	sheet.field("provider", item.Provider)
	sheet.field("received", a.at(item.ReceivedAt))
	sheet.field("from", item.RemoteAddress)
	sheet.field("verified", yesNo(item.Verified))
	sheet.field("events", strconv.Itoa(item.Events))
	for _, id := range item.PaymentIDs {
		sheet.field("payment", id)
	}

	sheet.print()

	// The sender, who may be anyone, has written the rest.
	a.heading("request")
	method := item.Method
	if item.Query != "" {
		method += " ?" + item.Query
	}

	a.indented(method)
	for _, name := range slices.Sorted(maps.Keys(item.Headers)) {
		a.indented(name + ": " + item.Headers[name])
	}
	if item.Body != "" {
		a.heading("body")
		a.indented(readable(item.Body))
	}
}

// readable returns the body, indented when it is JSON.
func readable(body string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(body), "", "  ") != nil {
		return body
	}
	return b.String()
}
