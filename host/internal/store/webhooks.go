package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Notice is one request that came in from outside, as it came: a provider's webhook or a customer's return.
type Webhook struct {
	ID       string
	Provider string
	// Purpose is "webhook", "return" or "cancel".
	Purpose string
	Scope   sdk.URLScope
	// IntentID is what the URL belongs to, in scope intent.
	IntentID   string
	Request    sdk.HTTPRequest
	State      payment.WebhookState
	Verified   bool
	Events     int
	IntentIDs  []string // what its events were applied to
	Error      string
	Tries      int
	NextTryAt  time.Time // zero: not by itself
	ReceivedAt time.Time
}

const webhookColumns = `id, provider, purpose, scope, intent_id, received_at, remote_address, method, query, headers, body, state,
	verified, events, intent_ids, error, tries, next_try_at`

// InsertWebhook stores a notice before anything else is done with it.
func (t *Tx) InsertWebhook(ctx context.Context, n *Webhook) error {
	headers, err := json.Marshal(n.Request.Header)
	if err != nil {
		return err
	}
	return t.later(ctx, `INSERT INTO webhooks (`+webhookColumns+`) VALUES (`+placeholders(1, 18)+`)`,
		n.ID, n.Provider, n.Purpose, n.Scope, n.IntentID, micros(n.ReceivedAt), n.Request.RemoteAddress, n.Request.Method,
		n.Request.Query, string(headers), n.Request.Body, n.State, boolInt(n.Verified), n.Events, idsJSON(n.IntentIDs), n.Error,
		n.Tries, micros(n.NextTryAt))
}

// KeptUnverified is how much is kept of the body of a notice that did not
// verify.
const KeptUnverified = 64 << 10

// SaveWebhook writes what became of a notice. Of one that was read and did not
// verify only the beginning is kept.
func (t *Tx) SaveWebhook(ctx context.Context, n *Webhook) error {
	if !n.Verified && (n.State != payment.WebhookPending) && (len(n.Request.Body) > KeptUnverified) {
		err := t.later(ctx, `UPDATE webhooks SET body = $2 WHERE id = $1`, n.ID, n.Request.Body[:KeptUnverified])
		if err != nil {
			return err
		}
	}
	return t.later(ctx, `UPDATE webhooks SET state = $2, verified = $3, events = $4, intent_ids = $5, error = $6, tries = $7,
		next_try_at = $8 WHERE id = $1`,
		n.ID, n.State, boolInt(n.Verified), n.Events, idsJSON(n.IntentIDs), n.Error, n.Tries, micros(n.NextTryAt))
}

// ClaimWebhook records the next try of a notice that still waits for the one at was. mine is false when somebody else has
// taken it, or has read it meanwhile.
func (t *Tx) ClaimWebhook(ctx context.Context, n *Webhook, was time.Time) (mine bool, err error) {
	count, err := t.exec(ctx, `UPDATE webhooks SET state = $3, error = $4, tries = $5, next_try_at = $6
		WHERE id = $1 AND state = $7 AND next_try_at = $2`,
		n.ID, micros(was), n.State, n.Error, n.Tries, micros(n.NextTryAt), payment.WebhookPending)
	return count == 1, err
}

// Notice reads one notice.
func (t *Tx) Webhook(ctx context.Context, id string) (*Webhook, error) {
	return scanWebhook(t.queryRow(ctx, `SELECT `+webhookColumns+` FROM webhooks WHERE id = $1`, id))
}

// DueWebhooks reads a provider's notices that wait for another try, oldest first.
func (t *Tx) DueWebhooks(ctx context.Context, provider string, now time.Time, limit int) ([]*Webhook, error) {
	return t.webhooks(ctx, `SELECT `+webhookColumns+` FROM webhooks WHERE state = $1 AND next_try_at > 0 AND next_try_at <= $2
		AND provider = $3 ORDER BY next_try_at, id`+limitedTo(limit), payment.WebhookPending, micros(now), provider)
}

// WebhookProviders names the providers that have notices which wait for another try by now.
func (t *Tx) WebhookProviders(ctx context.Context, now time.Time) ([]string, error) {
	return t.strings(ctx, `SELECT DISTINCT provider FROM webhooks WHERE state = $1 AND next_try_at > 0 AND next_try_at <= $2`,
		payment.WebhookPending, micros(now))
}

// WebhookFilter narrows a list of notices. Zero values do not narrow.
type WebhookFilter struct {
	Provider string
	State    payment.WebhookState
	Before   string
	Limit    int
}

// ListWebhooks reads newest first.
func (t *Tx) ListWebhooks(ctx context.Context, f WebhookFilter) ([]*Webhook, error) {
	where, args := []string{"purpose <> ''"}, []any{}
	add := func(clause string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf("%s $%d", clause, len(args)))
	}
	if f.Provider != "" {
		add("provider =", f.Provider)
	}
	if f.State != "" {
		add("state =", f.State)
	}
	if f.Before != "" {
		add("id <", f.Before)
	}
	args = append(args, f.Limit)
	return t.webhooks(ctx, fmt.Sprintf(`SELECT %s FROM webhooks WHERE %s ORDER BY id DESC LIMIT $%d`,
		webhookColumns, strings.Join(where, " AND "), len(args)), args...)
}

