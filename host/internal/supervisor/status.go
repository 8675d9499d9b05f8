package supervisor

import (
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// State is how an account stands.
type State string

// The states.
const (
	// StateStarting is while its plugin is started for the first time.
	StateStarting State = "starting"
	// StateReady is while calls go through.
	StateReady State = "ready"
	// StateDraining is after it was disabled or removed, while what is open is
	// carried on.
	StateDraining State = "draining"
	// StateRestarting is while its plugin, which died or did not start, is
	// tried again.
	StateRestarting State = "restarting"
	// StateQuarantined is after a crash loop or with a wrong configuration: it
	// waits for an operator or a new configuration.
	StateQuarantined State = "quarantined"
	// StateDisabled is while it is not enabled and nothing of it runs.
	StateDisabled State = "disabled"
)

// Status is everything that may be shown of an account. It holds no secrets.
// A field that only a running plugin can fill is empty until it has run once.
type Status struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	// Since is when it came to this state, as far as the supervisor noticed.
	Since           time.Time `json:"since"`
	Enabled         bool      `json:"enabled"`
	Required        bool      `json:"required"`
	Plugin          string    `json:"plugin"`
	Description     string    `json:"description,omitempty"`
	Version         string    `json:"version"`
	ContractVersion int       `json:"contract_version"`

	// Checksum is the sha256 of the running program, PID its process; 0 when no
	// process runs. Restarts counts since the first start of this version.
	Checksum  string     `json:"checksum"`
	PID       int        `json:"pid"`
	StartedAt *time.Time `json:"started_at,omitempty"`
	Restarts  int        `json:"restarts"`

	InFlight    int    `json:"in_flight"`
	MaxInFlight int    `json:"max_in_flight"`
	Breaker     string `json:"breaker"` // closed, half-open or open
	LastError   string `json:"last_error,omitempty"`

	// Isolation is what keeps the process from the rest of the machine,
	// IsolationMissing what this system cannot do of that.
	Isolation        []string `json:"isolation,omitempty"`
	IsolationMissing []string `json:"isolation_missing,omitempty"`

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

// Limits returns the brakes of a provider as its configuration has them; none
// for one that is not there.
func (s *Supervisor) Limits(name string) config.Limits {
	a := s.find(name)
	if a == nil {
		return config.Limits{}
	}
	return a.current().cfg.Limits
}

func (a *account) status() Status {
	a.mu.Lock()
	defer a.mu.Unlock()

	status := Status{
		Name:     a.name,
		State:    a.state(),
		Since:    a.since,
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

	// The rest only a running process has.
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
	s.Countries = orEmpty(info.Countries)
	s.WebhookTrust = orEmpty(info.WebhookTrust)

	s.PaymentLimits = limits(info.PaymentLimits)
	s.PayoutLimits = limits(info.PayoutLimits)
	s.PaymentFields = info.PaymentFields
	s.PayoutFields = info.PayoutFields
	s.Operations = []Operation{}
	for _, operation := range info.Operations {
		s.Operations = append(s.Operations, Operation(operation))
	}

	// An account may take fewer currencies than its plugin.
	s.Capabilities = orEmpty(account.Capabilities)
	s.Warnings = account.Warnings
	s.IdentityFingerprint = account.IdentityFingerprint
	s.Currencies = orEmpty(account.Currencies)
	if len(s.Currencies) == 0 {
		s.Currencies = orEmpty(info.Currencies)
	}
}

func limits(list []sdk.AmountLimit) []Limit {
	out := make([]Limit, 0, len(list))
	for _, limit := range list {
		out = append(out, Limit(limit))
	}
	return out
}

// orEmpty returns a copy of a list, [] in JSON for an absent one.
func orEmpty[T any](list []T) []T { return append([]T{}, list...) }
