package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/payhost/payhost/host/payment"
)

// Delivery is an event on its way to whoever it is pushed to. What has arrived has none.
type Delivery struct {
	Position uint64 // of the event
	// Subject is the payment or payout whose events go out in order; a refund's go out with its payment's.
	Subject string
	State   payment.DeliveryState
	// CreatedAt is when the event was taken up for pushing.
	CreatedAt time.Time
	// Tries were made so far, the last at TriedAt; it was answered with the HTTP status Status (0: not at all), and Error
	// says why that was not good.
	Tries   int
	TriedAt time.Time
	Status  int
	Error   string
	// NextAt is when the next try is due. While a try runs it is when another host may take it for lost.
	NextAt time.Time
}

// pushCursor names how far the stream of events has been taken up for pushing.
const pushCursor = "push_cursor"

// BeginPush makes pushing begin at the present end of the stream, unless it has begun before.
func (t *Tx) BeginPush(ctx context.Context) error {
	var end int64
	if err := t.queryRow(ctx, `SELECT COALESCE(MAX(position), 0) FROM events`).Scan(&end); err != nil {
		return fmt.Errorf("%s: %w", t.engine.name, err)
	}
	_, err := t.SetSettingOnce(ctx, pushCursor, strconv.FormatInt(end, 10))
	return err
}

// HasNewEvents reports whether there are events of which EnqueueDeliveries would make deliveries.
func (t *Tx) HasNewEvents(ctx context.Context) (bool, error) {
	after, _, err := t.pushed(ctx)
	if err != nil {
		return false, err
	}

	events, err := t.Events(ctx, after, nil, 1)
	return len(events) > 0, err
}

// pushed gives the position up to which events were taken up, also as the setting's text.
func (t *Tx) pushed(ctx context.Context) (after uint64, text string, err error) {
	if text, err = t.Setting(ctx, pushCursor); err != nil {
		return 0, "", err
	}
	if after, err = strconv.ParseUint(text, 10, 63); err != nil {
		return 0, "", fmt.Errorf("%s: the setting %s is %q, not a position", t.engine.name, pushCursor, text)
	}
	return after, text, nil
}

// EnqueueDeliveries makes a delivery of each of the next events of the stream, at most limit of them, and says how many. Events
// become visible in the order of their positions, so none is left out; the cursor moves in the same transaction, so
// none is taken up twice, also not by two hosts.
func (t *Tx) EnqueueDeliveries(ctx context.Context, now time.Time, limit int) (int, error) {
	after, was, err := t.pushed(ctx)
	if err != nil {
		return 0, err
	}
	events, err := t.Events(ctx, after, nil, limit)
	if err != nil || len(events) == 0 {
		return 0, err
	}
	for _, e := range events {
		position, err := EventPosition(e.ID)
		if err != nil {
			return 0, err
		}
		err = t.later(ctx, `INSERT INTO deliveries (position, subject, state, created_at, tries, next_at, tried_at, status, error)
			VALUES ($1, $2, $3, $4, 0, $4, 0, 0, '')`, int64(position), subject(e), payment.DeliveryPending, micros(now))
		if err != nil {
			return 0, err
		}
		after = position
	}
	n, err := t.exec(ctx, `UPDATE settings SET value = $1 WHERE name = $2 AND value = $3`,
		strconv.FormatUint(after, 10), pushCursor, was)
	if err == nil && n == 0 {
		err = ErrConflict // another host was faster
	}
	return len(events), err
}

func subject(e payment.Event) string {
	if e.PaymentID != "" {
		return e.PaymentID
	}
	return e.PayoutID
}

const deliveryColumns = `position, subject, state, created_at, tries, next_at, tried_at, status, error`

// DueDeliveries gives what is to be pushed now: of each subject the oldest that is pending, if its time has come.
func (t *Tx) DueDeliveries(ctx context.Context, now time.Time, limit int) ([]Delivery, error) {
	return t.deliveries(ctx, `SELECT `+deliveryColumns+` FROM deliveries AS d
		WHERE d.state = $1 AND d.next_at <= $2 AND NOT EXISTS (
			SELECT 1 FROM deliveries AS earlier
			WHERE earlier.subject = d.subject AND earlier.position < d.position AND earlier.state = $1)
		ORDER BY d.next_at, d.position`+limitedTo(limit), payment.DeliveryPending, micros(now))
}

