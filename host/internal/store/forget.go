package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/host/payment"
)

// settledIntent is the condition that the intent i is over: no attempt, no
// doubt and no operator's decision is left.
const settledIntent = `i.status IN ('succeeded', 'failed', 'canceled', 'expired') AND i.doubt = ''`

// EmptyExchangesBefore empties the exchanges of attempts that began before a
// time and whose intent is over, at most limit of them, and returns how many.
func (t *Tx) EmptyExchangesBefore(
	ctx context.Context,
	before time.Time,
	limit int,
) (int64, error) {
	return t.exec(ctx, `UPDATE attempts SET exchanges = '' WHERE (intent_id, number) IN (
		SELECT a.intent_id, a.number FROM attempts AS a JOIN intents AS i ON i.id = a.intent_id
		WHERE a.exchanges <> '' AND a.started_at < $1 AND a.outcome <> '' AND `+settledIntent+`
		ORDER BY a.started_at LIMIT $2)`,
		micros(before), limit)
}

// DeleteWebhooksBefore deletes verified webhooks that were received before a
// time. It looks at the next limit of them after an id and returns how many it
// deleted, and the id for the next call, "" at the end. Webhooks that wait,
// failed or fit nothing are kept, and so are those of an intent that is not
// over.
func (t *Tx) DeleteWebhooksBefore(
	ctx context.Context,
	before time.Time,
	after string,
	limit int,
) (deleted int64, next string, err error) {
	type candidate struct {
		id        string
		received  int64
		deletable bool
		intents   []string
	}
	scan := func(row scanner) (one candidate, err error) {
		var state payment.WebhookState
		var verified int64
		var own, ids string
		err = row.Scan(&one.id, &one.received, &state, &verified, &own, &ids)
		if err != nil {
			return one, err
		}
		one.deletable = verified == 1 && slices.Contains(endedWebhooks, state)
		err = unmarshal(ids, &one.intents)
		if own != "" {
			one.intents = append(one.intents, own)
		}
		return one, err
	}

	// The order of ids is that of time: none after the first young one is old.
	found, err := queryAll(ctx, t, scan, `SELECT id, received_at, state, verified, intent_id,
		intent_ids FROM webhooks WHERE id > $1 ORDER BY id`+limitedTo(limit), after)
	if err != nil {
		return 0, "", err
	}

	for _, one := range found {
		if one.received >= micros(before) {
			return deleted, "", nil
		}
		if !one.deletable {
			continue
		}
		open, err := t.anyOpen(ctx, one.intents)
		if err != nil {
			return 0, "", err
		}
		if open {
			continue
		}
		count, err := t.exec(ctx, `DELETE FROM webhooks WHERE id = $1
			AND state IN ('applied', 'ignored')`, one.id)
		if err != nil {
			return 0, "", err
		}
		deleted += count
	}
	if len(found) == limit {
		next = found[limit-1].id
	}

	return deleted, next, nil
}

// endedWebhooks are the states of webhooks that nobody has to look at.
var endedWebhooks = []payment.WebhookState{payment.WebhookApplied, payment.WebhookIgnored}

// anyOpen reports whether one of some intents is not over.
func (t *Tx) anyOpen(ctx context.Context, ids []string) (bool, error) {
	if len(ids) == 0 {
		return false, nil
	}
	args := make([]any, 0, len(ids))
	for _, id := range ids {
		args = append(args, id)
	}

	open, err := t.firstText(ctx, `SELECT i.id FROM intents AS i WHERE i.id IN (`+
		placeholders(1, len(ids))+`) AND NOT (`+settledIntent+`) LIMIT 1`, args...)
	return open != "", err
}

// DeleteEventsBefore deletes events of the stream from before a time. It looks
// at the next limit of them after a position and returns how many it deleted,
// and the position for the next call; more is false at the end. An event is
// kept until it has been pushed, where events are or were pushed, and while its
// payment or payout is not over.
func (t *Tx) DeleteEventsBefore(
	ctx context.Context,
	before time.Time,
	after uint64,
	limit int,
) (deleted int64, next uint64, more bool, err error) {
	type place struct{ position, created int64 }
	scan := func(row scanner) (one place, err error) {
		err = row.Scan(&one.position, &one.created)
		return one, err
	}
	found, err := queryAll(ctx, t, scan, `SELECT position, created_at FROM events
		WHERE position > $1 ORDER BY position`+limitedTo(limit), int64(after))
	if err != nil {
		return 0, after, false, err
	}

	last := int64(after)
	more = len(found) == limit
	for _, one := range found {
		if one.created >= micros(before) {
			more = false
			break
		}
		last = one.position
	}

	// The pusher reads the stream, so that an event stays until it was there.
	pushed, err := t.pushedUpTo(ctx)
	if err != nil {
		return 0, after, false, err
	}
	if last > pushed {
		last, more = pushed, false
	}
	if last <= int64(after) {
		return 0, after, false, nil
	}

	deleted, err = t.exec(ctx, `DELETE FROM events WHERE position > $1 AND position <= $2
		AND NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.position = events.position)
		AND NOT EXISTS (SELECT 1 FROM intents AS i WHERE (i.id = events.intent_id
			OR i.id = events.parent_id) AND NOT (`+settledIntent+`))`,
		int64(after), last)
	return deleted, uint64(last), more, err
}

