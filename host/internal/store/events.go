package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/payhost/payhost/host/payment"
)

// eventCounter numbers the one stream of events. Its row is locked until the
// commit, so that positions become visible in order: a reader that has seen one
// event has seen all before it.
const eventCounter = "events"

// eventSubject is where the subject is among the values of an event.
const eventSubject = 4

// AppendEvent adds an event to the stream, which assigns its id and its number
// among the events of its payment or payout. A payment and its refunds share
// one numbering, because their readers read them together. parentID is a
// refund's payment, "" for other kinds.
func (t *Tx) AppendEvent(
	ctx context.Context,
	kind payment.Kind,
	intentID, parentID string,
	e *payment.Event,
) error {
	subject := intentID
	if parentID != "" {
		subject = parentID
	}

	return t.queueRow(ctx, eventRows,
		e.Type, kind, intentID, parentID, subject, micros(e.CreatedAt), string(e.Data))
}

// streamEvent adds one event. The row of the counter and that of the subject
// are locked from here on.
func streamEvent(args []any) []statement {
	subject := args[eventSubject]
	return []statement{
		{query: advanceCounter, args: []any{eventCounter, 1, 1}},
		{
			query: `UPDATE intents SET events = events + 1 WHERE id = $1`,
			args:  []any{subject},
		},
		{
			query: `INSERT INTO events
		(type, kind, intent_id, parent_id, created_at, data, position, sequence, provider)
		VALUES ($1, $2, $3, $4, $6, $7, (SELECT value FROM counters WHERE name = $8),
		(SELECT events FROM intents WHERE id = $5), (SELECT provider FROM intents WHERE id = $5))`,
			args: append(slices.Clone(args), eventCounter),
		},
	}
}

// streamEvents adds events in the order of their rows.
func streamEvents(rows [][]any) []statement {
	const types = "tttttit"

	// The counters are at the last of the events, and each is so far behind.
	numbers, counts := ordinals(rows, eventSubject)
	var behindStream, behindSubject []int64

	for k, row := range rows {
		behindStream = append(behindStream, int64(len(rows)-1-k))
		behindSubject = append(behindSubject, counts[textOf(row, eventSubject)]-numbers[k])
	}

	var subjects []string
	var added []int64

	for subject, count := range counts {
		subjects = append(subjects, subject)
		added = append(added, count)
	}

	insert := `INSERT INTO events
		(type, kind, intent_id, parent_id, created_at, data, position, sequence, provider)
		SELECT c1, c2, c3, c4, c6, c7, counters.value - c8, intents.events - c9, intents.provider
		FROM ` + valuesOfRows(types+"ii") + `
		JOIN counters ON counters.name = $10 JOIN intents ON intents.id = c5`
	args := append(columnsOf(rows, types), behindStream, behindSubject, eventCounter)

	return []statement{
		{query: advanceCounter, args: []any{eventCounter, 1, len(rows)}},
		{
			query: `UPDATE intents SET events = events + c2 FROM ` +
				valuesOfRows("ti") + ` WHERE id = c1`,
			args: []any{subjects, added},
		},
		{query: insert, args: args},
	}
}

const eventColumns = `position, type, kind, intent_id, parent_id, sequence, created_at, data`

// Events is EventsOf for the intents of any provider.
func (t *Tx) Events(
	ctx context.Context,
	after uint64,
	types []string,
	limit int,
) ([]payment.Event, error) {
	return t.EventsOf(ctx, after, types, nil, limit)
}

