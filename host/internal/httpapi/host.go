package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// The interfaces of this file are what the API needs of a host. All of them are
// called at the same time by many requests. An error that is a *payment.Error
// or an *sdk.Error is shown to the caller; any other is logged, and the caller
// is told only that something failed.

// Payments makes, changes and reads payments, payouts and refunds.
type Payments interface {
	Calls
	Queries

	// Payment, Payout and Refund return the attempts too; those of payments and
	// payouts also have the history.
	Payment(ctx context.Context, id string) (*payment.Payment, error)
	Payout(ctx context.Context, id string) (*payment.Payout, error)
	Refund(ctx context.Context, id string) (*payment.Refund, error)

	// ListPayments and ListPayouts return neither, newest first. The second
	// result is the cursor of the next page, "" at the end.
	ListPayments(ctx context.Context, f payment.Filter) ([]payment.Payment, string, error)
	ListPayouts(ctx context.Context, f payment.Filter) ([]payment.Payout, string, error)

	// Refunds are those of one payment, newest first.
	Refunds(ctx context.Context, paymentID string) ([]payment.Refund, error)

	// Events returns at most limit events after one, oldest first; after is ""
	// for the first, and types none for all.
	Events(
		ctx context.Context,
		after string,
		types []string,
		limit int,
	) ([]payment.Event, error)

	// Export writes nothing before it has read something. The error may be w's.
	Export(ctx context.Context, r payment.ExportRequest, w io.Writer) error

	// ListApprovals returns the newest first, as the lists above. Approve and
	// Reject decide in the caller's name, who cannot approve what the same name has
	// asked for; they take the id of an approval or of what waits.
	ListApprovals(ctx context.Context, f payment.ApprovalFilter) ([]payment.Approval, string, error)
	Approve(ctx context.Context, id, reason string) (*payment.Approval, error)
	Reject(ctx context.Context, id, reason string) (*payment.Approval, error)

	// Audit adds an entry to the audit log before what it is about is done.
	Audit(ctx context.Context, entry payment.AuditEntry) error
	// ListAudit returns the newest first; the second result is the cursor of the
	// next page, "" at the end.
	ListAudit(ctx context.Context, f payment.AuditFilter) ([]payment.AuditEntry, string, error)
	VerifyAudit(ctx context.Context) (payment.AuditCheck, error)
	// Erase erases a person; it refuses what is open.
	Erase(ctx context.Context, customer string) (payment.Erasure, error)
	Fence(ctx context.Context) (payment.Fence, error)
	LiftFence(ctx context.Context, by, reason string) (payment.Fence, error)
	BeginReconciliation(
		ctx context.Context, provider string, r payment.ReconciliationRequest,
	) (*payment.Reconciliation, error)
	Reconciliation(ctx context.Context, id string) (payment.Reconciliation, error)
	ListReconciliations(
		ctx context.Context, provider, cursor string, limit int,
	) (list []payment.Reconciliation, next string, err error)
	ListFindings(
		ctx context.Context, f payment.FindingFilter,
	) (list []payment.Finding, next string, err error)
	AttachFinding(ctx context.Context, id string, a payment.Attachment) (*payment.Finding, error)

	// TokenKeys, RotateTokenKey and EndTokenKey return all keys that sign
	// webhook and return URLs, as they are then.
	TokenKeys(ctx context.Context) ([]payment.TokenKey, error)
	RotateTokenKey(ctx context.Context, operator, reason string) ([]payment.TokenKey, error)
	EndTokenKey(
		ctx context.Context,
		id, operator, reason string,
	) ([]payment.TokenKey, error)
}

