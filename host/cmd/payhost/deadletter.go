package main

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// deadLettersCommand is about pushed events that their receiver never accepted.
func (a *app) deadLettersCommand() *cobra.Command {
	return group(
		a.listDeadLetters("dead-letters"),
		a.listDeadLetters("list"),
		a.retryDeadLetter(),
	)
}

func (a *app) listDeadLetters(use string) *cobra.Command {
	short := "List events that could not be delivered"
	if use == "dead-letters" {
		short = "List events that could not be delivered, and retry them"
	}
	command := &cobra.Command{
		Use:   use,
		Short: short,
		Long: `List the events that could not be delivered to events.url, the newest first. The
receiver answered 410, or did not accept the event for three days.`,
		Example: "  payhost dead-letters\n  payhost dead-letters list --json",
		Args:    cobra.NoArgs,
	}

	filters := []filter{
		{"cursor", "cursor", "continue where an earlier list ended"},
		{"limit", "limit", "at most this `number`"},
	}
	addFilters(command, filters)
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		call := request{
			method: http.MethodGet,
			path:   "/v1/dead-letters",
			query:  queryOf(cmd, filters),
			what:   "list dead letters",
		}
		return a.list(cmd, call, (*app).deadLetterTable)
	}

	return command
}

func (a *app) deadLetterTable(body []byte) (next string, err error) {
	var page struct {
		Data []payment.DeadLetter `json:"data"`
		Next string               `json:"next_cursor"`
	}
	if err := read(body, &page); err != nil {
		return "", err
	}

	rows := a.table(
		"EVENT",
		"TYPE",
		"ABOUT",
		"HAPPENED "+a.zone(),
		"TRIES",
		"LAST TRY",
		"ERROR",
	)

	for _, row := range page.Data {
		rows.row(
			row.ID,
			row.Type,
			orElse(row.PaymentID, row.PayoutID),
			clock(row.CreatedAt),
			strconv.Itoa(row.Tries),
			clock(moment(row.TriedAt)),
			row.Error,
		)
	}

	rows.print()
	return page.Next, nil
}

// moment returns the time, or the zero time for nil.
func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func (a *app) retryDeadLetter() *cobra.Command {
	var all bool
	command := &cobra.Command{
		Use:   "retry ID | --all",
		Short: "Deliver an event again that could not be delivered",
		Long: "Deliver an event again that could not be delivered, or all of them: at once, and then\n" +
			"by the schedule for new events.",
		Example: "  payhost dead-letters retry evt_000000000002f\n  payhost dead-letters retry --all",
		Args:    idOr(&all, "--all"),
	}

	command.Flags().BoolVar(&all, "all", false, "every event that could not be delivered")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		if all {
			return a.inBulk(cmd, bulk{
				list: request{
					method: http.MethodGet,
					path:   "/v1/dead-letters",
					query:  url.Values{},
					what:   "list dead letters",
				},
				each: retryLetter,
				done: "retried",
			})
		}

		return a.one(cmd, retryLetter(args[0]), func(body []byte) error {
			var letter payment.DeadLetter
			err := read(body, &letter)
			if err == nil {
				a.showRetried(&letter)
			}
			return err
		})
	}

	return command
}

func retryLetter(id string) request {
	return request{
		method: http.MethodPost,
		path:   recordPath("dead-letters", id, "retry"),
		what:   "retry " + id,
	}
}

func (a *app) showRetried(letter *payment.DeadLetter) {
	sheet := a.block()
	sheet.field("event", letter.ID)
	sheet.field("state", string(letter.State))
	sheet.field("", "delivery starts again now; the event is listed again if it fails")
	sheet.field("type", letter.Type)
	sheet.field("about", orElse(letter.PaymentID, letter.PayoutID))
	sheet.field("happened", a.at(letter.CreatedAt))
	sheet.print()
}
