package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// followEvery is how often the host is asked for new events.
const followEvery = time.Second

// eventsCommand reads the stream from its beginning, or from the event after
// --after: the stream has no other order.
func (a *app) eventsCommand() *cobra.Command {
	var follow bool
	command := &cobra.Command{
		Use:   "events",
		Short: "List events, the oldest first, or print new ones as they happen",
		Long: `List events, the oldest first, or print new ones as they happen.

With --follow and --json every event is one line of JSON.`,
		Example: `  payhost events
  payhost events --after evt_06dq8z5k3c --types payment.succeeded,payout.failed
  payhost events --follow --json | jq .type`,
		Args: cobra.NoArgs,
	}

	command.Flags().
		BoolVarP(&follow, "follow", "f", false, "also print new events, until Ctrl-C")
	filters := []filter{
		{"after", "after", "only events after the one with this `id`"},
		{
			"types",
			"types",
			"only events of these `types`, separated by commas: payment.succeeded,payout.*",
		},
		{"limit", "limit", "at most this `number` of events at a time"},
	}

	addFilters(command, filters)
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		call := request{
			method: http.MethodGet,
			path:   "/v1/events",
			query:  queryOf(cmd, filters),
			what:   "list events",
		}
		if follow {
			return a.follow(cmd, call)
		}

		return a.one(cmd, call, a.eventPage)
	}

	return command
}

// eventPage prints one page, and the flag that continues after it.
func (a *app) eventPage(body []byte) error {
	page, err := readEvents(body)
	if err != nil {
		return err
	}
	a.eventHeader()
	for _, e := range page.events {
		a.eventLine(e)
	}

	if page.more {
		a.note("there are more; continue with --after %s", page.last)
	}

	return nil
}

// eventPage is one answer of the host. raw holds the events unchanged.
type eventPage struct {
	raw    []json.RawMessage
	events []payment.Event
	last   string // the newest event's id
	more   bool
}

// readEvents decodes one answer of the host.
func readEvents(body []byte) (eventPage, error) {
	var answer struct {
		Data []json.RawMessage `json:"data"`
		Next string            `json:"next_cursor"`
	}
	if err := read(body, &answer); err != nil {
		return eventPage{}, err
	}

	// The events are also kept as they came: --json must print fields that this
	// version does not know.
	p := eventPage{raw: answer.Data, more: answer.Next != ""}
	for _, raw := range answer.Data {
		var e payment.Event
		if err := read(raw, &e); err != nil {
			return eventPage{}, err
		}
		p.events = append(p.events, e)
		p.last = e.ID
	}

	return p, nil
}

// follow prints events until it is interrupted. It waits for a host that goes
// away for a moment, as during an upgrade.
func (a *app) follow(c *cobra.Command, call request) error {
	ctx, stop := interruptible(c)
	defer stop()
	if !a.json {
		a.eventHeader()
	}

	// Only the first error of an interruption is told.
	away, begun := false, false

	for {
		more, err := a.followOnce(ctx, call)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !begun:
			return err // the first call failed, so waiting is no help
		case err != nil && !away:
			a.note("%s; waiting for it", err)
		case err == nil && away:
			a.note("the host is back")
		}

		away, begun = err != nil, true
		if more {
			continue
		}

		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followEvery):
		}
	}
}

// followOnce prints one page and moves the request on to the next.
func (a *app) followOnce(ctx context.Context, call request) (more bool, err error) {
	// A refusal must not be printed as JSON between events, hence a second app
	// without the flag.
	got, err := (&app{config: a.config, out: a.out, err: a.err, now: a.now}).ask(ctx, call)
	if err != nil {
		return false, err
	}

	page, err := readEvents(got.body)
	if err != nil {
		return false, err
	}

	for i, e := range page.events {
		if !a.json {
			a.eventLine(e)
			continue
		}

		var line bytes.Buffer
		if err := json.Compact(&line, page.raw[i]); err != nil {
			return false, err
		}
		fmt.Fprintln(a.out, escapedJSON(line.String()))
	}

	// The next call begins after the last printed event.
	if page.last != "" {
		call.query.Set("after", page.last)
	}

	return page.more && page.last != "", nil
}

// Events are printed one by one as they arrive, so their columns have fixed
// widths.
const eventColumns = "%-19s  %-17s  %-26s  %-30s  %-12s  %s\n"

func (a *app) eventHeader() {
	fmt.Fprintf(
		a.out,
		eventColumns,
		a.zone(),
		"EVENT",
		"TYPE",
		"ABOUT",
		"PROVIDER",
		"AMOUNT",
	)
}

func (a *app) eventLine(e payment.Event) {
	// An event's data is the record that it is about.
	var about struct{ Provider, Amount, Currency string }
	_ = json.Unmarshal(e.Data, &about) // the event's data may have none of these
	subject := cmp.Or(e.RefundID, e.PayoutID, e.PaymentID)
	amount := about.Amount
	if about.Currency != "" {
		amount += " " + about.Currency
	}

	fmt.Fprintf(
		a.out,
		eventColumns,
		clock(e.CreatedAt),
		printable(e.ID),
		printable(e.Type),
		printable(subject),
		printable(about.Provider),
		printable(amount),
	)
}
