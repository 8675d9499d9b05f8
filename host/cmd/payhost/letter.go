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
	c := &cobra.Command{
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
	addFilters(c, filters)
	c.RunE = func(c *cobra.Command, _ []string) error {
		r := request{
			method: http.MethodGet,
			path:   "/v1/dead-letters",
			query:  queryOf(c, filters),
			what:   "list dead letters",
		}
		return a.list(c, r, (*app).letterTable)
	}

	return c
}

func (a *app) letterTable(body []byte) (next string, err error) {
	var page struct {
		Data []payment.DeadLetter `json:"data"`
		Next string               `json:"next_cursor"`
	}
	if err := read(body, &page); err != nil {
		return "", err
	}

	t := a.table("EVENT", "TYPE", "OF", "HAPPENED "+a.zone(), "TRIES", "LAST TRY", "ERROR")
	for _, l := range page.Data {
		t.row(
			l.ID,
			l.Type,
			orElse(l.PaymentID, l.PayoutID),
			clock(l.CreatedAt),
			strconv.Itoa(l.Tries),
			clock(moment(l.TriedAt)),
			l.Error,
		)
	}

	t.print()
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
		RunE: func(c *cobra.Command, args []string) error {
			r := request{
				method: http.MethodPost,
				path:   recordPath("dead-letters", args[0], "retry"),
				what:   "retry " + args[0],
			}

			return a.one(c, r, func(body []byte) error {
				var l payment.DeadLetter
				err := read(body, &l)
				if err == nil {
					b := a.block()
					b.field("event", l.ID)
					b.field("state", string(l.State))
					b.field(
						"",
						"it is pushed again now, and listed again if nobody takes it",
					)
					b.field("type", l.Type)

					b.field("of", orElse(l.PaymentID, l.PayoutID))
					b.field("happened", a.at(l.CreatedAt))
					b.print()
				}

				return err
			})
		},
	}
}
