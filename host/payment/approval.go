package payment

import "time"

// ApprovalKind is what waits for a second name.
type ApprovalKind string

// The kinds.
const (
	// ApprovalPayout is a payout, which is not sent before.
	ApprovalPayout ApprovalKind = "payout"
	// ApprovalResolve is an operator's decision, which counts for nothing before.
	ApprovalResolve ApprovalKind = "resolve"
)

// ApprovalState is what became of it.
type ApprovalState string

// The states.
const (
	ApprovalPending  ApprovalState = "pending"
	ApprovalApproved ApprovalState = "approved"
	ApprovalRejected ApprovalState = "rejected"
)

// Approval is something that one caller has asked for and that another has to
// approve.
type Approval struct {
	ID   string       `json:"id" doc:"apr_…, sortable by time"`
	Kind ApprovalKind `json:"kind" enum:"payout,resolve" doc:"a payout that is not sent before, or a decision about a payment, payout or refund"`
	// SubjectID is the payout, or what the decision is about.
	SubjectID string `json:"subject_id" doc:"the payout, or the payment, payout or refund that the decision is about"`
	Provider  string `json:"provider"`
	Amount    Amount `json:"amount"`
	Currency  string `json:"currency"`
	// Why says why it needs a second name.
	Why string `json:"why" doc:"why it needs a second name"`
	// Resolution is what was decided; nil for a payout.
	Resolution *Resolution   `json:"resolution,omitempty" doc:"the decision that waits; absent for a payout"`
	AskedBy    string        `json:"asked_by"`
	AskedAt    time.Time     `json:"asked_at"`
	State      ApprovalState `json:"state" enum:"pending,approved,rejected"`
	// DecidedBy approved or rejected it, at DecidedAt; "" and nil while it waits.
	DecidedBy string     `json:"decided_by,omitempty"`
	DecidedAt *time.Time `json:"decided_at,omitempty"`
	Reason    string     `json:"reason,omitempty" doc:"why it was approved or rejected"`
}

// ApprovalFilter narrows a list of approvals. Zero values do not narrow.
type ApprovalFilter struct {
	State ApprovalState
	// Cursor is the next of the page before; "" is the newest.
	Cursor string
	// Limit is how many at most, from 1 to 200; 0 is 50.
	Limit int
}
