package store

import (
	"context"
	"strings"
	"time"

	"github.com/payhost/payhost/host/payment"
)

// EventSpan is a part of the stream. Zero values do not narrow.
type EventSpan struct {
	// From and To bound when the events were made; To itself is outside.
	From, To time.Time
	// Providers are those of the intents that the events are about.
	Providers []string
}

// EventsWithin reads at most limit events of a part of the stream after a
// position, oldest first. The stream is in the order of commits, which is
// nearly that of time but not quite: all of it is looked through.
func (t *Tx) EventsWithin(
	ctx context.Context,
	after uint64,
	span EventSpan,
	limit int,
) ([]payment.Event, error) {
	var where conditions
	where.add("position >", int64(after))
	where.addTime("created_at >=", span.From)
	where.addTime("created_at <", span.To)
	if len(span.Providers) > 0 {
		first := len(where.args) + 1
		for _, provider := range span.Providers {
			where.args = append(where.args, provider)
		}
		where.clauses = append(where.clauses, `EXISTS (SELECT 1 FROM intents
			WHERE intents.id = events.intent_id AND intents.provider IN (`+
			placeholders(first, len(span.Providers))+`))`)
	}

	query := `SELECT ` + eventColumns + ` FROM events WHERE ` +
		strings.Join(where.clauses, " AND ") + ` ORDER BY position` + limitedTo(limit)
	return queryAll(ctx, t, scanEvent, query, where.args...)
}
