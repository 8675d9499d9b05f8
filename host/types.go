package host

import (
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/provider"
	"github.com/payhost/payhost/host/payment"
)

// What follows is documented where it is defined: the records and requests in package payment, the configuration in
// package config.

type (
	Config         = config.Config
	PaymentRequest = payment.Request
	Payment        = payment.Payment
	PayoutRequest  = payment.PayoutRequest
	Payout         = payment.Payout
	RefundRequest  = payment.RefundRequest
	Refund         = payment.Refund
	Customer       = payment.Customer
	Recipient      = payment.Recipient
	Event          = payment.Event
	Status         = payment.Status
	Error          = payment.Error
	// Confirmation is what a customer sent back: fields by name, and files.
	Confirmation = core.Confirmation
	// Resolution is what an operator decides about something that nothing else can settle.
	Resolution = core.Resolution
	// ProviderStatus is how one configured provider stands.
	ProviderStatus = provider.Status
)

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
		option(&o)
	}
	return o.key
}
