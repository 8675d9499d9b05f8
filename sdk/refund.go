package sdk

import (
	"context"
	"time"
)

// RefundStatus is how far a refund is, as a provider can tell. Unknown ones
// arrive as "unrecognized_N".
type RefundStatus string

// The statuses that a provider may report. The host adds two of its own, "created" and
// "unknown".
const (
	RefundPending     RefundStatus = "pending"
	RefundSucceeded   RefundStatus = "succeeded"
	RefundFailed      RefundStatus = "failed"
	RefundUnderReview RefundStatus = "under_review"
)

// CreateRefundRequest asks to give back all or part of Payment. Reference and
// Sequence are the refund's own; fields shared with CreatePaymentRequest mean
// the same.
type CreateRefundRequest struct {
	Reference      string
	Payment        PaymentContext
	IdempotencyKey string
	Sequence       uint64
	Attempt        int
	Amount         Money
	Reason         string // words for the provider's records; may be empty
}

// Refund is what the provider says of one. Fields shared with Payment mean the
// same.
type Refund struct {
	ProviderReference string
	Status            RefundStatus
	ProviderStatus    string
	Amount            *Money
	Message           string
	State             []byte
}

// RefundContext is what the host knows of a refund.
type RefundContext struct {
	Reference         string
	ProviderReference string
	Amount            Money
	Payment           PaymentContext // the payment that is refunded
	State             []byte         // the last Refund.State of the plugin
	CreatedAt         time.Time
	Sequence          uint64
}

// GetRefundRequest asks for one refund's status.
type GetRefundRequest struct {
	Refund RefundContext
}

// RefundCreator is CapabilityCreateRefund.
type RefundCreator interface {
	// CreateRefund refunds all or part of a payment that has succeeded. It may
	// be called again with the same Reference, IdempotencyKey and Sequence, and a
	// higher Attempt, when an answer was lost: what happens then must be what
	// Info.CreateRefund declares.
	CreateRefund(context.Context, CreateRefundRequest) (*Refund, error)
}

// RefundGetter is CapabilityGetRefund.
type RefundGetter interface {
	// GetRefund asks for the refund's status. It changes nothing and is called
	// often, also for refunds whose creation is in doubt: ProviderReference is
	// then empty. CodeNotFound means that the provider knows no such refund;
	// Info.RefundLookup declares whether that proves that there is none.
	GetRefund(context.Context, GetRefundRequest) (*Refund, error)
}
