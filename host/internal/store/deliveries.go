package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/payhost/payhost/host/payment"
)

// Delivery is an event that is to be pushed to the operator's service. An event
// that has arrived has none any more.
type Delivery struct {
	Position uint64 // of the event
	// Subject is the payment or payout whose events are pushed in order. A
	// refund's events are pushed with its payment's.
	Subject string
	State   payment.DeliveryState
	// CreatedAt is when the event was enqueued.
	CreatedAt time.Time
	// Tries is the number of tries so far, the last at TriedAt. Its answer had
	// the HTTP status Status (0: there was none), and Error says why that was
	// not a success.
	Tries   int
	TriedAt time.Time
	Status  int
	Error   string
	// NextAt is when the next try is due. While a try runs it is when another
	// host may take the try for lost.
	NextAt time.Time
}

// deliveryColumns are read by scanDelivery.
const deliveryColumns = `position, subject, state, created_at, tries, next_at, tried_at,
	status, error`

// pushCursor is the setting that holds the position up to which events have
// been enqueued.
const pushCursor = "push_cursor"

// BeginPush makes pushing begin at the present end of the stream, unless it has
// begun before.
func (t *Tx) BeginPush(ctx context.Context) error {
	var end int64
	err := t.queryRow(ctx, `SELECT COALESCE(MAX(position), 0) FROM events`).Scan(&end)
	if err != nil {
		return fmt.Errorf("%s: %w", t.engine.name, err)
	}
	_, err = t.SetSettingOnce(ctx, pushCursor, strconv.FormatInt(end, 10))
	return err
}

// HasNewEvents reports whether there are events that EnqueueDeliveries would
// make deliveries of.
func (t *Tx) HasNewEvents(ctx context.Context) (bool, error) {
	after, _, err := t.pushPosition(ctx)
	if err != nil {
		return false, err
	}
	events, err := t.Events(ctx, after, nil, 1)
	return len(events) > 0, err
}

// pushPosition reads the position up to which events have been enqueued, also
// as the setting's text.
func (t *Tx) pushPosition(ctx context.Context) (after uint64, text string, err error) {
	text, err = t.Setting(ctx, pushCursor)
	if err != nil {
		return 0, "", err
	}
	after, err = strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, "", fmt.Errorf("%s: the setting %s is %q, not a position",
			t.engine.name, pushCursor, text)
	}

	return after, text, nil
}

