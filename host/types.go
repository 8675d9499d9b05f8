package host

import (
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Config is everything a host is told; package config documents its fields.
type Config = config.Config

// PaymentRequest asks for a payment; payment.Request documents its fields.
type PaymentRequest = payment.Request

// Payment is one payment as it is now; payment.Payment documents its fields.
type Payment = payment.Payment

// PayoutRequest asks for money to be sent; payment.PayoutRequest documents its fields.
type PayoutRequest = payment.PayoutRequest

// Payout is one payout as it is now; payment.Payout documents its fields.
type Payout = payment.Payout

// RefundRequest asks to give back all of a payment or part of it.
type RefundRequest = payment.RefundRequest

// Refund is one refund as it is now; payment.Refund documents its fields.
type Refund = payment.Refund

// Customer is who pays.
type Customer = payment.Customer

// Recipient is who is paid.
type Recipient = payment.Recipient

// Event reports one change; payment.Event documents its fields.
type Event = payment.Event

// DeadLetter is an event whose pushing was given up; payment.DeadLetter documents its fields.
type DeadLetter = payment.DeadLetter

// TokenKey is one of the keys that sign webhook and return URLs; payment.TokenKey
// documents its fields.
type TokenKey = payment.TokenKey

// Status is how far a payment, payout or refund is; package payment has the values.
type Status = payment.Status

// Error is why a request was not carried out: its code, its outcome, what the provider said.
type Error = payment.Error

// Webhook is one stored request of a provider, secrets masked; payment.Webhook documents its fields.
type Webhook = payment.Webhook

// WebhookState is what became of a webhook; package payment has the values.
type WebhookState = payment.WebhookState

// The errors that callers test with errors.Is; errors.As with *Error tells the rest.
var (
	ErrNotFound   = payment.ErrNotFound
	ErrConflict   = payment.ErrConflict
	ErrInProgress = payment.ErrInProgress
)

// Confirmation is what a customer sent back.
type Confirmation struct {
	// Fields are by name, as NextAction asks for them.
	Fields map[string]string
	// Attachments are files, such as a screenshot.
	Attachments []sdk.Attachment
}

// Resolution is what an operator decides about something that nothing else can settle.
type Resolution struct {
	// Status is what it is from now on: succeeded or failed; for payments also canceled or expired.
	Status Status
	// Reason says why. It is required, and the history keeps it.
	Reason string
	// ProviderReference is the provider's name for it, if it was not known.
	ProviderReference string
	// Operator names who decided, for the history.
	Operator string
}

// Attachment is a plugin that was started by hand; plugin programs print it when given the argument "debug".
type Attachment struct {
	// Socket is the unix socket that the plugin listens on. Only its owner may open it, in a folder that only its owner
	// may enter.
	Socket string `json:"socket"`
	// ContractVersion is the one version of the contract that is spoken there.
	ContractVersion int `json:"contract_version"`
}

// LoadConfig reads a config.toml. The error lists every problem, each with file, line and key.
func LoadConfig(path string) (*Config, error) { return config.Load(path) }

// CallOption adds to a call that can move money.
type CallOption func(*callOptions)

type callOptions struct{ key string }

// IdempotencyKey names the intent: the same key with the same request never moves money twice. It is required, 1 to 255
// printable ASCII characters.
func IdempotencyKey(key string) CallOption {
	return func(o *callOptions) { o.key = key }
}

func keyOf(options []CallOption) string {
	var o callOptions
	for _, option := range options {
		if option != nil {
			option(&o)
		}
	}
	return o.key
}
