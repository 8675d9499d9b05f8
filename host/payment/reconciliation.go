package payment

import "time"

// ReconciliationRequest is the range of time that is compared with a provider's
// own list. From is part of it, To is not.
type ReconciliationRequest struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// ReconciliationState says how far a reconciliation is.
type ReconciliationState string

// The states.
const (
	ReconciliationRunning ReconciliationState = "running"
	ReconciliationDone    ReconciliationState = "done"
	ReconciliationFailed  ReconciliationState = "failed"
)

// Reconciliation compares what a host knows of a provider's payments and payouts
// with the provider's own list.
type Reconciliation struct {
	ID       string    `json:"id"`
	Provider string    `json:"provider"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`

	State     ReconciliationState `json:"state" enum:"running,done,failed"`
	StartedAt time.Time           `json:"started_at"`
	EndedAt   *time.Time          `json:"ended_at,omitempty"`
	By        string              `json:"by" doc:"who asked for it"`
	Error     string              `json:"error,omitempty" doc:"why it failed"`

	// Compared is how many rows of the provider's list were compared.
	Compared int `json:"compared" doc:"how many rows of the provider's list were compared"`
	// Orphans says whether what only the provider has can be found: the account
	// lists by time, and not only by reference.
	Orphans bool `json:"orphans" doc:"whether the provider's list shows what only the provider has"`
}

// FindingKind says what differs.
type FindingKind string

// The kinds of findings.
const (
	// FindingMissingThere is money that the host knows of and the provider's list
	// does not have.
	FindingMissingThere FindingKind = "missing_there"
	// FindingMissingHere is money that only the provider knows of: an orphan.
	FindingMissingHere FindingKind = "missing_here"
	// FindingAmount is another amount, FindingStatus another status.
	FindingAmount FindingKind = "amount"
	FindingStatus FindingKind = "status"
)

// FindingState says whether a finding still waits for a person.
type FindingState string

// The states.
const (
	FindingOpen FindingState = "open"
	// FindingSettled is for a finding whose cause is mended, by the provider's
	// answer or by an operator's word.
	FindingSettled FindingState = "settled"
	// FindingAttached is for an orphan that an operator has attached to a payment
	// or payout.
	FindingAttached FindingState = "attached"
)

// FindingSide is what one side says; nil when it does not know of it.
type FindingSide struct {
	Status   string `json:"status,omitempty"`
	Amount   string `json:"amount,omitempty"`
	Currency string `json:"currency,omitempty"`
}

// Finding is one difference of a reconciliation, with both sides.
type Finding struct {
	ID               string      `json:"id"`
	ReconciliationID string      `json:"reconciliation_id"`
	Provider         string      `json:"provider"`
	Kind             FindingKind `json:"kind" enum:"missing_there,missing_here,amount,status"`
	// Subject is what it is about, and SubjectID the host's id of it, "" for an
	// orphan that is attached to nothing.
	Subject           Kind         `json:"subject" enum:"payment,payout"`
	SubjectID         string       `json:"subject_id,omitempty"`
	Reference         string       `json:"reference,omitempty" doc:"the reference that the provider names, if it is not that of a payment here"`
	ProviderReference string       `json:"provider_reference,omitempty"`
	Ours              *FindingSide `json:"ours,omitempty"`
	Theirs            *FindingSide `json:"theirs,omitempty"`
	FoundAt           time.Time    `json:"found_at"`

	State FindingState `json:"state" enum:"open,settled,attached"`
	By    string       `json:"by,omitempty" doc:"who ended it"`
	Note  string       `json:"note,omitempty" doc:"why it ended"`
}

// FindingFilter narrows a list of findings. Zero values do not narrow.
type FindingFilter struct {
	Reconciliation string
	State          FindingState
	// Cursor is the next of the page before; "" is the newest.
	Cursor string
	// Limit is how many at most, from 1 to 200; 0 is 50.
	Limit int
}

// Attachment ends a finding: an orphan is attached to a payment or payout, and
// any finding can be ended with a reason alone.
type Attachment struct {
	// SubjectID is the payment or payout that an orphan belongs to.
	SubjectID string `json:"subject_id,omitempty" maxLength:"64" doc:"the payment or payout that an orphan belongs to; left out, the finding ends with the reason alone"`
	Reason    string `json:"reason" minLength:"1" maxLength:"1000" doc:"why; kept with the finding"`
}