// EnqueueDeliveries makes a delivery of each of the next events of the stream,
// at most limit of them, and returns how many. It leaves no event out, because
// events become visible in the order of their positions. It takes none twice,
// because the cursor moves in the same transaction: when another host has moved
// it, the error is ErrConflict.
func (t *Tx) EnqueueDeliveries(ctx context.Context, now time.Time, limit int) (int, error) {
	after, was, err := t.pushPosition(ctx)
	if err != nil {
		return 0, err
	}
	events, err := t.Events(ctx, after, nil, limit)
	if err != nil || len(events) == 0 {
		return 0, err
	}

	for _, event := range events {
		position, err := EventPosition(event.ID)
		if err != nil {
			return 0, err
		}
		err = t.queue(ctx, `INSERT INTO deliveries
			(position, subject, state, created_at, tries, next_at, tried_at, status, error)
			VALUES ($1, $2, $3, $4, 0, $4, 0, 0, '')`,
			int64(position), deliverySubject(event), payment.DeliveryPending, micros(now))
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

// deliverySubject returns the payment or payout whose events are pushed in
// order with this one.
func deliverySubject(e payment.Event) string {
	if e.PaymentID != "" {
		return e.PaymentID
	}
	return e.PayoutID
}

// DueDeliveries reads the deliveries that are to be tried now, at most limit of
// them: of each subject the oldest that is pending, if its time has come.
// Without the sum SQLite would look for an earlier one among all that are
// pending, and not among those of the subject.
func (t *Tx) DueDeliveries(
	ctx context.Context,
	now time.Time,
	limit int,
) ([]Delivery, error) {
	return queryAll(ctx, t, scanDelivery, `SELECT `+deliveryColumns+` FROM deliveries AS d
		WHERE d.state = $1 AND d.next_at <= $2 AND NOT EXISTS (
			SELECT 1 FROM deliveries AS earlier
			WHERE earlier.subject = d.subject AND earlier.position < d.position
			AND earlier.state || '' = $1)
		ORDER BY d.next_at, d.position`+limitedTo(limit),
		payment.DeliveryPending, micros(now))
}

// DeadDeliveries reads the deliveries that were given up, the newest event
// first, before a position (0: from the newest).
func (t *Tx) DeadDeliveries(
	ctx context.Context,
	before uint64,
	providers []string,
	limit int,
) ([]Delivery, error) {
	if before == 0 {
		before = 1<<63 - 1
	}

	of := ""
	args := []any{payment.DeliveryDead, int64(before), limit}
	if len(providers) > 0 {
		of = ` AND EXISTS (SELECT 1 FROM intents WHERE intents.id = deliveries.subject
			AND intents.provider IN (` + placeholders(4, len(providers)) + `))`
		for _, provider := range providers {
			args = append(args, provider)
		}
	}

	return queryAll(ctx, t, scanDelivery, `SELECT `+deliveryColumns+` FROM deliveries
		WHERE state = $1 AND position < $2`+of+`
		ORDER BY position DESC LIMIT $3`, args...)
}

// Delivery reads the delivery of an event. The error is ErrNotFound when the
// event has arrived, or is not pushed at all.
func (t *Tx) Delivery(ctx context.Context, position uint64) (Delivery, error) {
	found, err := queryAll(ctx, t, scanDelivery,
		`SELECT `+deliveryColumns+` FROM deliveries WHERE position = $1`, int64(position))
	if err != nil {
		return Delivery{}, err
	}
	if len(found) == 0 {
		return Delivery{}, ErrNotFound
	}
	return found[0], nil
}

// UpdateDelivery writes a delivery. was is the NextAt that was read: when it
// has changed since, the error is ErrConflict.
func (t *Tx) UpdateDelivery(ctx context.Context, d Delivery, was time.Time) error {
	n, err := t.exec(ctx, `UPDATE deliveries SET state = $1, tries = $2, next_at = $3,
		tried_at = $4, status = $5, error = $6
		WHERE position = $7 AND next_at = $8`,
		d.State, d.Tries, micros(d.NextAt), micros(d.TriedAt), d.Status, d.Error,
		int64(d.Position), micros(was))
	if err == nil && n == 0 {
		err = ErrConflict
	}
	return err
}

// DeleteDelivery deletes a delivery whose event has arrived.
func (t *Tx) DeleteDelivery(ctx context.Context, position uint64) error {
	return t.queue(ctx, `DELETE FROM deliveries WHERE position = $1`, int64(position))
}

// Backlog counts the deliveries that are pending and those that were given up.
// Oldest is when the oldest pending one was enqueued; the zero time when
// nothing is pending.
type Backlog struct {
	Pending, Dead int
	Oldest        time.Time
}

// PushBacklog counts the deliveries.
func (t *Tx) PushBacklog(ctx context.Context) (b Backlog, err error) {
	err = t.queryRow(ctx, `SELECT COUNT(*) FROM deliveries WHERE state = $1`,
		payment.DeliveryPending).Scan(&b.Pending)
	if err != nil {
		return b, err
	}

	// The oldest event was enqueued first.
	oldest, err := queryAll(
		ctx,
		t,
		scanDelivery,
		`SELECT `+deliveryColumns+` FROM deliveries
		WHERE state = $1 ORDER BY position`+limitedTo(1),
		payment.DeliveryPending,
	)
	if err != nil {
		return b, err
	}

	if len(oldest) > 0 {
		b.Oldest = oldest[0].CreatedAt
	}

	err = t.queryRow(ctx, `SELECT COUNT(*) FROM deliveries WHERE state = $1`,
		payment.DeliveryDead).Scan(&b.Dead)
	return b, err
}

func scanDelivery(row scanner) (d Delivery, err error) {
	var position, created, next, tried int64
	err = row.Scan(&position, &d.Subject, &d.State, &created, &d.Tries, &next, &tried,
		&d.Status, &d.Error)
	if err != nil {
		return d, fmt.Errorf("read a delivery: %w", err)
	}

	d.Position = uint64(position)
	d.CreatedAt = fromMicros(created)
	d.NextAt = fromMicros(next)
	d.TriedAt = fromMicros(tried)

	return d, nil
}
