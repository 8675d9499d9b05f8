package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// KeptUnverified is how many bytes are kept of the body of a webhook that did
// not verify.
const KeptUnverified = 64 << 10

// Webhook is one request from outside, as it was received: a provider's webhook
// or a customer's return.
type Webhook struct {
	ID       string
	Provider string
	// Purpose is "webhook", "return" or "cancel".
	Purpose string
	Scope   sdk.URLScope
	// IntentID is the intent whose URL it came on, in the scope of an intent.
	IntentID   string
	Request    sdk.HTTPRequest
	State      payment.WebhookState
	Verified   bool
	Events     int
	IntentIDs  []string // the intents that its events were applied to
	Error      string
	Tries      int
	NextTryAt  time.Time // zero: it is not tried again by itself
	ReceivedAt time.Time
}

// webhookColumns are read by scanWebhook.
const webhookColumns = `id, provider, purpose, scope, intent_id, received_at, remote_address,
	method, query, headers, body, state, verified, events, intent_ids, error, tries,
	next_try_at`

// InsertWebhook stores a webhook before anything else is done with it.
func (t *Tx) InsertWebhook(ctx context.Context, w *Webhook) error {
	headers, err := json.Marshal(w.Request.Header)
	if err != nil {
		return err
	}

	return t.queue(ctx,
		`INSERT INTO webhooks (`+webhookColumns+`) VALUES (`+placeholders(1, 18)+`)`,
		w.ID, w.Provider, w.Purpose, w.Scope, w.IntentID, micros(w.ReceivedAt),
		w.Request.RemoteAddress, w.Request.Method, w.Request.Query, string(headers),
		w.Request.Body, w.State, boolInt(w.Verified), w.Events, idsJSON(w.IntentIDs),
		w.Error, w.Tries, micros(w.NextTryAt))
}

// SaveWebhook writes the outcome of a webhook. When it has been read and did
// not verify, only the first KeptUnverified bytes of its body are kept.
func (t *Tx) SaveWebhook(ctx context.Context, w *Webhook) error {
	// An unverified sender can make the host keep only so much.
	refused := !w.Verified && w.State != payment.WebhookPending
	if refused && len(w.Request.Body) > KeptUnverified {
		err := t.queue(ctx, `UPDATE webhooks SET body = $2 WHERE id = $1`,
			w.ID, w.Request.Body[:KeptUnverified])
		if err != nil {
			return err
		}
	}

	return t.queue(ctx, `UPDATE webhooks SET state = $2, verified = $3, events = $4,
		intent_ids = $5, error = $6, tries = $7, next_try_at = $8 WHERE id = $1`,
		w.ID, w.State, boolInt(w.Verified), w.Events, idsJSON(w.IntentIDs), w.Error,
		w.Tries, micros(w.NextTryAt))
}

// ClaimWebhook records the next try of a webhook that still waits for the try
// at was. claimed is false when another host has claimed it, or has processed
// it meanwhile.
func (t *Tx) ClaimWebhook(
	ctx context.Context,
	w *Webhook,
	was time.Time,
) (claimed bool, err error) {
	count, err := t.exec(ctx, `UPDATE webhooks SET state = $3, error = $4, tries = $5,
		next_try_at = $6
		WHERE id = $1 AND state = $7 AND next_try_at = $2`,
		w.ID, micros(was), w.State, w.Error, w.Tries, micros(w.NextTryAt),
		payment.WebhookPending)
	return count == 1, err
}

// Webhook reads one webhook. The error is ErrNotFound when there is none.
func (t *Tx) Webhook(ctx context.Context, id string) (*Webhook, error) {
	return scanWebhook(
		t.queryRow(ctx, `SELECT `+webhookColumns+` FROM webhooks WHERE id = $1`, id),
	)
}

// DueWebhooks reads the webhooks of a provider that are to be tried again by
// now, those first that are due longest.
func (t *Tx) DueWebhooks(
	ctx context.Context,
	provider string,
	now time.Time,
	limit int,
) ([]*Webhook, error) {
	return queryAll(ctx, t, scanWebhook, `SELECT `+webhookColumns+` FROM webhooks
		WHERE state = $1 AND next_try_at > 0 AND next_try_at <= $2 AND provider = $3
		ORDER BY next_try_at, id`+limitedTo(limit),
		payment.WebhookPending, micros(now), provider)
}

// WebhookProviders returns the names of the providers that have webhooks to be
// tried again by now. It takes two steps for each of them.
func (t *Tx) WebhookProviders(ctx context.Context, now time.Time) ([]string, error) {
	return t.providersDue(ctx, "webhooks", "next_try_at", now)
}

// WebhookFilter narrows a list of webhooks. Zero values do not narrow.
type WebhookFilter struct {
	Provider  string
	Providers []string // one of them
	State     payment.WebhookState
	Before    string // an id: only older ones
	Limit     int
}

// ListWebhooks reads newest first.
func (t *Tx) ListWebhooks(ctx context.Context, f WebhookFilter) ([]*Webhook, error) {
	where := conditions{clauses: []string{"id > ''"}}
	where.addText("provider =", f.Provider)
	where.addText("state =", string(f.State))
	where.addText("id <", f.Before)

	query := where.newestFirst("webhooks", webhookColumns, "id DESC", f.Providers, f.Limit)
	return queryAll(ctx, t, scanWebhook, query, where.args...)
}

// DeleteUnverifiedBefore deletes unverified webhooks that were received before
// a time, at most limit of them, and returns how many.
func (t *Tx) DeleteUnverifiedBefore(
	ctx context.Context,
	before time.Time,
	limit int,
) (int64, error) {
	return t.exec(ctx, `DELETE FROM webhooks WHERE id IN
		(SELECT id FROM webhooks WHERE verified = 0 AND state <> $1
		AND received_at < $2 LIMIT $3)`,
		payment.WebhookPending, micros(before), limit)
}

func scanWebhook(row scanner) (*Webhook, error) {
	var (
		w                        Webhook
		received, next, verified int64
		headers, ids             string
	)
	err := row.Scan(&w.ID, &w.Provider, &w.Purpose, &w.Scope, &w.IntentID, &received,
		&w.Request.RemoteAddress, &w.Request.Method, &w.Request.Query, &headers,
		&w.Request.Body, &w.State, &verified, &w.Events, &ids, &w.Error, &w.Tries, &next)

	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("read a webhook: %w", err)
	}

	w.Request.Header = http.Header{}
	err = errors.Join(unmarshal(headers, &w.Request.Header), unmarshal(ids, &w.IntentIDs))
	if err != nil {
		return nil, fmt.Errorf("read webhook %s: %w", w.ID, err)
	}

	w.ReceivedAt = fromMicros(received)
	w.Request.ReceivedAt = w.ReceivedAt
	w.NextTryAt = fromMicros(next)
	w.Verified = verified != 0

	return &w, nil
}

func boolInt(value bool) int64 {
	if value {
		return 1
	}
	return 0
}

func idsJSON(ids []string) string {
	if len(ids) == 0 {
		return "[]"
	}
	data, _ := json.Marshal(ids) // strings always marshal
	return string(data)
}
