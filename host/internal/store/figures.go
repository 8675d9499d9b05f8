package store

import (
	"context"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// This file has what is counted and listed for operators. Every query is
// answered by an index; what it reads grows with what it counts.

// The conditions of the indexes intents_attention and intents_in_action. Both
// engines use such an index only for a query that says its condition in the
// same words. SQLite searches the second one, and does not walk it, for a query
// that narrows its first column.
const (
	needsAttention = `(status = 'unknown' OR status = 'under_review')`
	inAction       = `doubt <> '' AND created_at > 0`
)

// IntentProviders returns the names of the providers that have intents of a
// kind, in their order. It takes a step for each name, not for each intent.
func (t *Tx) IntentProviders(ctx context.Context, kind payment.Kind) ([]string, error) {
	return t.distinct(ctx, `SELECT provider FROM intents WHERE kind = $1 AND provider > $2
		ORDER BY provider LIMIT 1`, string(kind))
}

// WebhookSenders returns the names of the providers that have webhooks, in
// their order.
func (t *Tx) WebhookSenders(ctx context.Context) ([]string, error) {
	return t.distinct(ctx, `SELECT provider FROM webhooks WHERE provider > $1
		ORDER BY provider LIMIT 1`)
}

// distinct returns the values of a column that has few, by a query for the
// first value above its last argument.
func (t *Tx) distinct(
	ctx context.Context,
	query string,
	args ...any,
) (values []string, err error) {
	for last := ""; ; {
		given := append(append([]any{}, args...), last)
		last, err = t.firstText(ctx, query, given...)
		if err != nil || last == "" {
			return values, err
		}
		values = append(values, last)
	}
}

// CountIntents counts the intents of a provider that have a status.
func (t *Tx) CountIntents(
	ctx context.Context,
	provider string,
	kind payment.Kind,
	status payment.Status,
) (count int, err error) {
	err = t.queryRow(ctx, `SELECT COUNT(*) FROM intents
		WHERE kind = $1 AND provider = $2 AND status = $3`, kind, provider, status).Scan(&count)
	return count, err
}

// CountWebhooks counts the webhooks of a provider that are in a state.
func (t *Tx) CountWebhooks(
	ctx context.Context,
	provider string,
	state payment.WebhookState,
) (count int, err error) {
	err = t.queryRow(ctx, `SELECT COUNT(*) FROM webhooks WHERE provider = $1 AND state = $2`,
		provider, state).
		Scan(&count)
	return count, err
}

// DueBacklog counts the intents of a provider whose status is to be queried by
// now. oldest is since when the first of them has been due, the zero time when
// there is none.
func (t *Tx) DueBacklog(
	ctx context.Context,
	provider string,
	now time.Time,
) (count int, oldest time.Time, err error) {
	var since int64
	err = t.queryRow(ctx, `SELECT COUNT(*), COALESCE(MIN(check_at), 0) FROM intents
		WHERE provider = $1 AND check_at > 0 AND check_at <= $2`, provider, micros(now)).
		Scan(&count, &since)
	return count, fromMicros(since), err
}

// Doubt is money of which it is not known whether it has moved.
type Doubt struct {
	Provider string
	Kind     payment.Kind
	Amount   sdk.Money
	Since    time.Time
}

// The columns of a doubt have the amount of a capture in doubt from its
// attempt: it can be a part. The doubt began with the first call whose outcome
// is unknown.
const doubtColumns = `SELECT provider, kind, currency, amount,
	COALESCE((SELECT taken.amount FROM attempts AS taken WHERE taken.intent_id = intents.id
		AND taken.outcome = 'unknown' AND taken.verb = intents.doubt
		ORDER BY taken.number DESC LIMIT 1), ''),
	COALESCE((SELECT MIN(lost.started_at) FROM attempts AS lost WHERE lost.intent_id = intents.id
		AND lost.outcome = 'unknown' AND (intents.doubt = '' OR lost.verb = intents.doubt)),
		updated_at)
	FROM intents WHERE `

const (
	doubtfulCreates = doubtColumns + needsAttention + ` AND status = 'unknown'`
	doubtfulActions = doubtColumns + inAction + ` AND status <> 'unknown'`
)

// Doubts reads all money in doubt, in no particular order. A row with an amount
// that cannot be read is logged and left out.
func (t *Tx) Doubts(ctx context.Context) (list []Doubt, err error) {
	scan := func(row scanner) (struct{}, error) {
		var (
			one           Doubt
			amount, taken string
			since         int64
		)
		err := row.Scan(
			&one.Provider,
			&one.Kind,
			&one.Amount.Currency,
			&amount,
			&taken,
			&since,
		)
		if err != nil {
			return struct{}{}, fmt.Errorf("read a doubt: %w", err)
		}

		if taken != "" {
			amount = taken
		}
		one.Since = fromMicros(since)
		parsed, damage := amountOrNil(amount)
		if (damage == nil) && (parsed != nil) {
			one.Amount.Amount = parsed.Decimal
			list = append(list, one)
			return struct{}{}, nil
		}

		t.log.Error("the amount of an intent in doubt cannot be read; it is not counted",
			"provider", one.Provider, "amount", amount)
		return struct{}{}, nil
	}

	for _, query := range []string{doubtfulCreates, doubtfulActions} {
		if _, err := queryAll(ctx, t, scan, query); err != nil {
			return nil, err
		}
	}

	return list, nil
}

// Case is an intent that waits for an operator.
type Case struct {
	ID           string
	Kind         payment.Kind
	Provider     string
	Status       payment.Status
	ReviewReason payment.ReviewReason
	Doubt        string // the action in doubt; see intent.Intent
	Amount       string
	Currency     string
	// Since is when it came to its status, or the action in doubt was begun.
	Since time.Time
}

const (
	caseColumns = `SELECT id, kind, provider, status, review_reason, doubt, amount, currency, `

	// cameToStatus is the time of the last line of the history by which the
	// status changed to what it is.
	cameToStatus = `COALESCE((SELECT MAX(moved.at) FROM history AS moved
		WHERE moved.intent_id = intents.id AND moved.to_status = intents.status
		AND moved.from_status <> intents.status), updated_at)`

	beganAction = `COALESCE((SELECT MAX(lost.started_at) FROM attempts AS lost
		WHERE lost.intent_id = intents.id AND lost.verb = intents.doubt), updated_at)`

	casesByStatus = caseColumns + cameToStatus + ` FROM intents
		WHERE ` + needsAttention + ` AND status = $1 ORDER BY created_at, id`

	casesInAction = caseColumns + beganAction + ` FROM intents
		WHERE ` + inAction + `
		AND status <> 'unknown' AND status <> 'under_review' ORDER BY created_at, id`
)

// CasesByStatus reads up to limit intents that are unknown or under review,
// those first that were made first.
func (t *Tx) CasesByStatus(
	ctx context.Context,
	status payment.Status,
	limit int,
) ([]Case, error) {
	return queryAll(ctx, t, scanCase, casesByStatus+limitedTo(limit), status)
}

// CasesInAction reads up to limit intents of which an action, such as a
// capture, is in doubt while their own status is known.
func (t *Tx) CasesInAction(ctx context.Context, limit int) ([]Case, error) {
	return queryAll(ctx, t, scanCase, casesInAction+limitedTo(limit))
}

func scanCase(row scanner) (one Case, err error) {
	var since int64
	err = row.Scan(&one.ID, &one.Kind, &one.Provider, &one.Status, &one.ReviewReason,
		&one.Doubt, &one.Amount, &one.Currency, &since)
	one.Since = fromMicros(since)
	return one, err
}

// WaitingWebhook is a webhook that waits for an operator, without what it says.
type WaitingWebhook struct {
	ID         string
	Provider   string
	ReceivedAt time.Time
}

// WaitingWebhooks reads up to limit webhooks of a provider in a state, the
// oldest first.
func (t *Tx) WaitingWebhooks(
	ctx context.Context,
	provider string,
	state payment.WebhookState,
	limit int,
) ([]WaitingWebhook, error) {
	scan := func(row scanner) (one WaitingWebhook, err error) {
		var received int64
		err = row.Scan(&one.ID, &one.Provider, &received)
		one.ReceivedAt = fromMicros(received)
		return one, err
	}
	return queryAll(ctx, t, scan, `SELECT id, provider, received_at FROM webhooks
		WHERE provider = $1 AND state = $2 ORDER BY id`+limitedTo(limit), provider, state)
}

// OldestDead reads up to limit deliveries that were given up, the oldest event
// first.
func (t *Tx) OldestDead(ctx context.Context, limit int) ([]Delivery, error) {
	return queryAll(ctx, t, scanDelivery, `SELECT `+deliveryColumns+` FROM deliveries
		WHERE state = $1 ORDER BY position`+limitedTo(limit), payment.DeliveryDead)
}
