package store

import (
	"context"
	"errors"
	"slices"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// This file reads rows before they are asked for, where the answer of each
// statement costs a round trip. Callers of the store see none of it; each row
// is as it would be if it were read when it is asked for. There are two cases.
//
// A commit of several writes reads the intents and events that WriteIntent and
// ApplyEvents name for all of them in one round trip, before the first write
// begins. A row that was read like that belongs to the first write that names
// it, and is dropped as soon as another write changes it.
//
// Within one write, the attempts of an intent, and whether an event is applied,
// are read in the same round trip as the intent.

// prefetch names the rows that a write is likely to read. A row that is missing
// here is read when it is asked for, and one too many does no harm.
type prefetch struct {
	intents []string // ids, for IntentForUpdate
	events  []eventKey
}

// eventKey is an event of a provider, with texts as the database has them.
type eventKey struct{ provider, id string }

func newEventKey(provider, id string) eventKey {
	return eventKey{sanitized(provider), sanitized(id)}
}

// prefetched are the rows that were read for the writes of one commit.
type prefetched struct {
	intents map[string]*prefetchedIntent
	applied map[eventKey]bool // of events, whether they are applied
	pauses  *pausesRead       // nil where the transaction is nobody else's
	sums    *sumsRead         // nil as pauses is
}

// prefetchedIntent is an intent that is locked until the commit.
type prefetchedIntent struct {
	intent   *intent.Intent
	attempts *attemptList // nil when they have changed since
}

// attemptList is the attempts of one intent, or the error of reading them.
type attemptList struct {
	list []payment.Attempt
	err  error
}

func newAttemptList() *attemptList {
	return &attemptList{list: []payment.Attempt{}} // which JSON shows as a list
}

func (a *attemptList) add(attempt payment.Attempt, err error) {
	a.list = append(a.list, attempt)
	a.err = errors.Join(a.err, err)
}

// eventState reports whether an event is applied, once the database has
// answered.
type eventState struct{ answered, applied bool }

// readAhead are the rows that a transaction has read before they are asked for.
type readAhead struct {
	// attempts and events are there when the next statement has been answered.
	attempts map[string]*attemptList // by their intent's id
	events   map[eventKey]*eventState
	// intents were prefetched for this write, rest for the writes that share
	// its commit and come after it.
	intents map[string]*prefetchedIntent
	rest    prefetched
}

func newReadAhead() readAhead {
	return readAhead{
		attempts: map[string]*attemptList{},
		events:   map[eventKey]*eventState{},
		intents:  map[string]*prefetchedIntent{},
	}
}

// prefetchFor reads the rows that jobs name, in one round trip.
func prefetchFor(ctx context.Context, tx batch, jobs []*job) (prefetched, error) {
	rows := prefetched{
		intents: map[string]*prefetchedIntent{},
		applied: map[eventKey]bool{},
	}
	var ids, providers, events []string

	for _, waiting := range jobs {
		ids = append(ids, waiting.prefetch.intents...)
		for _, event := range waiting.prefetch.events {
			providers = append(providers, event.provider)
			events = append(events, event.id)
			rows.applied[event] = false // until a row says otherwise
		}
	}

	if len(ids) == 0 && len(events) == 0 {
		return rows, nil
	}

	// The intents come first: the attempts are added to those that were found.
	err := errors.Join(
		rows.queueIntents(ctx, tx, ids),
		rows.queueAttempts(ctx, tx, ids),
		rows.queueEvents(ctx, tx, providers, events),
	)
	if err == nil {
		err = tx.flush()
	}

	return rows, err
}

// queueIntents reads intents and locks them until the commit. It leaves out the
// rows that another transaction has locked: the write that names such a row
// waits for it alone.
func (p prefetched) queueIntents(ctx context.Context, tx transaction, ids []string) error {
	query := `SELECT ` + intentColumns + ` FROM intents WHERE id = ANY($1)
		ORDER BY id FOR UPDATE SKIP LOCKED`
	return tx.queue(ctx, query, sanitizedArgs([]any{ids}), func(row scanner) error {
		// The write that names a damaged intent reads it again, and returns
		// the error.
		if found, err := scanIntent(row); err == nil {
			p.intents[found.ID] = &prefetchedIntent{found, newAttemptList()}
		}
		return nil
	})
}

// queueAttempts reads the attempts of the intents that queueIntents has read.
func (p prefetched) queueAttempts(ctx context.Context, tx transaction, ids []string) error {
	query := `SELECT intent_id, ` + attemptColumns + ` FROM attempts
		WHERE intent_id = ANY($1) ORDER BY intent_id, number`
	return tx.queue(ctx, query, sanitizedArgs([]any{ids}), func(row scanner) error {
		var id string
		attempt, err := scanAttempt(afterColumn{row, &id})
		if found := p.intents[id]; found != nil {
			found.attempts.add(attempt, err)
		}
		return nil
	})
}

// queueEvents finds out which events are applied.
func (p prefetched) queueEvents(
	ctx context.Context,
	tx transaction,
	providers, events []string,
) error {
	query := `SELECT provider, event_id FROM applied_notices
		WHERE (provider, event_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`
	args := sanitizedArgs([]any{providers, events})
	return tx.queue(ctx, query, args, func(row scanner) error {
		var event eventKey
		err := row.Scan(&event.provider, &event.id)
		p.applied[event] = true
		return err
	})
}

// afterColumn scans a row whose first column is not part of the scanned thing.
type afterColumn struct {
	row   scanner
	first any
}

// Scan reads the first column, and the others into dest.
func (a afterColumn) Scan(dest ...any) error {
	return a.row.Scan(slices.Insert(dest, 0, a.first)...)
}

// usePrefetched moves the rows that this write names out of rows, so that no
// later write of the commit takes them for current.
func (t *Tx) usePrefetched(named prefetch, rows prefetched) {
	t.ahead.rest = rows
	for _, id := range named.intents {
		if found, ok := rows.intents[id]; ok {
			t.ahead.intents[id] = found
			delete(rows.intents, id)
		}
	}

	for _, event := range named.events {
		if applied, ok := rows.applied[event]; ok {
			t.ahead.events[event] = &eventState{answered: true, applied: applied}
			delete(rows.applied, event)
		}
	}
}

// takePrefetched returns an intent that was prefetched for this write, nil
// when there is none. Its attempts are then known too.
func (t *Tx) takePrefetched(id string) *intent.Intent {
	found := t.ahead.intents[id]
	if found == nil {
		return nil
	}
	delete(t.ahead.intents, id)

	t.lock(found.intent)
	if found.attempts != nil {
		t.ahead.attempts[id] = found.attempts
	}

	return found.intent
}

// readAttemptsAlong reads an intent's attempts in the round trip of the next
// statement.
func (t *Tx) readAttemptsAlong(ctx context.Context, intentID string) error {
	if !t.engine.roundTrips {
		return nil
	}
	attempts := newAttemptList()
	t.ahead.attempts[intentID] = attempts

	return t.queueEach(ctx, attemptsOfIntent, []any{intentID}, func(row scanner) error {
		attempt, err := scanAttempt(row)
		attempts.add(attempt, err)
		return nil // Attempts returns the error
	})
}

// readEventAlong reads in the round trip of the next statement whether an event
// is applied.
func (t *Tx) readEventAlong(ctx context.Context, provider, eventID string) error {
	key := newEventKey(provider, eventID)
	if _, known := t.ahead.events[key]; known || !t.engine.roundTrips {
		return nil
	}
	state := &eventState{}
	t.ahead.events[key] = state

	args := []any{provider, eventID}
	return t.queueEach(ctx, countAppliedEvent, args, func(row scanner) error {
		var count int
		err := row.Scan(&count)
		state.answered = true
		state.applied = count > 0
		return err
	})
}

// changeAttempts changes what was read of an intent's attempts, as they change
// in the database now. Another write of the commit reads the intent again.
func (t *Tx) changeAttempts(intentID string, change func(*attemptList)) {
	delete(t.ahead.rest.intents, intentID)
	if found := t.ahead.intents[intentID]; found != nil {
		found.attempts = nil
	}
	if known := t.ahead.attempts[intentID]; known != nil {
		change(known)
	}
}

// finish does to the list what FinishAttempt does in the database.
func (a *attemptList) finish(ended payment.Attempt) {
	for k := range a.list {
		was := &a.list[k]
		open := was.Outcome == "" || was.Outcome == string(sdk.OutcomeUnknown)
		if was.Number != ended.Number || !open {
			continue
		}

		was.DurationMS = ended.DurationMS
		was.Outcome = ended.Outcome
		was.Code = sanitized(ended.Code)
		was.ProviderCode = sanitized(ended.ProviderCode)
		was.Message = sanitized(ended.Message)
		was.Exchanges = ended.Exchanges
	}
}

// forgetIntent drops what was read of an intent for the other writes of the
// commit: it changes now.
func (t *Tx) forgetIntent(intentID string) {
	delete(t.ahead.rest.intents, intentID)
}

// forgetEvent drops what was read of an event: it is applied now.
func (t *Tx) forgetEvent(provider, eventID string) {
	key := newEventKey(provider, eventID)
	delete(t.ahead.rest.applied, key)
	delete(t.ahead.events, key)
}
