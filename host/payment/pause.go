package payment

import "time"

// PauseScope is what a pause stops.
type PauseScope string

// The scopes. A pause never touches what is open: queries, webhooks, captures,
// cancellations and refunds go on.
const (
	// PausePayments stops new payments.
	PausePayments PauseScope = "payments"
	// PausePayouts stops new payouts, and the provider's own operations that move
	// money.
	PausePayouts PauseScope = "payouts"
	// PauseAll is both; it is for requests only, and kept as the two.
	PauseAll PauseScope = "all"
)

// Scopes returns what a request names; none for a word that is not a scope. The
// empty word is all.
func (s PauseScope) Scopes() []PauseScope {
	switch s {
	case "", PauseAll:
		return []PauseScope{PausePayments, PausePayouts}
	case PausePayments, PausePayouts:
		return []PauseScope{s}
	}
	return nil
}

// Pause stops something at a provider, on every host of the database, until an
// operator resumes it.
type Pause struct {
	Provider string     `json:"provider"`
	What     PauseScope `json:"what" enum:"payments,payouts" doc:"what is stopped: new payments, or new payouts and operations that move money"`
	Since    time.Time  `json:"since"`
	// By and Reason are who paused it and why.
	By     string `json:"by"`
	Reason string `json:"reason"`
}
