package store

import (
	"context"
	"errors"
	"slices"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
)

// Reading ahead: where a statement's answer costs a round trip, what the jobs of a commit are going to read is read for all
// of them together before the first begins. Each reading is one job's, and worth nothing once any other job has written
// what it is of.

// wanted names the rows that a write is likely to read. It may be more or less than that: the others are read when they
// are asked for.
type wanted struct {
	intents []string // ids, for IntentForUpdate
	events  []eventKey
}

// eventKey is a provider's event, its id as the database has it.
type eventKey struct{ provider, id string }

func newEventKey(provider, id string) eventKey { return eventKey{provider, sanitized(id)} }

// readings are what was read for the jobs of a batch.
type readings struct {
	intents map[string]*reading
	events  map[eventKey]bool // whether they are applied
}

// reading is an intent, which nobody outside of the transaction can change any more, with its attempts.
type reading struct {
	intent   *intent.Intent
	attempts *attemptsAhead // nil when they have changed since
}

func newReadings() readings {
	return readings{map[string]*reading{}, map[eventKey]bool{}}
}

// readFor reads what jobs expect, in one round trip.
func readFor(ctx context.Context, tx batch, jobs []*job) (readings, error) {
	r := newReadings()
	var ids, providers, events []string
	for _, j := range jobs {
		ids = append(ids, j.wanted.intents...)
		for _, e := range j.wanted.events {
			providers, events = append(providers, e.provider), append(events, e.id)
			r.events[e] = false
		}
	}
	if len(ids) == 0 && len(events) == 0 {
		return r, nil
	}
	err := errors.Join(r.readIntents(ctx, tx, ids), r.readEvents(ctx, tx, providers, events))
	if err == nil {
		err = tx.flush()
	}
	return r, err
}

// readEvents finds out which events are applied.
func (r readings) readEvents(ctx context.Context, tx transaction, providers, events []string) error {
	return tx.later(ctx, `SELECT provider, event_id FROM applied_notices
		WHERE (provider, event_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`, sanitizedArgs([]any{providers, events}), func(row scanner) error {
		var k eventKey
		err := row.Scan(&k.provider, &k.id)
		r.events[k] = true
		return err
	})
}

// readIntents locks what it reads until the commit. What somebody else has locked is left out: whoever wants it waits for
// it alone.
func (r readings) readIntents(ctx context.Context, tx transaction, ids []string) error {
	err := tx.later(ctx, `SELECT `+intentColumns+` FROM intents WHERE id = ANY($1) ORDER BY id FOR UPDATE SKIP LOCKED`,
		sanitizedArgs([]any{ids}), func(row scanner) error {
			if i, err := scanIntent(row); err == nil { // else whoever wants it hears of it
				r.intents[i.ID] = &reading{i, &attemptsAhead{list: []payment.Attempt{}}}
			}
			return nil
		})
	if err != nil {
		return err
	}
	return tx.later(ctx, `SELECT intent_id, `+attemptColumns+` FROM attempts WHERE intent_id = ANY($1) ORDER BY intent_id, number`,
		sanitizedArgs([]any{ids}), func(row scanner) error {
			var id string
			a, err := scanAttempt(behind{row, &id})
			if of := r.intents[id]; of != nil {
				of.attempts.add(a, err)
			}
			return nil
		})
}

// behind scans a row whose first column is something else.
type behind struct {
	row   scanner
	first any
}

func (b behind) Scan(dest ...any) error { return b.row.Scan(slices.Insert(dest, 0, b.first)...) }

// expect gives this transaction what was read for it, which is then nobody else's.
func (t *Tx) expect(e wanted, read readings) {
	t.shared, t.mine = read, newReadings()
	for _, id := range e.intents {
		if found, ok := read.intents[id]; ok {
			t.mine.intents[id] = found
			delete(read.intents, id)
		}
	}
	for _, k := range e.events {
		if applied, ok := read.events[k]; ok {
			t.mine.events[k] = applied
			delete(read.events, k)
		}
	}
}

// finished brings what was read ahead of an attempt up to date.
func (t *Tx) finished(intentID string, a payment.Attempt) {
	delete(t.shared.intents, intentID)
	of := t.mine.intents[intentID]
	if of == nil || of.attempts == nil {
		return
	}
	for k, was := range of.attempts.list {
		if was.Number != a.Number || was.Outcome != "" && was.Outcome != "unknown" {
			continue
		}
		was.DurationMS, was.Outcome, was.Exchanges = a.DurationMS, a.Outcome, a.Exchanges
		was.Code, was.ProviderCode, was.Message = sanitized(a.Code), sanitized(a.ProviderCode), sanitized(a.Message)
		of.attempts.list[k] = was
	}
}

// wrote forgets what was read ahead of an intent's attempts, and for others of the intent.
func (t *Tx) wrote(intentID string) {
	delete(t.shared.intents, intentID)
	if of := t.mine.intents[intentID]; of != nil {
		of.attempts = nil
	}
}

// took forgets what was read ahead of an event.
func (t *Tx) took(k eventKey) {
	delete(t.shared.events, k)
	delete(t.mine.events, k)
	delete(t.applied, k)
}
