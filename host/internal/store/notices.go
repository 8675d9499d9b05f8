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

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Notice is one request that came in from outside, as it came: a provider's webhook or a customer's return.
type Notice struct {
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

const noticeColumns = `id, provider, purpose, scope, intent_id, received_at, remote_address, method, query, headers, body, state,
	verified, events, intent_ids, error, tries, next_try_at`

// InsertNotice stores a notice before anything else is done with it.
func (t *Tx) InsertNotice(ctx context.Context, n *Notice) error {
	headers, err := json.Marshal(n.Request.Header)
	if err != nil {
		return err
	}
	return t.later(ctx, `INSERT INTO webhooks (`+noticeColumns+`) VALUES (`+placeholders(1, 18)+`)`,
		n.ID, n.Provider, n.Purpose, n.Scope, n.IntentID, micros(n.ReceivedAt), n.Request.RemoteAddress, n.Request.Method,
		n.Request.Query, string(headers), n.Request.Body, n.State, boolInt(n.Verified), n.Events, idsJSON(n.IntentIDs), n.Error,
		n.Tries, micros(n.NextTryAt))
}

// KeptUnverified is how much is kept of the body of a notice that did not
// verify.
const KeptUnverified = 64 << 10

// SaveNotice writes what became of a notice. Of one that was read and did not
// verify only the beginning is kept.
func (t *Tx) SaveNotice(ctx context.Context, n *Notice) error {
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

// ClaimNotice records the next try of a notice that still waits for the one at was. mine is false when somebody else has
// taken it, or has read it meanwhile.
func (t *Tx) ClaimNotice(ctx context.Context, n *Notice, was time.Time) (mine bool, err error) {
	count, err := t.exec(ctx, `UPDATE webhooks SET state = $3, error = $4, tries = $5, next_try_at = $6
		WHERE id = $1 AND state = $7 AND next_try_at = $2`,
		n.ID, micros(was), n.State, n.Error, n.Tries, micros(n.NextTryAt), payment.WebhookPending)
	return count == 1, err
}

// Notice reads one notice.
func (t *Tx) Notice(ctx context.Context, id string) (*Notice, error) {
	return scanNotice(t.queryRow(ctx, `SELECT `+noticeColumns+` FROM webhooks WHERE id = $1`, id))
}

// DueNotices reads a provider's notices that wait for another try, oldest first.
func (t *Tx) DueNotices(ctx context.Context, provider string, now time.Time, limit int) ([]*Notice, error) {
	return t.notices(ctx, `SELECT `+noticeColumns+` FROM webhooks WHERE state = $1 AND next_try_at > 0 AND next_try_at <= $2
		AND provider = $3 ORDER BY next_try_at, id`+limitedTo(limit), payment.WebhookPending, micros(now), provider)
}

// NoticeProviders names the providers that have notices which wait for another try by now.
func (t *Tx) NoticeProviders(ctx context.Context, now time.Time) ([]string, error) {
	return t.strings(ctx, `SELECT DISTINCT provider FROM webhooks WHERE state = $1 AND next_try_at > 0 AND next_try_at <= $2`,
		payment.WebhookPending, micros(now))
}

// NoticeFilter narrows a list of notices. Zero values do not narrow.
type NoticeFilter struct {
	Provider string
	State    payment.WebhookState
	Before   string
	Limit    int
}

// ListNotices reads newest first.
func (t *Tx) ListNotices(ctx context.Context, f NoticeFilter) ([]*Notice, error) {
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
	return t.notices(ctx, fmt.Sprintf(`SELECT %s FROM webhooks WHERE %s ORDER BY id DESC LIMIT $%d`,
		noticeColumns, strings.Join(where, " AND "), len(args)), args...)
}

// DeleteUnverifiedBefore forgets unverified notices received before a time, at most limit of them.
func (t *Tx) DeleteUnverifiedBefore(ctx context.Context, before time.Time, limit int) (int64, error) {
	return t.exec(ctx, `DELETE FROM webhooks WHERE id IN (SELECT id FROM webhooks WHERE verified = 0 AND state <> $1
		AND received_at < $2 LIMIT $3)`, payment.WebhookPending, micros(before), limit)
}

// TakeEventID records that a provider's event is applied, or gives ErrExists when it was before.
func (t *Tx) TakeEventID(ctx context.Context, provider, eventID, noticeID string, at time.Time) error {
	t.took(EventKey{provider, mended(eventID)})
	n, err := t.exec(ctx, takeEventID, provider, eventID, noticeID, micros(at))
	if err == nil && n == 0 {
		return ErrExists
	}
	return err
}

// KeepEventID is TakeEventID for an id that may have been taken before.
func (t *Tx) KeepEventID(ctx context.Context, provider, eventID, noticeID string, at time.Time) error {
	t.took(EventKey{provider, mended(eventID)})
	return t.later(ctx, takeEventID, provider, eventID, noticeID, micros(at))
}

const takeEventID = `INSERT INTO applied_notices (provider, event_id, webhook_id, applied_at) VALUES ($1, $2, $3, $4)
	ON CONFLICT DO NOTHING`

func (t *Tx) notices(ctx context.Context, query string, args ...any) ([]*Notice, error) {
	return list(ctx, t, scanNotice, query, args...)
}

func scanNotice(row scanner) (*Notice, error) {
	var (
		n                        Notice
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
	k := EventKey{provider, mended(eventID)}
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

// ExpectEvent says that EventApplied may be asked about an event after the next answer, so that it costs no round trip. It
// is answered as it stands now.
func (t *Tx) ExpectEvent(ctx context.Context, provider, eventID string) error {
	k := EventKey{provider, mended(eventID)}
	if _, known := t.mine.events[k]; known || !t.engine.trips {
		return nil
	}
	if t.applied == nil {
		t.applied = map[EventKey]*eventAhead{}
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
