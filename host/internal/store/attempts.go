package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/payhost/payhost/host/payment"
)

// InsertAttempt records a call that is about to be made. The database refuses a
// second open attempt of one intent.
func (t *Tx) InsertAttempt(ctx context.Context, intentID string, a payment.Attempt) error {
	delete(t.ahead, intentID)
	t.wrote(intentID)
	return t.later(
		ctx,
		`INSERT INTO attempts (intent_id, number, verb, amount, action_key, started_at, deadline, duration_ms,
		plugin_version, fingerprint, host, outcome, code, provider_code, message, exchanges, rules)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, '', '', '', '', '', 1)`,
		intentID,
		a.Number,
		a.Verb,
		amountOrEmpty(a.Amount),
		a.ActionKey,
		micros(a.StartedAt),
		micros(a.Deadline),
		a.PluginVersion,
		a.Fingerprint,
		a.Host,
	)
}

// FinishAttempt records what became of a call. An attempt that already has an
// outcome keeps it.
func (t *Tx) FinishAttempt(ctx context.Context, intentID string, a payment.Attempt) error {
	exchanges, err := json.Marshal(a.Exchanges)
	if err != nil {
		return err
	}
	delete(t.ahead, intentID)
	t.finished(intentID, a)

	return t.later(
		ctx,
		`UPDATE attempts SET duration_ms = $3, outcome = $4, code = $5, provider_code = $6, message = $7,
		exchanges = $8 WHERE intent_id = $1 AND number = $2 AND outcome IN ('', 'unknown')`,
		intentID,
		a.Number,
		a.DurationMS,
		a.Outcome,
		a.Code,
		a.ProviderCode,
		a.Message,
		string(exchanges),
	)
}

const attemptColumns = `number, verb, amount, action_key, started_at, deadline, duration_ms, plugin_version, fingerprint, host, outcome, code,
	provider_code, message, exchanges`

// Attempts reads an intent's attempts, oldest first.
func (t *Tx) Attempts(ctx context.Context, intentID string) ([]payment.Attempt, error) {
	if known, ok := t.ahead[intentID]; ok {
		return slices.Clone(known.list), known.err
	}
	out, err := list(ctx, t, scanAttempt, attemptsOf, intentID)
	if out == nil {
		out = []payment.Attempt{} // which JSON shows as a list
	}
	return out, err
}

const attemptsOf = `SELECT ` + attemptColumns + ` FROM attempts WHERE intent_id = $1 ORDER BY number`

// readAhead reads an intent's attempts together with the next statement, where
// that saves a round trip.
func (t *Tx) readAhead(ctx context.Context, intentID string) error {
	if !t.engine.trips {
		return nil
	}
	attempts := &attemptsAhead{list: []payment.Attempt{}}
	if t.ahead == nil {
		t.ahead = map[string]*attemptsAhead{}
	}

	t.ahead[intentID] = attempts
	return t.laterEach(ctx, attemptsOf, []any{intentID}, func(row scanner) error {
		a, err := scanAttempt(row)
		attempts.add(a, err)
		return nil // whoever wants them hears of it
	})
}

// attemptsAhead are attempts that were read before anybody asked for them.
type attemptsAhead struct {
	list []payment.Attempt
	err  error
}

func (a *attemptsAhead) add(one payment.Attempt, err error) {
	a.list, a.err = append(a.list, one), errors.Join(a.err, err)
}

func scanAttempt(row scanner) (a payment.Attempt, err error) {
	var (
		started, deadline int64
		amount, exchanges string
	)
	err = row.Scan(
		&a.Number,
		&a.Verb,
		&amount,
		&a.ActionKey,
		&started,
		&deadline,
		&a.DurationMS,
		&a.PluginVersion,
		&a.Fingerprint,
		&a.Host,
		&a.Outcome,
		&a.Code,
		&a.ProviderCode,
		&a.Message,
		&exchanges,
	)
	if err != nil {
		return a, err
	}

	a.StartedAt, a.Deadline = fromMicros(started), fromMicros(deadline)
	a.Amount, err = amountOrNil(amount)
	return a, errors.Join(err, unmarshal(exchanges, &a.Exchanges))
}

// LostAttempts returns the ids of intents with an attempt that is still open
// although its deadline passed before limit, or although its host has given no
// sign of life since alive: that host has died or hangs.
func (t *Tx) LostAttempts(
	ctx context.Context,
	limit, alive time.Time,
	most int,
) ([]string, error) {
	return t.strings(ctx, `SELECT DISTINCT intent_id FROM attempts WHERE outcome = ''
		AND (deadline < $1 OR host NOT IN (SELECT instance FROM hosts WHERE beat_at >= $2))`+limitedTo(most),
		micros(limit), micros(alive))
}

// AddHistory adds a line to an intent's history.
func (t *Tx) AddHistory(ctx context.Context, intentID string, c payment.Change) error {
	return t.later(
		ctx,
		`INSERT INTO history (intent_id, position, at, actor, action, from_status, to_status, note)
		VALUES ($1, (SELECT COALESCE(MAX(position), 0) + 1 FROM history WHERE intent_id = $1), $2, $3, $4, $5, $6, $7)`,
		intentID,
		micros(c.At),
		c.Actor,
		c.Action,
		c.From,
		c.To,
		c.Note,
	)
}

// LastAction reads what the newest line of an intent's history says happened,
// "" when there is none.
func (t *Tx) LastAction(ctx context.Context, intentID string) (string, error) {
	last, err := t.strings(
		ctx,
		`SELECT action FROM history WHERE intent_id = $1 ORDER BY position DESC LIMIT 1`,
		intentID,
	)
	if err != nil || len(last) == 0 {
		return "", err
	}
	return last[0], nil
}

// History reads an intent's history, oldest first.
func (t *Tx) History(ctx context.Context, intentID string) ([]payment.Change, error) {
	return list(ctx, t, scanChange, historyOf, intentID)
}

const historyOf = `SELECT at, actor, action, from_status, to_status, note FROM history WHERE intent_id = $1 ORDER BY position`

func scanChange(row scanner) (c payment.Change, err error) {
	var at int64
	err = row.Scan(&at, &c.Actor, &c.Action, &c.From, &c.To, &c.Note)
	c.At = fromMicros(at)
	return c, err
}

// strings returns a column of text.
func (t *Tx) strings(ctx context.Context, query string, args ...any) ([]string, error) {
	return list(
		ctx,
		t,
		func(row scanner) (s string, err error) { err = row.Scan(&s); return s, err },
		query,
		args...)
}
