package main

import (
	"net/http"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// attentionCommand shows all that waits for a person.
func (a *app) attentionCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "attention",
		Short: "List what waits for you, each with what to do",
		Long: `List what waits for you, the oldest first, each with what to do: payments, payouts
and refunds that are unknown or under review, webhooks that were not applied, events
that could not be delivered, providers in quarantine, pauses, and an
expiring certificate.`,
		Example: "  payhost attention\n  payhost attention --limit 200 --json",
		Args:    cobra.NoArgs,
	}

	filters := []filter{{"limit", "limit", "at most this `number` of each kind"}}
	addFilters(command, filters)
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		call := request{
			method: http.MethodGet,
			path:   "/v1/attention",
			query:  queryOf(cmd, filters),
			what:   "list what waits for you",
		}
		return a.one(cmd, call, a.showAttention)
	}

	return command
}

func (a *app) showAttention(body []byte) error {
	var found payment.Attention
	if err := read(body, &found); err != nil {
		return err
	}
	if len(found.Data) == 0 {
		a.note("nothing waits for you")
		return nil
	}

	// The commands are whole lines, to be copied.
	for _, item := range found.Data {
		title := string(item.Kind)
		if subject := orElse(item.ID, item.Provider); subject != "" {
			title += " " + subject
		}
		a.heading(printable(title + ", since " + a.at(item.Since)))

		summary := item.Summary
		if (item.Provider != "") && (item.ID != "") {
			summary = item.Provider + ": " + summary
		}
		a.indented(printable(summary))
		for _, step := range item.Do {
			a.indented("  " + printable(step))
		}
	}

	if len(found.More) > 0 {
		a.note("there is more of %s; --limit shows up to 200 of each", words(found.More))
	}
	return nil
}
