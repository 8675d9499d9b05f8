package payment

import (
	"encoding/json"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// ProviderState is the state of a configured provider.
type ProviderState string

// The states.
const (
	// ProviderStarting is for a plugin that is started for the first time.
	ProviderStarting ProviderState = "starting"
	// ProviderReady is for a provider that takes calls.
	ProviderReady ProviderState = "ready"
	// ProviderDraining is for a provider that was disabled or removed: only
	// what is open is carried on.
	ProviderDraining ProviderState = "draining"
	// ProviderRestarting is for a plugin that died or did not start, and is
	// tried again.
	ProviderRestarting ProviderState = "restarting"
	// ProviderQuarantined is for a plugin that crashes again and again, and for
	// a wrong configuration. It waits for a reload.
	ProviderQuarantined ProviderState = "quarantined"
	// ProviderDisabled is for a provider that is not enabled: nothing runs.
	ProviderDisabled ProviderState = "disabled"
)

// ProviderStatus is everything that may be shown of a configured provider. It
// holds no secrets. Fields that only a running plugin can fill are empty until it
// has run once.
type ProviderStatus struct {
	Name  string        `json:"name"`
	State ProviderState `json:"state"`
	// Since is when it came to this state.
	Since           time.Time `json:"since" doc:"when it came to this state"`
	Enabled         bool      `json:"enabled"`
	Required        bool      `json:"required"`
	Plugin          string    `json:"plugin"`
	Description     string    `json:"description,omitempty"`
	Version         string    `json:"version"`
	ContractVersion int       `json:"contract_version"`
	// Checksum is the sha256 of the running program, PID its process; 0 when
	// none runs.
	Checksum  string     `json:"checksum"`
	PID       int        `json:"pid"`
	StartedAt *time.Time `json:"started_at,omitempty"`
	// Restarts counts since the first start of this version.
	Restarts    int `json:"restarts"`
	InFlight    int `json:"in_flight"`
	MaxInFlight int `json:"max_in_flight"`
	// Breaker is closed, half-open or open.
	Breaker   string `json:"breaker"`
	LastError string `json:"last_error,omitempty"`
	// Paused are its pauses, empty when there are none; nil when the database did
	// not answer.
	Paused []Pause `json:"paused" doc:"what an operator has paused; null when the database did not answer"`
	// Canary is the new version that reads what this one reads; nil for none.
	Canary *ProviderCanary `json:"canary,omitempty" doc:"the new version that reads what this one reads"`
	// Isolation keeps the process from the rest of the machine;
	// IsolationMissing is what this system cannot do of that.
	Isolation        []string         `json:"isolation,omitempty"`
	IsolationMissing []string         `json:"isolation_missing,omitempty"`
	Capabilities     []sdk.Capability `json:"capabilities"`
	Currencies       []string         `json:"currencies"`
	Countries        []string         `json:"countries"`
	PaymentLimits    []ProviderLimit  `json:"payment_limits,omitempty"`
	PayoutLimits     []ProviderLimit  `json:"payout_limits,omitempty"`
	// PaymentFields and PayoutFields are what every payment and payout must
	// carry, whatever its method.
	PaymentFields       []string            `json:"payment_fields,omitempty" doc:"what every payment must carry, whatever its method"`
	PayoutFields        []string            `json:"payout_fields,omitempty" doc:"what every payout must carry, whatever its method"`
	WebhookTrust        []sdk.WebhookTrust  `json:"webhook_trust"`
	Operations          []ProviderOperation `json:"operations"`
	Warnings            []string            `json:"warnings,omitempty"`
	IdentityFingerprint string              `json:"identity_fingerprint,omitempty"`
	ConfigSchema        json.RawMessage     `json:"config_schema,omitempty"`
}

// CanaryState says what a new version does.
type CanaryState string

// The states.
const (
	CanaryStarting CanaryState = "starting"
	// CanaryShadow reads what the serving version reads, and nothing of it counts.
	CanaryShadow CanaryState = "shadow"
	// CanaryFailed cannot be compared; Error says why.
	CanaryFailed CanaryState = "failed"
)

// ProviderCanary is what one host knows of an account's new version, since the
// configuration named it or the host was started.
type ProviderCanary struct {
	Version string      `json:"version"`
	State   CanaryState `json:"state" enum:"starting,shadow,failed"`
	Since   time.Time   `json:"since" doc:"when it came to this state"`
	Error   string      `json:"error,omitempty"`
	// Compared counts what both versions have read. Skipped counts what the new
	// one has not: it was not running, or too much waited, or an answer of the
	// provider was not kept whole.
	Compared    int                `json:"compared" doc:"how many webhooks, returns and answers to status queries both have read"`
	Skipped     int                `json:"skipped" doc:"how many of them the new version has not read"`
	Differences []CanaryDifference `json:"differences"`
}

// CanaryDifference is what a new version makes otherwise of what was read.
type CanaryDifference struct {
	Class  string    `json:"class" doc:"as in payhost plugin rehearse, such as event.status"`
	Count  int       `json:"count"`
	LastAt time.Time `json:"last_at"`
	// About is the payment, payout or refund of the last one, where it is known.
	About   string `json:"about"`
	Example string `json:"example" doc:"the last one, in words"`
}

// ProviderLimit bounds the amounts of one currency, both ends inclusive; nil is
// no bound.
type ProviderLimit struct {
	Currency string           `json:"currency"`
	Min      *decimal.Decimal `json:"min,omitempty"`
	Max      *decimal.Decimal `json:"max,omitempty"`
	Decimals *int32           `json:"decimals,omitempty"`
}

// ProviderOperation is something that only this provider has. The schemas are
// JSON Schema.
type ProviderOperation struct {
	Name         string          `json:"name"`
	Description  string          `json:"description,omitempty"`
	InputSchema  json.RawMessage `json:"input_schema,omitempty"`
	OutputSchema json.RawMessage `json:"output_schema,omitempty"`
	MovesMoney   bool            `json:"moves_money"`
}
