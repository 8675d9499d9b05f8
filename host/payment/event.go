package payment

import (
	"encoding/json"
	"time"
)

// Event reports one change of a payment, payout or refund. The events of one of
// them are in the order of Sequence.
type Event struct {
	ID        string    `json:"id" doc:"evt_…, sortable in the order of the stream"`
	Type      string    `json:"type" doc:"payment.succeeded, payout.failed, …: the kind and its new status; provider.paused: too much is in doubt with this payout"`
	CreatedAt time.Time `json:"created_at"`
	PaymentID string    `json:"payment_id,omitempty"`
	PayoutID  string    `json:"payout_id,omitempty"`
	RefundID  string    `json:"refund_id,omitempty"`
	// Sequence counts the events of this payment, payout or refund from 1.
	Sequence int64 `json:"sequence"`
	// Data is the payment, payout or refund as it then was.
	Data json.RawMessage `json:"data"`
}

// EventFilter says which events are read. Zero values do not narrow.
type EventFilter struct {
	// After is the ID of the last event that the reader has; "" is the
	// beginning of the stream.
	After string
	// Types are those wanted, such as payment.succeeded or payout.*; none: all.
	Types []string
	// Limit is how many at most, from 1 to 200; 0 is 50.
	Limit int
}

// Webhook is one stored request of a provider, secrets masked.
type Webhook struct {
	ID            string    `json:"id" doc:"wh_…, sortable by time"`
	Provider      string    `json:"provider"`
	ReceivedAt    time.Time `json:"received_at"`
	RemoteAddress string    `json:"remote_address"`
	// Verified reports whether its signature or its origin proves that the
	// provider sent it.
	Verified   bool              `json:"verified"`
	State      WebhookState      `json:"state" enum:"pending,applied,ignored,unmatched,failed"`
	Events     int               `json:"events" doc:"how many events the webhook held"`
	PaymentIDs []string          `json:"payment_ids"`
	Error      string            `json:"error,omitempty"`
	Method     string            `json:"method"`
	Query      string            `json:"query,omitempty"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

// WebhookState is what became of a webhook.
type WebhookState string

// The states.
const (
	WebhookPending   WebhookState = "pending"   // stored; its plugin has not read it yet
	WebhookApplied   WebhookState = "applied"   // read, and what it says is recorded
	WebhookIgnored   WebhookState = "ignored"   // read; it changed nothing, or was only a hint
	WebhookUnmatched WebhookState = "unmatched" // genuine, but fits no payment
	WebhookFailed    WebhookState = "failed"    // not genuine, or its plugin could not read it
)

// WebhookFilter narrows a list of webhooks. Zero values do not narrow.
type WebhookFilter struct {
	Provider string
	State    WebhookState
	// Cursor is the next of the page before; "" is the newest.
	Cursor string
	// Limit is how many at most, from 1 to 200; 0 is 50.
	Limit int
}

// DeliveryState is how far an event is that is pushed and has not arrived.
type DeliveryState string

// The states.
const (
	// DeliveryPending is for an event that is tried, or waits for its next try
	// or for an earlier event of its payment.
	DeliveryPending DeliveryState = "pending"
	// DeliveryDead is for an event that was given up: an operator has to retry
	// it.
	DeliveryDead DeliveryState = "dead"
)

// DeadLetter is an event whose pushing was given up, because the receiver
// answered 410 or because it did not take it for three days. The event itself
// can still be read from the stream.
type DeadLetter struct {
	// ID is the event's.
	ID        string    `json:"id" doc:"the event's id"`
	Type      string    `json:"type"`
	CreatedAt time.Time `json:"created_at" doc:"when it happened"`
	PaymentID string    `json:"payment_id,omitempty"`
	PayoutID  string    `json:"payout_id,omitempty"`
	// State is dead; pending once an operator has retried it.
	State DeliveryState `json:"state" enum:"pending,dead"`
	Tries int           `json:"tries"`
	// TriedAt is when it was tried last; nil between an operator's retry and
	// the next try.
	TriedAt *time.Time `json:"tried_at"`
	// Status is the HTTP status of the last answer; 0: there was none.
	Status int    `json:"status"`
	Error  string `json:"error" doc:"what was wrong with the last try"`
}
