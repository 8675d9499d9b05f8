package host

import (
	"context"
	"encoding/json"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/supervisor"
	"github.com/payhost/payhost/sdk"
)

// Providers returns the status of all configured providers, by name.
func (h *Host) Providers() []ProviderStatus {
	list := []ProviderStatus{}
	for _, status := range h.supervisor.Statuses() {
		list = append(list, h.statusOf(status))
	}
	return list
}

// Provider returns the status of one provider. It is false for a name that is
// not configured.
func (h *Host) Provider(name string) (ProviderStatus, bool) {
	found, ok := h.supervisor.Status(name)
	if !ok {
		return ProviderStatus{}, false
	}
	return h.statusOf(found), true
}

// configSchema returns the JSON Schema of a provider's configuration, nil while
// its plugin has not run.
func (h *Host) configSchema(name string) json.RawMessage {
	status, _ := h.supervisor.Status(name)
	return status.ConfigSchema
}

func (h *Host) statusOf(s supervisor.Status) ProviderStatus {
	return ProviderStatus{
		Name:                s.Name,
		State:               ProviderState(s.State),
		Enabled:             s.Enabled,
		Required:            s.Required,
		Plugin:              s.Plugin,
		Description:         s.Description,
		Version:             s.Version,
		ContractVersion:     s.ContractVersion,
		Checksum:            s.Checksum,
		PID:                 s.PID,
		StartedAt:           s.StartedAt,
		Restarts:            s.Restarts,
		InFlight:            s.InFlight,
		MaxInFlight:         s.MaxInFlight,
		Breaker:             s.Breaker,
		LastError:           s.LastError,
		Isolation:           s.Isolation,
		IsolationMissing:    s.IsolationMissing,
		Capabilities:        s.Capabilities,
		Currencies:          s.Currencies,
		Countries:           s.Countries,
		PaymentLimits:       each(s.PaymentLimits, limitOf),
		PayoutLimits:        each(s.PayoutLimits, limitOf),
		PaymentFields:       s.PaymentFields,
		PayoutFields:        s.PayoutFields,
		WebhookTrust:        s.WebhookTrust,
		Operations:          each(s.Operations, operationOf),
		Warnings:            s.Warnings,
		IdentityFingerprint: s.IdentityFingerprint,
		ConfigSchema:        s.ConfigSchema,
		WebhookURL:          h.WebhookURL(s.Name),
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

// accounts shows the supervisor to what makes calls.
type accounts struct{ supervisor *supervisor.Supervisor }

func (a accounts) Acquire(ctx context.Context, name string) (core.Lease, error) {
	return leaseOf(a.supervisor.Acquire(ctx, name))
}

func (a accounts) AcquireExisting(ctx context.Context, name string) (core.Lease, error) {
	if inbox.Asks(ctx) {
		return leaseOf(a.supervisor.AcquireQuery(ctx, name))
	}
	return leaseOf(a.supervisor.AcquireExisting(ctx, name))
}

func (a accounts) Trust(name string) ([]sdk.WebhookTrust, bool) {
	status, ok := a.supervisor.Status(name)
	return status.WebhookTrust, ok
}

// readers shows the supervisor to the inbox, which has the plugins read what came
// in.
type readers struct{ supervisor *supervisor.Supervisor }

// Acquire is AcquireExisting: reading is always about something under way.
func (r readers) Acquire(ctx context.Context, name string) (core.Lease, error) {
	return r.AcquireExisting(ctx, name)
}

func (r readers) AcquireExisting(ctx context.Context, name string) (core.Lease, error) {
	return leaseOf(r.supervisor.AcquireReading(ctx, name))
}

// leaseOf keeps a nil *supervisor.Lease from becoming a core.Lease that is not nil.
func leaseOf(lease *supervisor.Lease, err error) (core.Lease, error) {
	if err != nil {
		return nil, err
	}
	return lease, nil
}
