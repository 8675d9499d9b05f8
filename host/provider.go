package host

import (
	"encoding/json"
	"time"

	"github.com/payhost/payhost/host/internal/supervisor"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// ProviderState is how a configured provider stands.
type ProviderState string

// The states.
const (
	ProviderStarting    ProviderState = "starting"    // its plugin is being started for the first time
	ProviderReady       ProviderState = "ready"       // calls go through
	ProviderDraining    ProviderState = "draining"    // disabled or removed: only what is open is carried on
	ProviderRestarting  ProviderState = "restarting"  // its plugin died or did not start, and is tried again
	ProviderQuarantined ProviderState = "quarantined" // crash loop or wrong configuration: waits for a reload
	ProviderDisabled    ProviderState = "disabled"    // not enabled, nothing runs
)

// ProviderStatus is everything that may be shown of a configured provider. It holds no secrets. What only a running
// plugin can tell is empty until it has run once.
type ProviderStatus struct {
	Name            string        `json:"name"`
	State           ProviderState `json:"state"`
	Enabled         bool          `json:"enabled"`
	Required        bool          `json:"required"`
	Plugin          string        `json:"plugin"`
	Description     string        `json:"description,omitempty"`
	Version         string        `json:"version"`
	ContractVersion int           `json:"contract_version"`
	// Checksum is the sha256 of the running program, PID its process; 0 when none runs.
	Checksum  string     `json:"checksum"`
	PID       int        `json:"pid"`
	StartedAt *time.Time `json:"started_at,omitempty"`
	// Restarts counts since the first start of this version.
	Restarts    int    `json:"restarts"`
	InFlight    int    `json:"in_flight"`
	MaxInFlight int    `json:"max_in_flight"`
	Breaker     string `json:"breaker"` // closed, half-open or open
	LastError   string `json:"last_error,omitempty"`
	// Isolation keeps the process from the rest of the machine; IsolationMissing is what this system cannot do of that.
	Isolation        []string         `json:"isolation,omitempty"`
	IsolationMissing []string         `json:"isolation_missing,omitempty"`
	Capabilities     []sdk.Capability `json:"capabilities"`
	Currencies       []string         `json:"currencies"`
	Countries        []string         `json:"countries"`
	PaymentLimits    []ProviderLimit  `json:"payment_limits,omitempty"`
	PayoutLimits     []ProviderLimit  `json:"payout_limits,omitempty"`
	// PaymentFields and PayoutFields are what every payment and payout must carry, whatever its method.
	PaymentFields       []string            `json:"payment_fields,omitempty"`
	PayoutFields        []string            `json:"payout_fields,omitempty"`
	WebhookTrust        []sdk.WebhookTrust  `json:"webhook_trust"`
	Operations          []ProviderOperation `json:"operations"`
	Warnings            []string            `json:"warnings,omitempty"`
	IdentityFingerprint string              `json:"identity_fingerprint,omitempty"`
	ConfigSchema        json.RawMessage     `json:"config_schema,omitempty"`
}

// ProviderLimit bounds the amounts of one currency, both ends inclusive; nil is no bound.
type ProviderLimit struct {
	Currency string           `json:"currency"`
	Min      *decimal.Decimal `json:"min,omitempty"`
	Max      *decimal.Decimal `json:"max,omitempty"`
	Decimals *int32           `json:"decimals,omitempty"`
}

// ProviderOperation is something that only this provider has. The schemas are JSON Schema.
type ProviderOperation struct {
	Name         string          `json:"name"`
	Description  string          `json:"description,omitempty"`
	InputSchema  json.RawMessage `json:"input_schema,omitempty"`
	OutputSchema json.RawMessage `json:"output_schema,omitempty"`
	MovesMoney   bool            `json:"moves_money"`
}

// Providers tells how all configured providers stand, by name.
func (h *Host) Providers() []ProviderStatus {
	list := []ProviderStatus{}
	for _, s := range h.registry.Statuses() {
		list = append(list, statusOf(s))
	}
	return list
}

// Provider tells how one provider stands.
func (h *Host) Provider(name string) (ProviderStatus, bool) {
	s, ok := h.registry.Status(name)
	return statusOf(s), ok
}

// WebhookURL is where a provider's webhooks about an account go: what must be typed into its back office.
func (h *Host) WebhookURL(provider string) string { return h.core.AccountURL(provider) }

func statusOf(s supervisor.Status) ProviderStatus {
	return ProviderStatus{
		Name: s.Name, State: ProviderState(s.State), Enabled: s.Enabled, Required: s.Required,
		Plugin: s.Plugin, Description: s.Description, Version: s.Version, ContractVersion: s.ContractVersion,
		Checksum: s.Checksum, PID: s.PID, StartedAt: s.StartedAt, Restarts: s.Restarts,
		InFlight: s.InFlight, MaxInFlight: s.MaxInFlight, Breaker: s.Breaker, LastError: s.LastError,
		Isolation: s.Isolation, IsolationMissing: s.IsolationMissing,
		Capabilities: s.Capabilities, Currencies: s.Currencies, Countries: s.Countries,
		PaymentLimits: each(s.PaymentLimits, limitOf), PayoutLimits: each(s.PayoutLimits, limitOf),
		PaymentFields: s.PaymentFields, PayoutFields: s.PayoutFields,
		WebhookTrust: s.WebhookTrust, Operations: each(s.Operations, operationOf), Warnings: s.Warnings,
		IdentityFingerprint: s.IdentityFingerprint, ConfigSchema: s.ConfigSchema,
	}
}

func limitOf(l supervisor.Limit) ProviderLimit             { return ProviderLimit(l) }
func operationOf(o supervisor.Operation) ProviderOperation { return ProviderOperation(o) }

// each converts a list; nil stays nil.
func each[From, To any](list []From, convert func(From) To) []To {
	if list == nil {
		return nil
	}
	out := make([]To, len(list))
	for i := range list {
		out[i] = convert(list[i])
	}
	return out
}
