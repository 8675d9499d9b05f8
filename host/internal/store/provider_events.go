package store

import (
	"context"
	"time"
)

const insertAppliedEvent = `INSERT INTO applied_notices
	(provider, event_id, webhook_id, applied_at)
	VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`

const countAppliedEvent = `SELECT COUNT(*) FROM applied_notices
	WHERE provider = $1 AND event_id = $2`

// ProviderEvent is an event that a provider has reported, and the intent that
// it is about.
type ProviderEvent struct {
	Provider string
	// ID is the event's name as ClaimEvent and EventApplied take it. It is
	// unique among the events of the provider.
	ID       string
	IntentID string
}

// ClaimEvent records that a webhook applies an event of a provider. The error
// is ErrExists when the event was recorded before.
func (t *Tx) ClaimEvent(
	ctx context.Context,
	provider, eventID, webhookID string,
	at time.Time,
) error {
	t.forgetEvent(provider, eventID)
	count, err := t.exec(ctx, insertAppliedEvent, provider, eventID, webhookID, micros(at))
	if err == nil && count == 0 {
		return ErrExists
	}
	return err
}

// MarkEventApplied records that a webhook has applied an event of a provider.
// An event that was recorded before stays as it is.
func (t *Tx) MarkEventApplied(
	ctx context.Context,
	provider, eventID, webhookID string,
	at time.Time,
) error {
	t.forgetEvent(provider, eventID)
	return t.queue(ctx, insertAppliedEvent, provider, eventID, webhookID, micros(at))
}

// EventApplied reports whether an event of a provider is recorded as applied.
func (t *Tx) EventApplied(ctx context.Context, provider, eventID string) (bool, error) {
	state := t.ahead.events[newEventKey(provider, eventID)]
	if state != nil && state.answered {
		return state.applied, nil
	}

	var count int
	err := t.queryRow(ctx, countAppliedEvent, provider, eventID).Scan(&count)
	return count > 0, err
}

// EventAppliedBy reads the id of the webhook that has applied an event of a
// provider, "" when none has.
func (t *Tx) EventAppliedBy(ctx context.Context, provider, eventID string) (string, error) {
	return t.firstText(ctx, `SELECT webhook_id FROM applied_notices
		WHERE provider = $1 AND event_id = $2`, provider, eventID)
}
