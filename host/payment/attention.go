package payment

import "time"

// AttentionKind says why something waits for an operator.
type AttentionKind string

// The kinds.
const (
	// AttentionUnknown is an intent of which it is not known whether money has
	// moved.
	AttentionUnknown AttentionKind = "unknown"
	// AttentionUnderReview is an intent under review.
	AttentionUnderReview AttentionKind = "under_review"
	// AttentionWebhookUnmatched is a genuine webhook that fits no payment.
	AttentionWebhookUnmatched AttentionKind = "webhook_unmatched"
	// AttentionWebhookFailed is a webhook that is not genuine, or that its plugin
	// could not read.
	AttentionWebhookFailed AttentionKind = "webhook_failed"
	// AttentionDeadLetter is an event that could not be delivered.
	AttentionDeadLetter AttentionKind = "dead_letter"
	// AttentionQuarantined is a provider whose plugin is not tried again by
	// itself.
	AttentionQuarantined AttentionKind = "quarantined"
	// AttentionPaused is something that an operator has paused.
	AttentionPaused AttentionKind = "paused"
	// AttentionFinding is what a provider's own list says otherwise.
	AttentionFinding AttentionKind = "finding"
	// AttentionFenced is a database on which no money moves.
	AttentionFenced AttentionKind = "fenced"
	// AttentionApproval is something that waits for a second name.
	AttentionApproval AttentionKind = "approval"
	// AttentionCertificate is a certificate that expires soon, or has expired.
	AttentionCertificate AttentionKind = "certificate_expiring"
)

// AttentionItem is something that waits for an operator.
type AttentionItem struct {
	Kind AttentionKind `json:"kind"`
	// ID is that of the payment, payout, refund, webhook or event, Provider the
	// account's name.
	ID       string `json:"id,omitempty"`
	Provider string `json:"provider,omitempty"`
	// Since is when it began to wait; of a certificate, when it expires.
	Since time.Time `json:"since" doc:"when it began to wait; of a certificate, when it expires"`
	// Summary says what is wrong in a sentence, Do are the commands that end it,
	// the first one first.
	Summary string   `json:"summary"`
	Do      []string `json:"do" doc:"the commands that end it, the first one first"`
}

// Attention is all that waits for an operator, the oldest first. It has at most
// so many of each kind as were asked for.
type Attention struct {
	Data []AttentionItem `json:"data"`
	// More are the kinds of which there are more than Data has.
	More []AttentionKind `json:"more" doc:"the kinds of which there are more than are listed"`
}

// ProviderHistory is how the calls of this host to a provider went. It is kept
// in memory, and starts empty with the host.
type ProviderHistory struct {
	Provider string `json:"provider"`
	Window   string `json:"window"`
	// StepSeconds is the time that one point stands for.
	StepSeconds int `json:"step_seconds"`
	// Since is when the host began to keep it.
	Since  time.Time      `json:"since"`
	Points []HistoryPoint `json:"points"`
}

// HistoryPoint is one step of a history. A step without calls has no latency and
// no share of errors.
type HistoryPoint struct {
	At    time.Time `json:"at" doc:"when the step began"`
	Calls int       `json:"calls"`
	// ErrorShare is the part of the calls, from 0 to 1, that failed for another
	// reason than the request itself, those that the host turned away included.
	ErrorShare *float64 `json:"error_share"`
	// P50 and P95 are the latencies within which half of the calls, and 95 of
	// 100, were answered, in milliseconds; of those that reached the plugin.
	P50 *float64 `json:"p50_ms"`
	P95 *float64 `json:"p95_ms"`
	// Doubt is how many payments, payouts and refunds were in doubt at the end
	// of the step; null when that was not known.
	Doubt *int `json:"doubt" doc:"how many payments, payouts and refunds were in doubt at the end of the step"`
}
