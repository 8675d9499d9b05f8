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
// DeleteRepeatsBefore deletes it then. A webhook that was applied, or that fits
// nothing, is never a repeat.
func (t *Tx) MarkRepeat(ctx context.Context, w *Webhook) error {
	if !w.Verified {
		return nil
	}

	// Only an earlier webhook that is kept counts, so the first one of its
	// content is never a repeat.
	switch w.State {
	case payment.WebhookIgnored:
		return t.queue(ctx, `UPDATE webhooks SET content = $2, repeats = CASE WHEN EXISTS
			(SELECT 1 FROM webhooks AS kept
			WHERE kept.provider = $3 AND kept.content = $2 AND kept.content <> ''
			AND kept.repeats = 0 AND kept.id < $1)
			THEN 1 ELSE 0 END WHERE id = $1`,
			w.ID, contentOf(w), w.Provider)
	case payment.WebhookApplied:
		return t.queue(ctx, `UPDATE webhooks SET content = $2, repeats = 0 WHERE id = $1`,
			w.ID, contentOf(w))
	}

	return t.queue(ctx, `UPDATE webhooks SET content = '', repeats = 0 WHERE id = $1`, w.ID)
}

// DeleteRepeatsBefore deletes webhooks received before a time that MarkRepeat
// has found to repeat another, at most limit of them, and returns how many. The
// webhook that they repeat stays.
func (t *Tx) DeleteRepeatsBefore(
	ctx context.Context,
	before time.Time,
	limit int,
) (int64, error) {
	return t.exec(ctx, `DELETE FROM webhooks WHERE id IN
		(SELECT repeat.id FROM webhooks AS repeat
		WHERE repeat.repeats = 1 AND repeat.received_at < $1 AND EXISTS
			(SELECT 1 FROM webhooks AS kept
			WHERE kept.provider = repeat.provider AND kept.content = repeat.content
			AND kept.content <> '' AND kept.repeats = 0 AND kept.id < repeat.id)
		LIMIT $2)`,
		micros(before), limit)
}

// contentOf returns a digest of all parts of a request that a plugin reads an
// event from. The type of the body is the only header among them: the other
// headers differ between deliveries of the same content.
func contentOf(w *Webhook) string {
	hash := sha256.New()
	parts := []string{
		w.Purpose,
		string(w.Scope),
		w.IntentID,
		w.Request.Method,
		w.Request.Query,
		w.Request.Header.Get("Content-Type"),
		string(w.Request.Body),
	}

	// The lengths keep two parts from looking like one that is longer.
	for _, part := range parts {
		fmt.Fprintf(hash, "%d:%s", len(part), part)
	}

	return hex.EncodeToString(hash.Sum(nil))
}
