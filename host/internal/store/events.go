package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/payhost/payhost/host/payment"
)

// eventCounter numbers the one stream of events. Its row is locked until the
// commit, so that positions become visible in order and a reader that has seen
// one has seen all before it.
const eventCounter = "events"

// AppendEvent adds an event to the stream, which gives it its id, and its
// number among the events of its payment or payout. The events of a payment and
// of its refunds have one numbering, for whoever reads them in order reads them
// together.
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
	if err := t.later(ctx, count, eventCounter, 1); err != nil {
		return err
	}

	if err := t.later(ctx, `UPDATE intents SET events = events + 1 WHERE id = $1`, subject); err != nil {
		return err
	}

	return t.later(
		ctx,
		`INSERT INTO events (position, type, kind, intent_id, parent_id, subject, sequence, created_at, data)
		VALUES ((SELECT value FROM counters WHERE name = $1), $2, $3, $4, $5, $6, (SELECT events FROM intents WHERE id = $6), $7, $8)`,
		eventCounter,
		e.Type,
		kind,
		intentID,
		parentID,
		subject,
		micros(e.CreatedAt),
		string(e.Data),
	)
}

// Events reads the stream after a position, oldest first. Types, when given,
// are exact types or prefixes with a dot and a star ("payout.*").
func (t *Tx) Events(
	ctx context.Context,
	after uint64,
	types []string,
	limit int,
) ([]payment.Event, error) {
	args := []any{int64(after)}
	where := "position > $1"
	if len(types) > 0 {
		var any []string
		for _, typ := range types {
			if prefix, ok := strings.CutSuffix(typ, "*"); ok {
				// No range: which text lies between two others depends on the
				// database's collation.
				args = append(args, prefix)
				any = append(
					any,
					fmt.Sprintf(
						"substr(type, 1, %d) = $%d",
						utf8.RuneCountInString(prefix),
						len(args),
					),
				)

				continue
			}

			args = append(args, typ)
			any = append(any, fmt.Sprintf("type = $%d", len(args)))
		}

		where += " AND (" + strings.Join(any, " OR ") + ")"
	}

	args = append(args, limit)
	out, err := list(
		ctx,
		t,
		scanEvent,
		fmt.Sprintf(
			`SELECT position, type, kind, intent_id, parent_id, sequence, created_at, data
		FROM events WHERE %s ORDER BY position LIMIT $%d`,
			where,
			len(args),
		),
		args...)
	if out == nil {
		out = []payment.Event{} // which JSON shows as a list
	}

	return out, err
}

func scanEvent(row scanner) (e payment.Event, err error) {
	var (
		position, at     int64
		kind             payment.Kind
		id, parent, data string
	)
	if err := row.Scan(&position, &e.Type, &kind, &id, &parent, &e.Sequence, &at, &data); err != nil {
		return e, err
	}

	e.ID = EventID(uint64(position))
	e.CreatedAt = fromMicros(at)
	e.Data = json.RawMessage(data)

	switch kind {
	case payment.KindPayment:
		e.PaymentID = id
	case payment.KindPayout:
		e.PayoutID = id
	case payment.KindRefund:
		e.RefundID, e.PaymentID = id, parent
	}

	return e, nil
}

const eventPrefix = "evt_"

// EventID names a position of the stream: fixed width, so that ids sort as the
// stream does.
func EventID(position uint64) string {
	return fmt.Sprintf("%s%013s", eventPrefix, strconv.FormatUint(position, 32))
}

// EventPosition reads an event id; "" is the beginning.
func EventPosition(id string) (uint64, error) {
	if id == "" {
		return 0, nil
	}
	text, ok := strings.CutPrefix(id, eventPrefix)
	n, err := strconv.ParseUint(text, 32, 63)
	if !ok || err != nil {
		return 0, fmt.Errorf(`an event id looks like %q`, EventID(1))
	}
	return n, nil
}
