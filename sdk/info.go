package sdk

import (
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"
)

// Info is what a plugin says of itself: everything that holds for all its accounts. The SDK adds what it can derive:
// capabilities from the interfaces that the provider implements, and the configuration's JSON Schema from its struct.
type Info struct {
	// Name is the plugin's file name: 1 to 32 characters of a-z 0-9 -.
	Name string
	// Version is the plugin's own, usually main.version.
	Version     string
	Description string // one line for people
	// Currencies and Countries are upper case; empty means that only an account, or nobody, can tell.
	Currencies []string
	Countries  []string
	// PaymentLimits and PayoutLimits are checked by the SDK before a create verb is called: outside is CodeLimit,
	// OutcomeNotSent.
	PaymentLimits []AmountLimit
	PayoutLimits  []AmountLimit
	// PaymentFields and PayoutFields are the fields that every create must carry, whatever its method, by their names in
	// the API: "description", "customer.email". The host turns a request without one away before it records anything;
	// the SDK does so again. What only some methods need is the provider's to check.
	PaymentFields []string
	PayoutFields  []string
	Operations    []Operation
	// WebhookTrust names the ways in which a notice can be trusted; empty when the provider sends none.
	WebhookTrust []WebhookTrust
	// What a repeat of each create verb does. The zero value is the safest: a repeat makes a second one, and creating
	// moves money.
	CreatePayment  IdempotencySupport
	CreateRefund   IdempotencySupport
	CreatePayout   IdempotencySupport
	CapturePayment IdempotencySupport
	// What asking can find out.
	PaymentLookup Lookup
	PayoutLookup  Lookup
	RefundLookup  Lookup

	// Filled in by the SDK; what a provider sets here is overwritten.
	ContractVersion int
	Capabilities    []Capability
	ConfigSchema    json.RawMessage
}

// AmountLimit bounds the amounts of one currency, both ends inclusive; nil is no bound.
type AmountLimit struct {
	Currency string
	Min, Max *decimal.Decimal
	// Decimals is how many decimals an amount may have; nil for those of ISO 4217, or any where it has none: see
	// MinorUnits.
	Decimals *int32
}

// MustLimit is the AmountLimit of a currency whose bounds are written as digits, "" for none. It panics on what is no amount:
// limits are written into the plugin.
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
	return AmountLimit{Currency: currency, Min: bound(least), Max: bound(most), Decimals: &decimals}
}

// Operation is something that only this provider has. The schemas are JSON Schema (2020-12).
type Operation struct {
	Name         string // 1 to 64 characters of a-z 0-9 _
	Description  string
	InputSchema  json.RawMessage
	OutputSchema json.RawMessage
	MovesMoney   bool // callers must then send an idempotency key
}

// WebhookTrust is one way in which a notice proves that it comes from the provider.
type WebhookTrust string

// The ways to trust a notice.
const (
	TrustSignature  WebhookTrust = "signature"   // signed; also accepted on the URL without a token
	TrustPaymentURL WebhookTrust = "payment_url" // comes to the payment's own unguessable URL
	TrustAccountURL WebhookTrust = "account_url" // comes to the account's own unguessable URL, typed in at the provider
	TrustAddress    WebhookTrust = "address"     // comes from one of the provider's addresses
)

// RetryBehavior says what the provider does when a create verb is called again with the same idempotency key and sequence.
type RetryBehavior string

// The guarantees. The empty one is read as RetryNone.
const (
	RetryNone              RetryBehavior = "none"               // a repeat makes a second one
	RetryRejectsDuplicates RetryBehavior = "rejects_duplicates" // a repeat is refused with CodeDuplicate, and nothing happens
	RetryReturnsOriginal   RetryBehavior = "returns_original"   // a repeat answers with the first one's result
)

// IdempotencySupport declares one create verb's behaviour.
type IdempotencySupport struct {
	Retry RetryBehavior
	// Window is how long after the first attempt the guarantee holds; 0 is 10 minutes.
	Window time.Duration
	// LinkOnly: creating moves no money, it makes a link that the customer must still pay. A failed or doubtful create
	// is then NewAttemptSafe.
	LinkOnly bool
}

// Lookup says what the status verbs can find out.
type Lookup struct {
	ByReference     bool // works with our reference alone, before the provider's is known
	Immediate       bool // "not found" proves that the provider never received it
	Amounts         bool // answers carry amount and currency
	ListByReference bool // the list verb takes references
	ListByTime      bool // the list verb takes a time range
}

// AccountInfo is what one configured account can do.
type AccountInfo struct {
	Capabilities []Capability
	Currencies   []string // empty means that the plugin cannot tell
	// CurrenciesComplete: the account takes no other currency. The SDK says so unless the provider is a CurrencyLearner.
	CurrenciesComplete bool
	// IdentityFingerprint changes exactly when a configuration value tagged identity changes, and reveals none.
	IdentityFingerprint string
	Warnings            []string
}