// EventsOf reads at most limit events of the stream after a position, oldest
// first. types, when there are any, are exact types, or prefixes with a dot and
// a star ("payout.*"). providers, when there are any, are those of the intents.
// The list is empty, not nil, when there is none.
func (t *Tx) EventsOf(
	ctx context.Context,
	after uint64,
	types []string,
	providers []string,
	limit int,
) ([]payment.Event, error) {
	out := []payment.Event{} // which JSON shows as a list
	if len(types) == 0 && len(providers) == 0 {
		found, err := queryAll(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM events
			WHERE position > $1 ORDER BY position`+limitedTo(limit), int64(after))
		return append(out, found...), err
	}

	named, err := t.eventTypes(ctx, types)
	if err != nil || len(named) == 0 {
		return out, err
	}
	if len(providers) == 0 {
		found, err := t.eventsOfTypes(ctx, after, named, "", limit)
		return append(out, found...), err
	}

	for _, provider := range providers {
		found, err := t.eventsOfTypes(ctx, after, named, provider, limit)
		if err != nil {
			return out, err
		}
		out = append(out, found...)
	}

	// The ids sort as the stream does.
	slices.SortFunc(
		out,
		func(a, b payment.Event) int { return strings.Compare(a.ID, b.ID) },
	)

	return out[:min(len(out), limit)], nil
}

// eventsOfTypes reads the first events of any of some types, and of a provider
// unless that is "". Each type has a page of its own from an index, so that a
// rare type is not looked for among all the others.
func (t *Tx) eventsOfTypes(
	ctx context.Context,
	after uint64,
	types []string,
	provider string,
	limit int,
) ([]payment.Event, error) {
	args := []any{int64(after)}
	of := ""
	if provider != "" {
		args = append(args, provider)
		of = ` AND provider = $2`
	}

	var pages []string
	for _, name := range types {
		args = append(args, name)
		pages = append(
			pages,
			fmt.Sprintf(`SELECT * FROM (SELECT `+eventColumns+` FROM events
			WHERE type = $%d AND position > $1`+of+` ORDER BY position`+limitedTo(limit)+`) AS page%[1]d`,
				len(args)),
		)
	}

	query := `SELECT * FROM (` + strings.Join(pages, " UNION ALL ") + `) AS pages
		ORDER BY position` + limitedTo(limit)
	return queryAll(ctx, t, scanEvent, query, args...)
}

// eventTypes returns the types that patterns stand for. A prefix stands for
// those of the types that there are in the stream, and no pattern for all of
// them.
func (t *Tx) eventTypes(
	ctx context.Context,
	patterns []string,
) (types []string, err error) {
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}

	var present []string
	for _, pattern := range patterns {
		prefix, isPrefix := strings.CutSuffix(pattern, "*")
		if !isPrefix {
			types = append(types, pattern)
			continue
		}

		if present == nil {
			present, err = t.distinct(ctx, `SELECT type FROM events WHERE type > $1
				ORDER BY type LIMIT 1`)
			if err != nil {
				return nil, err
			}
		}

		for _, name := range present {
			if strings.HasPrefix(name, prefix) {
				types = append(types, name)
			}
		}
	}

	slices.Sort(types)
	return slices.Compact(types), nil
}

// Event reads one event of the stream. The error is ErrNotFound when there is
// none at the position.
func (t *Tx) Event(ctx context.Context, position uint64) (payment.Event, error) {
	if position == 0 {
		return payment.Event{}, ErrNotFound
	}

	// The first event from there on may be a later one.
	found, err := t.Events(ctx, position-1, nil, 1)
	if err != nil {
		return payment.Event{}, err
	}

	if len(found) == 0 || found[0].ID != EventID(position) {
		return payment.Event{}, ErrNotFound
	}

	return found[0], nil
}

func scanEvent(row scanner) (e payment.Event, err error) {
	var (
		position, created int64
		kind              payment.Kind
		id, parent, data  string
	)
	err = row.Scan(&position, &e.Type, &kind, &id, &parent, &e.Sequence, &created, &data)
	if err != nil {
		return e, err
	}

	e.ID = EventID(uint64(position))
	e.CreatedAt = fromMicros(created)
	e.Data = json.RawMessage(data)

	switch kind {
	case payment.KindPayment:
		e.PaymentID = id
	case payment.KindPayout:
		e.PayoutID = id
	case payment.KindRefund:
		e.RefundID = id
		e.PaymentID = parent
	}

	return e, nil
}

const eventPrefix = "evt_"

// EventID returns the id of the event at a position of the stream. Ids have a
// fixed width, so that they sort as the stream does.
func EventID(position uint64) string {
	return fmt.Sprintf("%s%013s", eventPrefix, strconv.FormatUint(position, 32))
}

// EventPosition returns the position of the event with an id; 0, the beginning
// of the stream, for "". The error is that the id is not one of EventID's.
func EventPosition(id string) (uint64, error) {
	if id == "" {
		return 0, nil
	}
	text, ok := strings.CutPrefix(id, eventPrefix)
	position, err := strconv.ParseUint(text, 32, 63)
	if !ok || err != nil {
		return 0, fmt.Errorf(`an event id looks like %q`, EventID(1))
	}
	return position, nil
}