// Calls change something at a provider. A call with a key has the effect of
// one, however often it is made with the same request; the second result
// reports whether an earlier call under the key brought the first about. A call
// whose ctx ends goes on without its caller.
type Calls interface {
	CreatePayment(
		ctx context.Context,
		r payment.Request,
		key string,
	) (*payment.Payment, bool, error)
	CreatePayout(
		ctx context.Context,
		r payment.PayoutRequest,
		key string,
	) (*payment.Payout, bool, error)
	CreateRefund(
		ctx context.Context,
		paymentID string,
		r payment.RefundRequest,
		key string,
	) (
		*payment.Refund, bool, error)
	ConfirmPayment(ctx context.Context, id string, c payment.Confirmation, key string) (
		*payment.Payment, bool, error)
	// CapturePayment takes all that is left when amount is zero.
	CapturePayment(ctx context.Context, id string, amount decimal.Decimal, key string) (
		*payment.Payment, bool, error)
	CancelPayment(
		ctx context.Context,
		id, reason, key string,
	) (*payment.Payment, bool, error)

	// Invoke needs a key only for an operation that moves money.
	Invoke(
		ctx context.Context,
		provider, operation string,
		input json.RawMessage,
		key string,
	) (
		json.RawMessage, bool, error)

	// Resolve records an operator's decision. It calls no provider, and so
	// needs no key.
	Resolve(ctx context.Context, kind payment.Kind, id string, r payment.Resolution) error
}

// Queries ask the provider.
type Queries interface {
	// RefreshPayment and RefreshPayout also record the answer.
	RefreshPayment(ctx context.Context, id string) (*payment.Payment, error)
	RefreshPayout(ctx context.Context, id string) (*payment.Payout, error)
	PaymentMethods(ctx context.Context, provider string, r sdk.ListPaymentMethodsRequest) (
		[]sdk.PaymentMethod, error)
	Balances(ctx context.Context, provider string) ([]sdk.Balance, error)
}

// Webhooks are the stored ones, secrets masked.
type Webhooks interface {
	// List leaves the bodies out.
	List(ctx context.Context, f payment.WebhookFilter) ([]payment.Webhook, string, error)
	Get(ctx context.Context, id string) (*payment.Webhook, error)
	Replay(ctx context.Context, id string) (*payment.Webhook, error)
	Attach(ctx context.Context, id, paymentID, operator string) (*payment.Webhook, error)
}

// Incoming serves what strangers send. Its handlers bound what they read and
// keep.
type Incoming interface {
	WebhookHandler() http.Handler
	ReturnHandler() http.Handler
	// AlsoBelowPublicURL serves webhooks and returns below the path of the
	// public URL too, and hands everything else to next.
	AlsoBelowPublicURL(next http.Handler) http.Handler
}

// DeadLetters are the events whose pushing was given up.
type DeadLetters interface {
	List(
		ctx context.Context,
		cursor string,
		limit int,
	) ([]payment.DeadLetter, string, error)
	// Retry leaves one that waits for its retry already as it is.
	Retry(ctx context.Context, id string) (payment.DeadLetter, error)
}

// Providers reports the state of the configured accounts, without secrets.
type Providers interface {
	// Providers is in the order of the names.
	Providers() []payment.ProviderStatus
	// Provider is false for a name that is not configured.
	Provider(name string) (payment.ProviderStatus, bool)
	// WebhookURL returns where an account's webhooks go. Its token is a secret of
	// the operator's.
	WebhookURL(name string) string

	// Pauses are those of all providers.
	Pauses(ctx context.Context) ([]payment.Pause, error)
	// PauseProvider and ResumeProvider return the pauses of the provider, as they
	// are then on every host of the database.
	PauseProvider(
		ctx context.Context,
		name string,
		what payment.PauseScope,
		operator, reason string,
	) ([]payment.Pause, error)
	ResumeProvider(
		ctx context.Context,
		name string,
		what payment.PauseScope,
		operator, reason string,
	) ([]payment.Pause, error)
	// RestartProvider leaves a provider alone that is served.
	RestartProvider(
		ctx context.Context,
		name, operator, reason string,
	) (payment.ProviderStatus, error)
}

// Insight shows how the host stands.
type Insight interface {
	// Attention has at most limit items of each kind.
	Attention(ctx context.Context, limit int) (payment.Attention, error)
	// ProviderHistory takes the windows 1h, 24h and 7d.
	ProviderHistory(name, window string) (payment.ProviderHistory, error)
}

// Store is the database, as far as the probes know it.
type Store interface {
	// Ping fails when the database does not answer.
	Ping(ctx context.Context) error
	// Writable fails when nothing can be written to the database.
	Writable(ctx context.Context) error
}