// DeadDeliveries lists what was given up, the newest event first, before a position (0: from the newest).
func (t *Tx) DeadDeliveries(ctx context.Context, before uint64, limit int) ([]Delivery, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	return t.deliveries(ctx, `SELECT `+deliveryColumns+` FROM deliveries WHERE state = $1 AND position < $2
		ORDER BY position DESC LIMIT $3`, payment.DeliveryDead, int64(before), limit)
}

// Delivery reads the delivery of an event; ErrNotFound when it has arrived or is not pushed at all.
func (t *Tx) Delivery(ctx context.Context, position uint64) (Delivery, error) {
	list, err := t.deliveries(ctx, `SELECT `+deliveryColumns+` FROM deliveries WHERE position = $1`, int64(position))
	if err != nil {
		return Delivery{}, err
	}
	if len(list) == 0 {
		return Delivery{}, ErrNotFound
	}
	return list[0], nil
}

// UpdateDelivery writes a delivery unless somebody has changed it since it was read: was is what its NextAt then was.
func (t *Tx) UpdateDelivery(ctx context.Context, d Delivery, was time.Time) error {
	n, err := t.exec(ctx, `UPDATE deliveries SET state = $1, tries = $2, next_at = $3, tried_at = $4, status = $5, error = $6
		WHERE position = $7 AND next_at = $8`,
		d.State, d.Tries, micros(d.NextAt), micros(d.TriedAt), d.Status, d.Error, int64(d.Position), micros(was))
	if err == nil && n == 0 {
		err = ErrConflict
	}
	return err
}

// DeleteDelivery forgets a delivery: its event has arrived.
func (t *Tx) DeleteDelivery(ctx context.Context, position uint64) error {
	return t.later(ctx, `DELETE FROM deliveries WHERE position = $1`, int64(position))
}

// Backlog counts what waits to be pushed and what was given up. Oldest is when the oldest that waits was taken up; the
// zero time when nothing waits.
type Backlog struct {
	Pending, Dead int
	Oldest        time.Time
}

// PushBacklog counts the deliveries.
func (t *Tx) PushBacklog(ctx context.Context) (b Backlog, err error) {
	var oldest sql.NullInt64
	err = t.queryRow(ctx, `SELECT COUNT(*), MIN(created_at) FROM deliveries WHERE state = $1`, payment.DeliveryPending).Scan(&b.Pending, &oldest)
	if err != nil {
		return b, fmt.Errorf("%s: %w", t.engine.name, err)
	}
	b.Oldest = fromMicros(oldest.Int64)
	err = t.queryRow(ctx, `SELECT COUNT(*) FROM deliveries WHERE state = $1`, payment.DeliveryDead).Scan(&b.Dead)
	return b, err
}

// Event reads one event of the stream.
func (t *Tx) Event(ctx context.Context, position uint64) (payment.Event, error) {
	if position == 0 {
		return payment.Event{}, ErrNotFound
	}
	list, err := t.Events(ctx, position-1, nil, 1)
	if err != nil {
		return payment.Event{}, err
	}
	if len(list) == 0 || list[0].ID != EventID(position) {
		return payment.Event{}, ErrNotFound
	}
	return list[0], nil
}

func (t *Tx) deliveries(ctx context.Context, query string, args ...any) ([]Delivery, error) {
	return list(ctx, t, scanDelivery, query, args...)
}

func scanDelivery(row scanner) (d Delivery, err error) {
	var position, created, next, tried int64
	if err := row.Scan(&position, &d.Subject, &d.State, &created, &d.Tries, &next, &tried, &d.Status, &d.Error); err != nil {
		return d, fmt.Errorf("read a delivery: %w", err)
	}
	d.Position, d.CreatedAt, d.NextAt, d.TriedAt = uint64(position), fromMicros(created), fromMicros(next), fromMicros(tried)
	return d, nil
}