// pushedUpTo returns the position up to which events have been enqueued for
// pushing: the end of every stream where nothing was ever pushed.
func (t *Tx) pushedUpTo(ctx context.Context) (int64, error) {
	text, err := t.Setting(ctx, pushCursor)
	if err != nil {
		return 0, err
	}
	if text == "" {
		return 1<<63 - 1, nil
	}
	after, _, err := t.pushPosition(ctx)
	return int64(after), err
}

// IntentsToErase returns the ids of at most limit intents from before a time
// that are over, with their refunds, and still say who the customer is.
func (t *Tx) IntentsToErase(
	ctx context.Context,
	before time.Time,
	limit int,
) ([]string, error) {
	return t.texts(ctx, `SELECT i.id FROM intents AS i WHERE i.erased = 0 AND i.created_at < $1
		AND `+settledIntent+` AND NOT EXISTS (SELECT 1 FROM intents AS r WHERE r.parent_id = i.id
			AND r.parent_id <> '' AND NOT (r.status IN ('succeeded', 'failed', 'canceled', 'expired') AND r.doubt = ''))
		ORDER BY i.created_at`+limitedTo(limit), micros(before))
}

// PersonIntent is an intent of a person, as IntentsOfPerson finds it.
type PersonIntent struct {
	ID     string
	Kind   payment.Kind
	Status payment.Status
	// Over says that nothing of it is open.
	Over bool
	// Values are what its request says of the person.
	Values []string
}

// IntentsOfPerson reads the next limit intents after an id and returns those
// whose request names a customer or recipient by an id, and the last id that it
// has looked at, "" at the end.
func (t *Tx) IntentsOfPerson(
	ctx context.Context,
	person, after string,
	limit int,
) (found []PersonIntent, last string, err error) {
	type row struct {
		PersonIntent
		doubt, request string
	}
	scan := func(from scanner) (one row, err error) {
		err = from.Scan(&one.ID, &one.Kind, &one.Status, &one.doubt, &one.request)
		return one, err
	}
	rows, err := queryAll(ctx, t, scan, `SELECT id, kind, status, doubt, request FROM intents
		WHERE id > $1 ORDER BY id`+limitedTo(limit), after)
	if err != nil {
		return nil, "", err
	}

	for _, one := range rows {
		id, values := personIn(one.request)
		if id != person {
			continue
		}
		one.Values = values
		one.Over = one.Status.Final() && (one.doubt == "")
		found = append(found, one.PersonIntent)
	}
	if len(rows) == limit {
		last = rows[limit-1].ID
	}

	return found, last, nil
}

// RefundsOf returns the refunds of a payment, as IntentsOfPerson does.
func (t *Tx) RefundsOf(ctx context.Context, id string) ([]PersonIntent, error) {
	scan := func(from scanner) (one PersonIntent, err error) {
		var doubt string
		err = from.Scan(&one.ID, &one.Kind, &one.Status, &doubt)
		one.Over = one.Status.Final() && (doubt == "")
		return one, err
	}
	return queryAll(ctx, t, scan, `SELECT id, kind, status, doubt FROM intents
		WHERE parent_id = $1 AND parent_id <> '' ORDER BY id`, id)
}

// personIn returns the id of the customer or recipient of a stored request, and
// all that the request says of them.
func personIn(request string) (id string, values []string) {
	var parts struct {
		Customer  map[string]any `json:"customer"`
		Recipient map[string]any `json:"recipient"`
	}
	if json.Unmarshal([]byte(request), &parts) != nil {
		return "", nil // damaged, and shown as such elsewhere
	}

	for _, part := range []map[string]any{parts.Customer, parts.Recipient} {
		for name, value := range part {
			text, _ := value.(string)
			if name == "id" && text != "" {
				id = text
			}
			// Shorter ones would be found in what is not about the person.
			if len(text) >= ShortestValue {
				values = append(values, text)
			}
		}
	}

	return id, values
}

// ShortestValue is the least length of what is looked for in stored texts: shorter
// values are found in what is not about the person.
const ShortestValue = 5

// holds reports whether a text has one of some values in it.
func holds(text string, values []string) bool {
	for _, value := range values {
		if strings.Contains(text, value) {
			return true
		}
	}
	return false
}
