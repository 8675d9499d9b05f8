package supervisor

import (
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

// State is how an account stands.
type State string

// The states.
const (
	StateStarting   State = "starting"   // its plugin is being started for the first time
	StateReady      State = "ready"      // calls go through
	StateDraining   State = "draining"   // disabled or removed: only what is open is carried on
	StateRestarting State = "restarting" // its plugin died or did not start, and is tried again
	// crash loop or wrong configuration: waits for a person or a new
	// configuration
	StateQuarantined State = "quarantined"
	StateDisabled    State = "disabled" // not enabled, nothing runs
)

// Status is everything that may be shown of an account. It holds no secrets.
// What only a running plugin can tell is empty until it has run once.
type Status struct {
	Name            string     `json:"name"`
	State           State      `json:"state"`
	Enabled         bool       `json:"enabled"`
	Required        bool       `json:"required"`
	Plugin          string     `json:"plugin"`
	Description     string     `json:"description,omitempty"`
	Version         string     `json:"version"`
	ContractVersion int        `json:"contract_version"`
	Checksum        string     `json:"checksum"` // sha256 of the running program
	PID             int        `json:"pid"`      // 0 when no process runs
	StartedAt       *time.Time `json:"started_at,omitempty"`
	// since the first start of this version
	Restarts    int    `json:"restarts"`
	InFlight    int    `json:"in_flight"`
	MaxInFlight int    `json:"max_in_flight"`
	Breaker     string `json:"breaker"` // closed, half-open or open
	LastError   string `json:"last_error,omitempty"`
	// what keeps the process from the rest of the machine
	Isolation []string `json:"isolation,omitempty"`
	// what this system cannot do of that
	IsolationMissing    []string           `json:"isolation_missing,omitempty"`
	Capabilities        []sdk.Capability   `json:"capabilities"`
	Currencies          []string           `json:"currencies"`
	Countries           []string           `json:"countries"`
	PaymentLimits       []Limit            `json:"payment_limits,omitempty"`
	PayoutLimits        []Limit            `json:"payout_limits,omitempty"`
	PaymentFields       []string           `json:"payment_fields,omitempty" doc:"what every payment must carry, whatever its method"`
	PayoutFields        []string           `json:"payout_fields,omitempty" doc:"what every payout must carry, whatever its method"`
	WebhookTrust        []sdk.WebhookTrust `json:"webhook_trust"`
	Operations          []Operation        `json:"operations"`
	Warnings            []string           `json:"warnings,omitempty"`
	IdentityFingerprint string             `json:"identity_fingerprint,omitempty"`
	ConfigSchema        json.RawMessage    `json:"config_schema,omitempty"`
}

// Limit is sdk.AmountLimit with the names of the API.
type Limit struct {
	Currency string           `json:"currency"`
	Min      *decimal.Decimal `json:"min,omitempty"`
	Max      *decimal.Decimal `json:"max,omitempty"`
	Decimals *int32           `json:"decimals,omitempty"`
}

// Operation is sdk.Operation with the names of the API.
type Operation struct {
	Name         string          `json:"name"`
	Description  string          `json:"description,omitempty"`
	InputSchema  json.RawMessage `json:"input_schema,omitempty"`
	OutputSchema json.RawMessage `json:"output_schema,omitempty"`
	MovesMoney   bool            `json:"moves_money"`
}

// Status returns how one provider stands, and whether there is such a provider.
func (s *Supervisor) Status(name string) (Status, bool) {
	a := s.find(name)
	if a == nil {
		return Status{}, false
	}
	return a.status(), true
}

// Statuses returns how all providers stand, by name.
func (s *Supervisor) Statuses() []Status {
	list := []Status{}
	for _, a := range s.all() {
		list = append(list, a.status())
	}
	return list
}

func (a *account) status() Status {
	a.mu.Lock()
	defer a.mu.Unlock()

	status := Status{
		Name:     a.name,
		State:    a.state(),
		Enabled:  a.cfg.Enabled && !a.removed,
		Required: a.cfg.Required,
		Plugin:   a.cfg.Plugin,
		Version:  a.cfg.Version,
		Breaker:  a.breaker.state(),
	}

	status.InFlight, status.MaxInFlight = a.bulkhead.held()
	if a.lastErr != nil {
		status.LastError = a.sup.mask.Text(a.lastErr.Error())
	}
	if a.instance != nil {
		status.Checksum = a.instance.program.Checksum
		status.Restarts = a.instance.restartCount()
	}

	if a.binding != nil && !a.binding.proc.gone() {
		proc := a.binding.proc
		started := proc.StartedAt()
		isolation := proc.Isolation()
		status.PID = proc.PID()
		status.StartedAt = &started
		status.Isolation = isolation.InForce
		status.IsolationMissing = isolation.Missing
	}

	status.describe(a.seen, a.seenInfo)
	return status
}

// state puts together what is known of the account, of its draining and of its
// process. The caller holds mu.
func (a *account) state() State {
	switch {
	case a.phase == StateQuarantined:
		return StateQuarantined
	case a.retiring > 0 && a.instance == nil, a.draining && a.instance != nil:
		return StateDraining
	case a.phase == StateReady && (a.binding == nil || a.binding.proc.gone()):
		return StateRestarting
	}
	return a.phase
}

// describe fills in what the plugin and the account said of themselves.
func (s *Status) describe(info sdk.Info, account sdk.AccountInfo) {
	if info.Version != "" {
		s.Version = info.Version
	}
	s.Description = info.Description
	s.ContractVersion = info.ContractVersion
	s.ConfigSchema = info.ConfigSchema
	s.Capabilities = orEmpty(account.Capabilities)
	s.Currencies = orEmpty(account.Currencies)

	s.Countries = orEmpty(info.Countries)
	if len(s.Currencies) == 0 {
		s.Currencies = orEmpty(info.Currencies)
	}
	s.WebhookTrust = orEmpty(info.WebhookTrust)
	s.Warnings = account.Warnings
	s.IdentityFingerprint = account.IdentityFingerprint
	s.PaymentLimits, s.PayoutLimits = limits(info.PaymentLimits), limits(info.PayoutLimits)

	s.PaymentFields, s.PayoutFields = info.PaymentFields, info.PayoutFields
	s.Operations = []Operation{}
	for _, o := range info.Operations {
		s.Operations = append(s.Operations, Operation(o))
	}
}

func limits(list []sdk.AmountLimit) []Limit {
	out := make([]Limit, 0, len(list))
	for _, l := range list {
		out = append(out, Limit(l))
	}
	return out
}

// orEmpty makes an absent list [] in JSON, and a copy of any other.
func orEmpty[T any](list []T) []T { return append([]T{}, list...) }
