package host

import (
	"context"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
)

// Config is everything a host is told; package config documents its fields.
type Config = config.Config

// LoadConfig reads a config.toml. The error is *config.Problems and lists every
// problem, each with file, line and key.
func LoadConfig(path string) (*Config, error) { return config.Load(path) }

// The following types are those of package payment, which documents their
// fields. They are the JSON of the HTTP API as well.
type (
	// PaymentRequest asks for a payment.
	PaymentRequest = payment.Request
	// Payment is one payment as it is now.
	Payment = payment.Payment
	// Customer is the payer.
	Customer = payment.Customer
	// Confirmation is what a customer sent back.
	Confirmation = payment.Confirmation

	// PayoutRequest asks for money to be sent.
	PayoutRequest = payment.PayoutRequest
	// Payout is one payout as it is now.
	Payout = payment.Payout
	// Recipient is the payee.
	Recipient = payment.Recipient

	// RefundRequest asks to give back all of a payment or part of it.
	RefundRequest = payment.RefundRequest
	// Refund is one refund as it is now.
	Refund = payment.Refund

	// Status is how far a payment, payout or refund is.
	Status = payment.Status
	// Filter narrows a list of payments or payouts.
	Filter = payment.Filter
	// Resolution is what an operator decides about something that nothing else
	// can settle.
	Resolution = payment.Resolution

	// Event reports one change.
	Event = payment.Event
	// EventFilter says which events are read.
	EventFilter = payment.EventFilter
	// DeadLetter is an event whose pushing was given up.
	DeadLetter = payment.DeadLetter

	// Webhook is one stored request of a provider, secrets masked.
	Webhook = payment.Webhook
	// WebhookState is what became of a webhook.
	WebhookState = payment.WebhookState
	// WebhookFilter narrows a list of webhooks.
	WebhookFilter = payment.WebhookFilter
	// Pause stops new payments or payouts at a provider until they are resumed.
	Pause = payment.Pause
	// PauseScope is what a pause stops.
	PauseScope = payment.PauseScope

	// Reconciliation compares with a provider's own list.
	Reconciliation = payment.Reconciliation
	// ReconciliationRequest is the range of time that is compared.
	ReconciliationRequest = payment.ReconciliationRequest
	// Finding is one difference of a reconciliation.
	Finding = payment.Finding
	// FindingFilter narrows a list of findings.
	FindingFilter = payment.FindingFilter
	// Attachment ends a finding.
	Attachment = payment.Attachment
	// Fence says whether money may move on a database.
	Fence = payment.Fence
	// Erasure is what was erased of a person.
	Erasure = payment.Erasure
	// Approval is something that waits for a second name, or has waited.
	Approval = payment.Approval
	// ApprovalFilter narrows a list of approvals.
	ApprovalFilter = payment.ApprovalFilter

	// ExportRequest says what is exported.
	ExportRequest = payment.ExportRequest
	// AuditEntry is one row of the audit log.
	AuditEntry = payment.AuditEntry
	// AuditFilter narrows a list of the audit log.
	AuditFilter = payment.AuditFilter
	// AuditCheck is what a verification of the audit log has found.
	AuditCheck = payment.AuditCheck

	// TokenKey is one of the keys that sign webhook and return URLs.
	TokenKey = payment.TokenKey

	// ProviderStatus is everything that may be shown of a configured provider.
	ProviderStatus = payment.ProviderStatus
	// ProviderState is the state of a configured provider.
	ProviderState = payment.ProviderState
	// CanaryDifference is what a provider's new version makes otherwise of what was
	// read.
	CanaryDifference = payment.CanaryDifference
	// CanaryState says what a provider's new version does.
	CanaryState = payment.CanaryState
	// ProviderCanary is a provider's new version.
	ProviderCanary = payment.ProviderCanary
	// ProviderLimit bounds the amounts of one currency.
	ProviderLimit = payment.ProviderLimit
	// ProviderOperation is an operation that only this provider has.
	ProviderOperation = payment.ProviderOperation

	// Attention is all that waits for an operator.
	Attention = payment.Attention
	// AttentionItem is one thing that waits for an operator.
	AttentionItem = payment.AttentionItem
	// AttentionKind says why something waits for an operator.
	AttentionKind = payment.AttentionKind
	// ProviderHistory is how the calls to a provider went.
	ProviderHistory = payment.ProviderHistory
	// HistoryPoint is one step of a history.
	HistoryPoint = payment.HistoryPoint

	// Error is why a request was not carried out: its code, its outcome, what
	// the provider said.
	Error = payment.Error
)

// The states of a provider.
const (
	ProviderStarting    = payment.ProviderStarting
	ProviderReady       = payment.ProviderReady
	ProviderDraining    = payment.ProviderDraining
	ProviderRestarting  = payment.ProviderRestarting
	ProviderQuarantined = payment.ProviderQuarantined
	ProviderDisabled    = payment.ProviderDisabled
)

// The errors that callers test with errors.Is; errors.As with *Error tells the
// rest.
var (
	ErrNotFound   = payment.ErrNotFound
	ErrConflict   = payment.ErrConflict
	ErrInProgress = payment.ErrInProgress
)

// WithActor returns a context whose calls are made in the name of somebody: the
// name is the actor in the histories of what they make. Without it that is
// "api".
func WithActor(ctx context.Context, name string) context.Context {
	return caller.With(ctx, caller.Caller{Name: name, Token: true, Unlimited: true})
}

// CallOption adds to a call that can move money.
type CallOption func(*callOptions)

type callOptions struct {
	key      string
	replayed *bool
}

// IdempotencyKey names the intent: the same key with the same request never
// moves money twice. It is required, 1 to 255 printable ASCII characters.
func IdempotencyKey(key string) CallOption {
	return func(o *callOptions) { o.key = key }
}

// ReportReplay has a call say whether its key stood for the request already, so
// that nothing was done again. It is set before the call returns.
func ReportReplay(replayed *bool) CallOption {
	return func(o *callOptions) { o.replayed = replayed }
}

// ofCall puts the options of a call together.
func ofCall(list []CallOption) callOptions {
	var chosen callOptions
	for _, option := range list {
		if option != nil {
			option(&chosen)
		}
	}
	return chosen
}

// report tells the caller whether the key stood for the request already.
func (o callOptions) report(replayed bool) {
	if o.replayed != nil {
		*o.replayed = replayed
	}
}
