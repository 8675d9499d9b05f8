package payment

import "time"

// AuditOutcome is what became of what an entry of the audit log is about.
type AuditOutcome string

// The outcomes.
const (
	// AuditDone is for what the host has done or recorded. The history of the
	// payment has what its provider made of it.
	AuditDone AuditOutcome = "done"
	// AuditRefused is for what the host did not do.
	AuditRefused AuditOutcome = "refused"
)

// AuditEntry is one row of the audit log.
type AuditEntry struct {
	ID string    `json:"id" doc:"aud_…, sortable in the order of the log"`
	At time.Time `json:"at"`
	// Actor is the name of the token, or api, admin socket or host.
	Actor     string `json:"actor" doc:"who: the name of a token, or api, admin socket or host"`
	RequestID string `json:"request_id,omitempty" doc:"finds the request in the host's log"`
	// Action is the id of the operation in the API's document, or reload, drain.
	Action   string `json:"action" doc:"what was asked for: the operationId of the call, or reload, drain"`
	Provider string `json:"provider,omitempty"`
	// Subject is the ID of what it is about.
	Subject string       `json:"subject,omitempty" doc:"the id of what it is about"`
	Outcome AuditOutcome `json:"outcome" enum:"done,refused"`
	Note    string       `json:"note,omitempty" doc:"what exactly, for people"`
	// Hash covers the entry and the hash of the one before.
	Hash string `json:"hash" doc:"covers the entry and the hash of the one before"`
}

// AuditFilter narrows a list of the audit log. Zero values do not narrow.
type AuditFilter struct {
	Actor   string
	Subject string
	// Cursor is the next of the page before; "" is the newest.
	Cursor string
	// Limit is how many at most, from 1 to 200; 0 is 50.
	Limit int
}

// AuditCheck is what a verification of the audit log has found.
type AuditCheck struct {
	// Rows is how many rows are as they were written.
	Rows int64 `json:"rows" doc:"how many rows are as they were written, from the first on"`
	// Head is the hash of the last of them. Written down elsewhere, it shows
	// later that the rows up to there are still the same.
	Head string `json:"head" doc:"the hash of the last of them"`
	// Broken is the ID of the first row that is not, "" for none; Why says what
	// is wrong with it.
	Broken string `json:"broken,omitempty" doc:"the first row that is not"`
	Why    string `json:"why,omitempty"`
}
