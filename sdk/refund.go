package sdk

import "context"

// RefundStatus is how far a refund is, as a provider can tell. Unknown ones arrive as "unrecognized_N".
type RefundStatus string

// What a provider may say. The host adds two of its own, "created" and "unknown".
const (
	RefundPending     RefundStatus = "pending"
	RefundSucceeded   RefundStatus = "succeeded"
	RefundFailed      RefundStatus = "failed"
	RefundUnderReview RefundStatus = "under_review"
)

// CreateRefundRequest asks to give back all or part of Payment. Reference and Sequence are the refund's own.
type CreateRefundRequest struct {
	Reference      string
	Payment        PaymentContext
	IdempotencyKey string
	Sequence       uint64
	Attempt        int
	Amount         Money
	Reason         string
}

// Refund is what the provider says of one.
type Refund struct {
	ProviderReference string
	Status            RefundStatus
	ProviderStatus    string
	Amount            *Money
	Message           string
}

// GetRefundRequest asks for one refund's status.
type GetRefundRequest struct {
	Reference         string
	ProviderReference string
	Payment           PaymentContext
	Amount            Money
}

// RefundCreator is CapabilityCreateRefund.
type RefundCreator interface {
	CreateRefund(context.Context, CreateRefundRequest) (*Refund, error)
}

// RefundGetter is CapabilityGetRefund.
type RefundGetter interface {
	GetRefund(context.Context, GetRefundRequest) (*Refund, error)
}
