package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// lettersCommand is about pushed events that nobody took.
func (a *app) lettersCommand() *cobra.Command {
	return group(a.listLetters("dead-letters"), a.listLetters("list"), a.retryLetter())
}

func (a *app) listLetters(use string) *cobra.Command {
	short := "List the events whose pushing was given up"
	if use == "dead-letters" {
		short = "List and retry the events whose pushing was given up"
	}
	command := &cobra.Command{
		Use:   use,
		Short: short,
		Long: `List the events whose pushing to events.url was given up, the newest first:
the receiver answered 410, or did not take the event for three days.`,
		Example: "  payhost dead-letters\n  payhost dead-letters list --json",
		Args:    cobra.NoArgs,
	}

	filters := []filter{
		{"cursor", "cursor", "go on where an earlier list ended"},
		{"limit", "limit", "at most so `many`"},
	}
	addFilters(command, filters)
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		call := request{
			method: http.MethodGet,
			path:   "/v1/dead-letters",
			query:  queryOf(cmd, filters),
			what:   "list dead letters",
		}
		return a.list(cmd, call, (*app).letterTable)
	}

	return command
}

func (a *app) letterTable(body []byte) (next string, err error) {
	var page struct {
		Data []payment.DeadLetter `json:"data"`
		Next string               `json:"next_cursor"`
	}
	if err := read(body, &page); err != nil {
		return "", err
	}

	rows := a.table("EVENT", "TYPE", "OF", "HAPPENED "+a.zone(), "TRIES", "LAST TRY", "ERROR")
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

// moment returns the zero time for none.
func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func (a *app) retryLetter() *cobra.Command {
	return &cobra.Command{
		Use:     "retry ID",
		Short:   "Push an event again that was given up",
		Long:    "Push an event again that was given up, at once and from the beginning of the schedule.",
		Example: "  payhost dead-letters retry evt_000000000002f",
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			call := request{
				method: http.MethodPost,
				path:   recordPath("dead-letters", args[0], "retry"),
				what:   "retry " + args[0],
			}

			return a.one(cmd, call, func(body []byte) error {
				var l payment.DeadLetter
				err := read(body, &l)
				if err == nil {
					sheet := a.block()
					sheet.field("event", l.ID)
					sheet.field("state", string(l.State))
					sheet.field(
						"",
						"it is pushed again now, and listed again if nobody takes it",
					)
					sheet.field("type", l.Type)

					sheet.field("of", orElse(l.PaymentID, l.PayoutID))
					sheet.field("happened", a.at(l.CreatedAt))
					sheet.print()
				}

				return err
			})
		},
	}
}
