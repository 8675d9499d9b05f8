package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/payhost/payhost/host/payment"
)

// attemptColumns are read by scanAttempt.
const attemptColumns = `number, verb, amount, action_key, started_at, deadline, duration_ms,
	plugin_version, fingerprint, host, outcome, code, provider_code, message, exchanges`

const attemptsOfIntent = `SELECT ` + attemptColumns + ` FROM attempts
	WHERE intent_id = $1 ORDER BY number`

const (
	insertAttemptColumns = `INSERT INTO attempts (intent_id, number, verb, amount, action_key,
		started_at, deadline, duration_ms, plugin_version, fingerprint, host,
		outcome, code, provider_code, message, exchanges) `
	insertAttempt = insertAttemptColumns +
		`VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, '', '', '', '', '')`
	insertAttempts = insertAttemptColumns + `SELECT c1, c2, c3, c4, c5, c6, c7, 0, c8, c9, c10,
		'', '', '', '', '' FROM VALUES_OF_ROWS`

	finishAttempt = `UPDATE attempts SET duration_ms = $3, outcome = $4, code = $5,
		provider_code = $6, message = $7, exchanges = $8
		WHERE intent_id = $1 AND number = $2 AND outcome IN ('', 'unknown')`
	finishAttempts = `UPDATE attempts SET duration_ms = c3, outcome = c4, code = c5,
		provider_code = c6, message = c7, exchanges = c8 FROM VALUES_OF_ROWS
		WHERE intent_id = c1 AND number = c2 AND outcome IN ('', 'unknown')`
)

// InsertAttempt records a call that is about to be made. The database refuses a
// second open attempt of one intent.
func (t *Tx) InsertAttempt(ctx context.Context, intentID string, a payment.Attempt) error {
	t.changeAttempts(intentID, func(known *attemptList) {
		begun := payment.Attempt{
			Number:        a.Number,
			Verb:          a.Verb,
			Amount:        a.Amount,
			ActionKey:     sanitized(a.ActionKey),
			StartedAt:     a.StartedAt,
			Deadline:      a.Deadline,
			PluginVersion: sanitized(a.PluginVersion),
			Fingerprint:   sanitized(a.Fingerprint),
			Host:          a.Host,
		}

		known.list = append(known.list, begun)
	})

	return t.queueRow(ctx, attemptRows,
		intentID, a.Number, a.Verb, amountOrEmpty(a.Amount), a.ActionKey,
		micros(a.StartedAt), micros(a.Deadline), a.PluginVersion, a.Fingerprint, a.Host)
}

// FinishAttempt records the outcome of a call, by the attempt's number. An
// attempt that has a certain outcome already keeps it, without an error.
func (t *Tx) FinishAttempt(ctx context.Context, intentID string, a payment.Attempt) error {
	exchanges, err := json.Marshal(a.Exchanges)
	if err != nil {
		return err
	}

	t.changeAttempts(intentID, func(known *attemptList) { known.finish(a) })
	return t.queueRow(ctx, finishRows,
		intentID, a.Number, a.DurationMS, a.Outcome, a.Code,
		a.ProviderCode, a.Message, string(exchanges))
}

// Attempts reads an intent's attempts, oldest first. The list is empty, not
// nil, when there is none.
func (t *Tx) Attempts(ctx context.Context, intentID string) ([]payment.Attempt, error) {
	if known, ok := t.ahead.attempts[intentID]; ok {
		return slices.Clone(known.list), known.err
	}

	found := newAttemptList()
	list, err := queryAll(ctx, t, scanAttempt, attemptsOfIntent, intentID)
	if err != nil {
		return found.list, err
	}

	found.list = append(found.list, list...)
	t.ahead.attempts[intentID] = found

	return slices.Clone(found.list), nil
}

func scanAttempt(row scanner) (a payment.Attempt, err error) {
	var (
		started, deadline int64
		amount, exchanges string
	)
	err = row.Scan(&a.Number, &a.Verb, &amount, &a.ActionKey, &started, &deadline,
		&a.DurationMS, &a.PluginVersion, &a.Fingerprint, &a.Host,
		&a.Outcome, &a.Code, &a.ProviderCode, &a.Message, &exchanges)
	if err != nil {
		return a, err
	}

	a.StartedAt = fromMicros(started)
	a.Deadline = fromMicros(deadline)
	a.Amount, err = amountOrNil(amount)

	return a, errors.Join(err, unmarshal(exchanges, &a.Exchanges))
}

// LostAttempts returns the ids of at most limit intents with an attempt that is
// still open although its host cannot finish it any more. Either its deadline
// passed before expired, or its host has sent no heartbeat since alive: that
// host has died or hangs.
func (t *Tx) LostAttempts(
	ctx context.Context,
	expired, alive time.Time,
	limit int,
) ([]string, error) {
	return t.texts(
		ctx,
		`SELECT intent_id FROM attempts WHERE outcome = '' AND intent_id > ''
		AND (deadline < $1 OR host NOT IN (SELECT instance FROM hosts WHERE beat_at >= $2))`+
			limitedTo(limit),
		micros(expired),
		micros(alive),
	)
}
