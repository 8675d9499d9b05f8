package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/payment"
)

// InsertAttempt records a call that is about to be made.
func (t *Tx) InsertAttempt(ctx context.Context, intentID string, a payment.Attempt) error {
	_, err := t.exec(ctx, `INSERT INTO attempts (intent_id, number, verb, started_at, deadline, duration_ms, plugin_version,
		fingerprint, host, outcome, code, provider_code, message, exchanges)
		VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, '', '', '', '', '')`,
		intentID, a.Number, a.Verb, micros(a.StartedAt), micros(a.Deadline), a.PluginVersion, a.Fingerprint, a.Host)
	return err
}

// FinishAttempt records what became of a call. An attempt that already has an outcome keeps it.
func (t *Tx) FinishAttempt(ctx context.Context, intentID string, a payment.Attempt) error {
	exchanges, err := json.Marshal(a.Exchanges)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE attempts SET duration_ms = $3, outcome = $4, code = $5, provider_code = $6, message = $7,
		exchanges = $8 WHERE intent_id = $1 AND number = $2 AND outcome IN ('', 'unknown')`,
		intentID, a.Number, a.DurationMS, a.Outcome, a.Code, a.ProviderCode, a.Message, string(exchanges))
	return err
}

const attemptColumns = `number, verb, started_at, deadline, duration_ms, plugin_version, fingerprint, host, outcome, code,
	provider_code, message, exchanges`

// Attempts reads an intent's attempts, oldest first.
func (t *Tx) Attempts(ctx context.Context, intentID string) ([]payment.Attempt, error) {
	rows, err := t.query(ctx, `SELECT `+attemptColumns+` FROM attempts WHERE intent_id = $1 ORDER BY number`, intentID)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.engine.name, err)
	}
	defer rows.Close()
	out := []payment.Attempt{}
	for rows.Next() {
		var (
			a                 payment.Attempt
			started, deadline int64
			exchanges         string
		)
		if err := rows.Scan(&a.Number, &a.Verb, &started, &deadline, &a.DurationMS, &a.PluginVersion, &a.Fingerprint, &a.Host,
			&a.Outcome, &a.Code, &a.ProviderCode, &a.Message, &exchanges); err != nil {
			return nil, err
		}
		a.StartedAt, a.Deadline = fromMicros(started), fromMicros(deadline)
		if err := unmarshal(exchanges, &a.Exchanges); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

// LostAttempts gives the ids of intents with an attempt that is still open although its deadline passed before limit:
// its host has died or hangs.
func (t *Tx) LostAttempts(ctx context.Context, limit time.Time, most int) ([]string, error) {
	return t.strings(ctx, `SELECT DISTINCT intent_id FROM attempts WHERE outcome = '' AND deadline < $1 LIMIT $2`, micros(limit), most)
}

// AddHistory adds a line to an intent's history.
func (t *Tx) AddHistory(ctx context.Context, intentID string, c payment.Change) error {
	_, err := t.exec(ctx, `INSERT INTO history (intent_id, position, at, actor, action, from_status, to_status, note)
		VALUES ($1, (SELECT COALESCE(MAX(position), 0) + 1 FROM history WHERE intent_id = $1), $2, $3, $4, $5, $6, $7)`,
		intentID, micros(c.At), c.Actor, c.Action, c.From, c.To, c.Note)
	return err
}

// LastAction reads what the newest line of an intent's history says happened, "" when there is none.
func (t *Tx) LastAction(ctx context.Context, intentID string) (string, error) {
	last, err := t.strings(ctx, `SELECT action FROM history WHERE intent_id = $1 ORDER BY position DESC LIMIT 1`, intentID)
	if err != nil || len(last) == 0 {
		return "", err
	}
	return last[0], nil
}

// History reads an intent's history, oldest first.
func (t *Tx) History(ctx context.Context, intentID string) ([]payment.Change, error) {
	rows, err := t.query(ctx, `SELECT at, actor, action, from_status, to_status, note FROM history
		WHERE intent_id = $1 ORDER BY position`, intentID)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.engine.name, err)
	}
	defer rows.Close()
	var out []payment.Change
	for rows.Next() {
		var (
			c  payment.Change
			at int64
		)
		if err := rows.Scan(&at, &c.Actor, &c.Action, &c.From, &c.To, &c.Note); err != nil {
			return nil, err
		}
		c.At = fromMicros(at)
		out = append(out, c)
	}
	return out, rows.Err()
}

func (t *Tx) strings(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := t.query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.engine.name, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}
