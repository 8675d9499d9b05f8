package host

import (
	"context"
	"errors"
	"iter"

	"github.com/payhost/payhost/host/internal/core"
)

// errLeft ends the iteration when its loop was left.
var errLeft = errors.New("the loop was left")

// eventPage is how many events are read at once.
const eventPage = 100

// Events returns the events after the one with the ID after ("" for all),
// oldest first, and goes on with new ones as they come, until ctx ends or the
// loop is left. When something else ends it, the last pair carries the error.
func (h *Host) Events(ctx context.Context, after string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		var err error
		for position := after; (err == nil) && (ctx.Err() == nil); {
			position, err = h.yieldPage(ctx, position, yield)
		}
		if err != nil && !errors.Is(err, errLeft) && ctx.Err() == nil {
			yield(Event{}, failure(ctx, err))
		}
	}
}

// yieldPage yields the events that there are after one, and waits for more when
// these were the last. It returns the ID of the last one.
func (h *Host) yieldPage(
	ctx context.Context, after string, yield func(Event, error) bool,
) (string, error) {
	more := h.core.MoreEvents() // before looking, so that none is missed
	list, err := h.core.Events(ctx, after, nil, eventPage)
	if err != nil {
		return after, err
	}

	for _, event := range list {
		if !yield(event, nil) {
			return after, errLeft
		}
		after = event.ID
	}

	if len(list) == eventPage {
		return after, nil // there may be more at once
	}

	return after, core.WaitForMore(ctx, more)
}

// ListEvents returns one page of the stream of events, oldest first, and does
// not wait for new ones. next is the After of the next page, "" at the end.
func (h *Host) ListEvents(
	ctx context.Context, filter EventFilter,
) (list []Event, next string, err error) {
	limit, err := core.CheckPage(core.CheckEventID(filter.After), filter.Limit)
	if err != nil {
		return nil, "", err
	}

	// A full page may be the last one: the next is then empty.
	list, err = h.core.Events(ctx, filter.After, filter.Types, limit)
	if len(list) == limit {
		next = list[limit-1].ID
	}

	return list, next, failure(ctx, err)
}

// DeadLetters returns the events whose pushing was given up, newest first, at
// most limit (from 1 to 200, 0 is 50) after the one named by cursor; "" begins
// with the newest. next is the cursor of the next page, "" at the end.
func (h *Host) DeadLetters(
	ctx context.Context, cursor string, limit int,
) (list []DeadLetter, next string, err error) {
	limit, err = core.CheckPage(core.CheckEventCursor(cursor), limit)
	if err != nil {
		return nil, "", err
	}
	list, next, err = h.deadLetters.List(ctx, cursor, limit)
	return list, next, failure(ctx, err)
}

// RetryDeadLetter has an event pushed again that was given up, at once and from
// the beginning of the schedule. The error is ErrNotFound for any other event.
func (h *Host) RetryDeadLetter(ctx context.Context, id string) (DeadLetter, error) {
	letter, err := h.deadLetters.Retry(ctx, id)
	return letter, failure(ctx, err)
}
