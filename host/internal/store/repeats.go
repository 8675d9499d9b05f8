package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/payment"
)

// MarkRepeat records, after SaveWebhook, whether a verified webhook repeats the
// content of an earlier one of its provider without having changed anything:
// DeleteRepeatsBefore deletes it then. Webhooks that were applied, or that fit
// nothing, are never repeats.
func (t *Tx) MarkRepeat(ctx context.Context, n *Webhook) error {
	switch {
	case !n.Verified:
		return nil
	case n.State == payment.WebhookIgnored:
		return t.queue(ctx, `UPDATE webhooks SET content = $2, repeats = CASE WHEN EXISTS (SELECT 1 FROM webhooks AS kept
			WHERE kept.provider = $3 AND kept.content = $2 AND kept.content <> '' AND kept.repeats = 0 AND kept.id < $1)
			THEN 1 ELSE 0 END WHERE id = $1`, n.ID, contentOf(n), n.Provider)
	case n.State == payment.WebhookApplied:
		return t.queue(ctx, `UPDATE webhooks SET content = $2, repeats = 0 WHERE id = $1`, n.ID, contentOf(n))
	default:
		return t.queue(ctx, `UPDATE webhooks SET content = '', repeats = 0 WHERE id = $1`, n.ID)
	}
}

// contentOf returns a digest of all of a request that a plugin reads an event
// from. Of its headers that is the type of the body: the others tell deliveries
// apart, not what they say.
func contentOf(n *Webhook) string {
	sum := sha256.New()
	parts := []string{
		n.Purpose, string(n.Scope), n.IntentID, n.Request.Method, n.Request.Query,
		n.Request.Header.Get("Content-Type"), string(n.Request.Body),
	}
	for _, part := range parts {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// DeleteRepeatsBefore deletes webhooks received before a time that MarkRepeat has
// found to repeat another, at most limit of them, and returns how many. The one
// that they repeat stays.
func (t *Tx) DeleteRepeatsBefore(ctx context.Context, before time.Time, limit int) (int64, error) {
	return t.exec(ctx, `DELETE FROM webhooks WHERE id IN (SELECT repeat.id FROM webhooks AS repeat
		WHERE repeat.repeats = 1 AND repeat.received_at < $1 AND EXISTS (SELECT 1 FROM webhooks AS kept
			WHERE kept.provider = repeat.provider AND kept.content = repeat.content AND kept.content <> ''
			AND kept.repeats = 0 AND kept.id < repeat.id)
		LIMIT $2)`, micros(before), limit)
}
