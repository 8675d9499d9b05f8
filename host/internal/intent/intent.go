// Package intent holds the record of one intended movement of money and the
// rules by which it changes: which reports are believed, which moves are
// allowed, and what becomes of a contradiction. It is pure: no clock, no store,
// no provider.
package intent

import (
	"encoding/json"
	"time"

	"github.com/payhost/payhost/host/payment"
)

// Intent is one payment, payout or refund as the store keeps it. The fields up
// to Sequence never change once it is recorded.
type Intent struct {
	ID                string
	Kind              payment.Kind
	Provider          string
	ParentID          string // a refund's payment
	Amount            payment.Amount
	Currency          string
	MerchantReference string
	Method            string
	// Request is the whole normalised request: payment.Request,
	// payment.PayoutRequest or RefundDetails.
	Request        json.RawMessage
	IdempotencyKey string
	CreatedAt      time.Time
	ExpiresAt      time.Time // zero for what never expires
	Sequence       uint64

	Status       payment.Status
	ReviewReason payment.ReviewReason
	// Fingerprint is the host's identity at the provider at the last create
	// attempt.
	Fingerprint       string
	ProviderReference string
	References        []string // every provider reference it ever had, oldest first
	ProviderStatus    string
	PaidAmount        *payment.Amount
	PaidCurrency      string
	NextAction        *payment.NextAction
	Failure           *payment.Failure
	State             []byte // the plugin's own
	// SucceededAt is when it first succeeded; it stays when a contradiction
	// puts it under review.
	SucceededAt time.Time
	UpdatedAt   time.Time
	// CheckAt is when the provider's status is to be queried next; zero for
	// never. Checks counts the queries without news.
	CheckAt time.Time
	Checks  int
	// Captured is how much of an authorized payment was taken so far by
	// captures of the host; nil when none was.
	Captured *payment.Amount
	// Doubt names the action whose outcome is unknown, until the provider's
	// status has been queried or an operator has decided, or is DoubtEnded; ""
	// for none. A create in doubt is the status unknown instead.
	Doubt string
	// Events counts its outgoing events and those of its refunds, as it was
	// when read; Version the writes, for compare-and-set.
	Events  int64
	Version int64
}

// RefundDetails is a refund's request.
type RefundDetails struct {
	Reason string `json:"reason,omitempty"`
	// Amount is here too so that two refunds of different amounts are different
	// requests.
	Amount string `json:"amount"`
}

// Receipt is one transfer that arrived for a payment, or the transaction that
// paid it.
type Receipt struct {
	ID       string
	Amount   *payment.Amount // nil when the provider does not say
	Currency string
}
