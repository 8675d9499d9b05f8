package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// The interfaces of this file are what the API needs of a host. All of them are
// called at the same time by many requests. An error that is a *payment.Error
// is shown to the caller; any other is logged, and the caller is told only that
// something failed.

// Payments makes, changes and reads payments, payouts and refunds.
type Payments interface {
	// A call with a key has the effect of one, however often it is made with
	// the same request; replayed reports that an earlier one under the key
	// brought the result about. A call whose ctx ends goes on without its
	// caller.
	CreatePayment(
		ctx context.Context,
		r payment.Request,
		key string,
	) (p *payment.Payment, replayed bool, err error)
	CreatePayout(
		ctx context.Context,
		r payment.PayoutRequest,
		key string,
	) (p *payment.Payout, replayed bool, err error)
	CreateRefund(
		ctx context.Context,
		paymentID string,
		r payment.RefundRequest,
		key string,
	) (p *payment.Refund, replayed bool, err error)
	ConfirmPayment(
		ctx context.Context,
		id string,
		c payment.Confirmation,
		key string,
	) (p *payment.Payment, replayed bool, err error)
	CapturePayment(
		ctx context.Context,
		id string,
		amount decimal.Decimal,
		key string,
	) (p *payment.Payment, replayed bool, err error)
	CancelPayment(
		ctx context.Context,
		id, reason, key string,
	) (p *payment.Payment, replayed bool, err error)
	Resolve(ctx context.Context, kind payment.Kind, id string, r payment.Resolution) error

	// What is read has its attempts; payments and payouts their history too. A
	// list has neither, and its cursors are ids.
	Payment(ctx context.Context, id string) (*payment.Payment, error)
	Payout(ctx context.Context, id string) (*payment.Payout, error)
	Refund(ctx context.Context, id string) (*payment.Refund, error)
	Refunds(ctx context.Context, paymentID string) ([]payment.Refund, error)
	ListPayments(
		ctx context.Context,
		f payment.Filter,
	) (list []payment.Payment, next string, err error)
	ListPayouts(
		ctx context.Context,
		f payment.Filter,
	) (list []payment.Payout, next string, err error)
	Events(
		ctx context.Context,
		after string,
		types []string,
		limit int,
	) ([]payment.Event, error)

	// These ask the provider first.
	RefreshPayment(ctx context.Context, id string) (*payment.Payment, error)
	RefreshPayout(ctx context.Context, id string) (*payment.Payout, error)
	PaymentMethods(
		ctx context.Context,
		provider string,
		r sdk.ListPaymentMethodsRequest,
	) ([]sdk.PaymentMethod, error)
	Balances(ctx context.Context, provider string) ([]sdk.Balance, error)
	// Invoke needs a key only for an operation that moves money.
	Invoke(
		ctx context.Context,
		provider, operation string,
		input json.RawMessage,
		key string,
	) (
		output json.RawMessage, replayed bool, err error)

	// The keys that sign webhook and return URLs, all of them after each call.
	TokenKeys(ctx context.Context) ([]payment.TokenKey, error)
	RotateTokenKey(ctx context.Context, operator, reason string) ([]payment.TokenKey, error)
	EndTokenKey(
		ctx context.Context,
		id, operator, reason string,
	) ([]payment.TokenKey, error)
}

// Webhooks are the stored ones, secrets masked.
type Webhooks interface {
	// List leaves the bodies out.
	List(
		ctx context.Context,
		f payment.WebhookFilter,
	) (list []payment.Webhook, next string, err error)
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
	) (list []payment.DeadLetter, next string, err error)
	// Retry leaves one that waits for its retry already as it is.
	Retry(ctx context.Context, id string) (payment.DeadLetter, error)
}

// Providers reports the state of the configured accounts, without secrets.
type Providers interface {
	// Providers is in the order of the names.
	Providers() []payment.ProviderStatus
	// Provider is false for a name that is not configured.
	Provider(name string) (payment.ProviderStatus, bool)
}

// Store is the database, as far as the probes know it.
type Store interface {
	// Ping fails when the database does not answer.
	Ping(ctx context.Context) error
	// Writable fails when nothing can be written to the database.
	Writable(ctx context.Context) error
}
