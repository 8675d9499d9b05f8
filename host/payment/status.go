package payment

// Status is how far a payment, payout or refund is.
type Status string

// The statuses. Created and Unknown are the host's own; the others are what
// providers say. Authorized, Canceled, Expired and RequiresAction belong to
// payments only, Pending to refunds only.
const (
	Created        Status = "created"         // on disk; the provider is being called
	RequiresAction Status = "requires_action" // the customer must do something
	Pending        Status = "pending"         // the provider is working on the refund
	Processing     Status = "processing"      // the provider is working on it
	Authorized     Status = "authorized"      // reserved but not taken
	Succeeded      Status = "succeeded"
	Failed         Status = "failed"
	Canceled       Status = "canceled"
	Expired        Status = "expired"
	UnderReview    Status = "under_review" // an operator must look at it; ReviewReason says why
	Unknown        Status = "unknown"      // the provider may or may not have acted
)

// Final reports whether a status is an end. Only a success that comes late and
// a review can follow one.
func (s Status) Final() bool {
	switch s {
	case Succeeded, Failed, Canceled, Expired:
		return true
	}
	return false
}

// ReviewReason is why something is under review, or waits to be approved.
type ReviewReason string

// The reasons.
const (
	ReviewProvider ReviewReason = "provider" // the provider says so, and can lift it
	ReviewMismatch ReviewReason = "mismatch" // another amount or currency than asked for
	ReviewUnproven ReviewReason = "unproven" // a claim that nothing proves
	// ReviewApproval is of a payout that is created and waits for a second name:
	// nothing of it was sent.
	ReviewApproval ReviewReason = "approval"
)

// Kind is the kind of thing that an ID names.
type Kind string

// The kinds.
const (
	KindPayment Kind = "payment"
	KindPayout  Kind = "payout"
	KindRefund  Kind = "refund"
)