// DeleteUnverifiedBefore forgets unverified notices received before a time, at most limit of them.
func (t *Tx) DeleteUnverifiedBefore(ctx context.Context, before time.Time, limit int) (int64, error) {
	return t.exec(ctx, `DELETE FROM webhooks WHERE id IN (SELECT id FROM webhooks WHERE verified = 0 AND state <> $1
		AND received_at < $2 LIMIT $3)`, payment.WebhookPending, micros(before), limit)
}

// ClaimEvent records that a provider's event is applied, or gives ErrExists when it was before.
func (t *Tx) ClaimEvent(ctx context.Context, provider, eventID, webhookID string, at time.Time) error {
	t.took(newEventKey(provider, eventID))
	n, err := t.exec(ctx, takeEventID, provider, eventID, webhookID, micros(at))
	if err == nil && n == 0 {
		return ErrExists
	}
	return err
}

// MarkEventApplied is ClaimEvent for an id that may have been taken before.
func (t *Tx) MarkEventApplied(ctx context.Context, provider, eventID, webhookID string, at time.Time) error {
	t.took(newEventKey(provider, eventID))
	return t.later(ctx, takeEventID, provider, eventID, webhookID, micros(at))
}

const takeEventID = `INSERT INTO applied_notices (provider, event_id, webhook_id, applied_at) VALUES ($1, $2, $3, $4)
	ON CONFLICT DO NOTHING`

func (t *Tx) webhooks(ctx context.Context, query string, args ...any) ([]*Webhook, error) {
	return list(ctx, t, scanWebhook, query, args...)
}

func scanWebhook(row scanner) (*Webhook, error) {
	var (
		n                        Webhook
		received, next, verified int64
		headers, ids             string
	)
	err := row.Scan(&n.ID, &n.Provider, &n.Purpose, &n.Scope, &n.IntentID, &received, &n.Request.RemoteAddress, &n.Request.Method,
		&n.Request.Query, &headers, &n.Request.Body, &n.State, &verified, &n.Events, &ids, &n.Error, &n.Tries, &next)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read a notice: %w", err)
	}
	n.Request.Header = http.Header{}
	if err := errors.Join(unmarshal(headers, &n.Request.Header), unmarshal(ids, &n.IntentIDs)); err != nil {
		return nil, fmt.Errorf("read notice %s: %w", n.ID, err)
	}
	n.ReceivedAt, n.NextTryAt, n.Verified = fromMicros(received), fromMicros(next), verified != 0
	n.Request.ReceivedAt = n.ReceivedAt
	return &n, nil
}

func boolInt(b bool) int64 {
	if b {
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

// EventAppliedBy reads which notice applied a provider's event, "" for none.
func (t *Tx) EventAppliedBy(ctx context.Context, provider, eventID string) (string, error) {
	by, err := t.strings(ctx, `SELECT webhook_id FROM applied_notices WHERE provider = $1 AND event_id = $2`, provider, eventID)
	if err != nil || len(by) == 0 {
		return "", err
	}
	return by[0], nil
}

// EventApplied reports whether a provider's event has been applied.
func (t *Tx) EventApplied(ctx context.Context, provider, eventID string) (bool, error) {
	k := newEventKey(provider, eventID)
	if applied, ok := t.mine.events[k]; ok {
		return applied, nil
	}
	if e := t.applied[k]; e != nil && e.answered {
		return e.applied, nil
	}
	var n int
	err := t.queryRow(ctx, eventApplied, provider, eventID).Scan(&n)
	return n > 0, err
}

const eventApplied = `SELECT COUNT(*) FROM applied_notices WHERE provider = $1 AND event_id = $2`

// ProviderEvent is an event that a provider has told of, and the intent that it is about.
type ProviderEvent struct {
	Provider string
	// ID is the event's own, as ClaimEvent and EventApplied take it.
	ID       string
	IntentID string
}

func (e ProviderEvent) key() eventKey { return newEventKey(e.Provider, e.ID) }

// IntentForEvent reads the intent that an event is about, as IntentForUpdate does, and along with it whether the event is
// applied already, for EventApplied.
func (t *Tx) IntentForEvent(ctx context.Context, e ProviderEvent) (*intent.Intent, error) {
	if err := t.readEventAhead(ctx, e.Provider, e.ID); err != nil {
		return nil, err
	}
	return t.IntentForUpdate(ctx, e.IntentID)
}

// readEventAhead reads whether an event is applied together with the next statement, where that saves a round trip. It is
// answered as it stands now.
func (t *Tx) readEventAhead(ctx context.Context, provider, eventID string) error {
	k := newEventKey(provider, eventID)
	if _, known := t.mine.events[k]; known || !t.engine.trips {
		return nil
	}
	if t.applied == nil {
		t.applied = map[eventKey]*eventAhead{}
	}
	e := &eventAhead{}
	t.applied[k] = e
	return t.laterEach(ctx, eventApplied, []any{provider, eventID}, func(row scanner) error {
		var n int
		err := row.Scan(&n)
		e.answered, e.applied = true, n > 0
		return err
	})
}

// eventAhead says whether an event is applied, once that is known.
type eventAhead struct{ answered, applied bool }
