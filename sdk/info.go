package sdk

import (
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"
)

// Info is what a plugin says of itself: everything that holds for all its
// accounts. The SDK adds what it can derive: capabilities from the interfaces
// that the provider implements, and the configuration's JSON Schema from its
// struct.
type Info struct {
	// Name is the plugin's file name: 1 to 32 characters of a-z 0-9 -.
	Name string
	// Version is the plugin's own, usually main.version.
	Version     string
	Description string // one line for people
	// Currencies and Countries are upper case; empty means that only an account
	// can tell them, or that they are not known.
	Currencies []string
	Countries  []string
	// PaymentLimits and PayoutLimits are checked by the SDK before a create verb
	// is called: an amount outside is CodeLimit with OutcomeNotSent.
	PaymentLimits []AmountLimit
	PayoutLimits  []AmountLimit
	// PaymentFields and PayoutFields are the fields that every create must
	// carry, whatever its method, by their names in the API: "description",
	// "customer.email". The host refuses a request without one before it records
	// anything, and the SDK does so again. Fields that only some methods need are
	// the provider's to check.
	PaymentFields []string
	PayoutFields  []string
	Operations    []Operation
	// WebhookTrust has the ways in which a webhook can be trusted; empty when the
	// provider sends none.
	WebhookTrust []WebhookTrust
	// CreatePayment and the next three declare what a retry of the verb does. The
	// zero value is the safest: a retry makes a second one, and creating moves
	// money. Claim only what the provider's document promises.
	CreatePayment  IdempotencySupport
	CreateRefund   IdempotencySupport
	CreatePayout   IdempotencySupport
	CapturePayment IdempotencySupport
	// PaymentLookup and the next two declare what the status verbs can find out.
	PaymentLookup Lookup
	PayoutLookup  Lookup
	RefundLookup  Lookup

	// The SDK fills in the rest; what a provider sets here is overwritten.
	ContractVersion int
	Capabilities    []Capability
	ConfigSchema    json.RawMessage
}

// AmountLimit bounds the amounts of one currency, both ends inclusive; nil is
// no bound.
type AmountLimit struct {
	Currency string
	Min, Max *decimal.Decimal
	// Decimals is how many decimals an amount may have; nil for those of ISO
	// 4217, or any where it has none: see MinorUnits.
	Decimals *int32
}

// MustLimit returns the AmountLimit of a currency whose bounds are written as
// digits, "" for none. It panics when one is not an amount: limits are written
// into the plugin.
func MustLimit(currency, least, most string, decimals int32) AmountLimit {
	bound := func(text string) *decimal.Decimal {
		if text == "" {
			return nil
		}
		amount, err := ParseAmount(text)
		if err != nil {
			panic("sdk: limit of " + currency + ": " + err.Error())
		}
		return &amount
	}

	return AmountLimit{
		Currency: currency,
		Min:      bound(least),
		Max:      bound(most),
		Decimals: &decimals,
	}
}

// Operation is something that only this provider has. The schemas are JSON
// Schema (2020-12).
type Operation struct {
	Name         string // 1 to 64 characters of a-z 0-9 _
	Description  string
	InputSchema  json.RawMessage
	OutputSchema json.RawMessage
	MovesMoney   bool // the host then insists on an idempotency key
}

// WebhookTrust is one way in which a webhook proves that it comes from the
// provider.
type WebhookTrust string

// The ways to trust a webhook.
const (
	// TrustSignature: it is signed. It is also accepted on the URL without a token.
	TrustSignature WebhookTrust = "signature"
	// TrustPaymentURL: it comes to the payment's own unguessable URL.
	TrustPaymentURL WebhookTrust = "payment_url"
	// TrustAccountURL: it comes to the account's own unguessable URL, which the
	// operator has typed in at the provider.
	TrustAccountURL WebhookTrust = "account_url"
	// TrustAddress: it comes from one of the provider's addresses.
	TrustAddress WebhookTrust = "address"
)

// RetryBehavior is what the provider does when a create verb is called again
// with the same idempotency key and sequence.
type RetryBehavior string

// The behaviours. The empty one is read as RetryNone.
const (
	// RetryNone: a retry makes a second one, so the host repeats nothing that is in
	// doubt.
	RetryNone RetryBehavior = "none"
	// RetryRejectsDuplicates: a retry is refused with CodeDuplicate, and nothing
	// happens.
	RetryRejectsDuplicates RetryBehavior = "rejects_duplicates"
	// RetryReturnsOriginal: a retry answers with the first one's result.
	RetryReturnsOriginal RetryBehavior = "returns_original"
)

// IdempotencySupport declares what a retry of one create verb does. The host's
// recovery follows it, and the conformance kit really retries.
type IdempotencySupport struct {
	Retry RetryBehavior
	// Window is how long after the first attempt that holds; 0 is 10 minutes.
	Window time.Duration
	// LinkOnly: creating moves no money, it makes a link that the customer must
	// still pay. A failed or doubtful create is then NewAttemptSafe.
	LinkOnly bool
}

// Lookup declares what the status verbs can find out.
type Lookup struct {
	ByReference     bool // works with our reference alone, before the provider's is known
	Immediate       bool // "not found" proves that the provider never received it
	Amounts         bool // answers carry amount and currency
	ListByReference bool // the list verb takes references
	ListByTime      bool // the list verb takes a time range
}

// AccountInfo is what one configured account can do, as the host gets it.
type AccountInfo struct {
	Capabilities []Capability
	Currencies   []string // empty means that the plugin cannot tell
	// CurrenciesComplete is set when the account takes no other currency: always,
	// unless the provider is a CurrencyLearner.
	CurrenciesComplete bool
	// IdentityFingerprint changes exactly when a configuration value tagged
	// identity changes, and reveals none.
	IdentityFingerprint string
	Warnings            []string
}
