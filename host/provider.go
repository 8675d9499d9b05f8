package host

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/rehearsal"
	"github.com/payhost/payhost/host/internal/supervisor"
	"github.com/payhost/payhost/host/payment"
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

// PauseProvider stops new payments, new payouts or both at a provider, on every
// host of the database, until ResumeProvider: what is open goes on. It returns
// the provider's pauses. The operator is kept in the pause, with the reason, which
// is required. The error is ErrNotFound for a provider that is not configured.
func (h *Host) PauseProvider(
	ctx context.Context, name string, what PauseScope, operator, reason string,
) ([]Pause, error) {
	if err := h.configured(name); err != nil {
		return nil, err
	}
	list, err := h.core.Pause(ctx, name, what, operator, reason)
	if err == nil {
		h.log.Warn("a provider is paused",
			"provider", name, "what", what.Scopes(), "by", operator, "reason", reason)
	}
	return list, failure(ctx, err)
}

// ResumeProvider ends pauses, and returns those of the provider that are left.
// Resuming what is not paused changes nothing. A pause of an account that is not in
// the configuration any more can be ended, too; the error is ErrNotFound for a
// name that is neither configured nor paused.
func (h *Host) ResumeProvider(
	ctx context.Context, name string, what PauseScope, operator, reason string,
) ([]Pause, error) {
	if unknown := h.configured(name); unknown != nil {
		all, err := h.core.Pauses(ctx)
		if err != nil {
			return nil, failure(ctx, err)
		}
		isOf := func(one Pause) bool { return one.Provider == name }
		if !slices.ContainsFunc(all, isOf) {
			return nil, unknown
		}
	}

	list, err := h.core.Resume(ctx, name, what, operator, reason)
	if err == nil {
		h.log.Warn("a provider is resumed",
			"provider", name, "what", what.Scopes(), "by", operator, "reason", reason)
	}
	return list, failure(ctx, err)
}

// Pauses returns what is paused at all providers, also at those that are not
// configured any more.
func (h *Host) Pauses(ctx context.Context) ([]Pause, error) {
	list, err := h.core.Pauses(ctx)
	return list, failure(ctx, err)
}

// RestartProvider has a provider tried at once whose plugin is in quarantine or
// waits for its next try. A provider that is served is left alone.
func (h *Host) RestartProvider(
	ctx context.Context, name, operator, reason string,
) (ProviderStatus, error) {
	if err := h.configured(name); err != nil {
		return ProviderStatus{}, err
	}
	err := h.core.Audit(ctx, payment.AuditEntry{
		Action:   "restart-provider",
		Provider: name,
		Subject:  name,
		Note:     fmt.Sprintf("by %s: %s", core.Operator(operator), reason),
	})
	if err != nil {
		return ProviderStatus{}, failure(ctx, err)
	}

	h.log.Warn("an operator has a provider tried again",
		"provider", name, "by", operator, "reason", reason)
	h.supervisor.Release(name)
	status, _ := h.Provider(name)
	return status, nil
}

// configured is ErrNotFound for a provider that is not in the configuration.
func (h *Host) configured(name string) error {
	if _, ok := h.supervisor.Status(name); ok {
		return nil
	}
	return core.UnknownProvider(name)
}

// configSchema returns the JSON Schema of a provider's configuration, nil while
// its plugin has not run.
func (h *Host) configSchema(name string) json.RawMessage {
	status, _ := h.supervisor.Status(name)
	return status.ConfigSchema
}

func (h *Host) statusOf(found supervisor.Status) ProviderStatus {
	return ProviderStatus{
		Canary:              h.shadows.Status(found.Name),
		Name:                found.Name,
		State:               ProviderState(found.State),
		Since:               found.Since,
		Enabled:             found.Enabled,
		Required:            found.Required,
		Plugin:              found.Plugin,
		Description:         found.Description,
		Version:             found.Version,
		ContractVersion:     found.ContractVersion,
		Checksum:            found.Checksum,
		PID:                 found.PID,
		StartedAt:           found.StartedAt,
		Restarts:            found.Restarts,
		InFlight:            found.InFlight,
		MaxInFlight:         found.MaxInFlight,
		Breaker:             found.Breaker,
		LastError:           found.LastError,
		Isolation:           found.Isolation,
		IsolationMissing:    found.IsolationMissing,
		Capabilities:        found.Capabilities,
		Currencies:          found.Currencies,
		Countries:           found.Countries,
		PaymentLimits:       each(found.PaymentLimits, limitOf),
		PayoutLimits:        each(found.PayoutLimits, limitOf),
		PaymentFields:       found.PaymentFields,
		PayoutFields:        found.PayoutFields,
		WebhookTrust:        found.WebhookTrust,
		Operations:          each(found.Operations, operationOf),
		Warnings:            found.Warnings,
		IdentityFingerprint: found.IdentityFingerprint,
		ConfigSchema:        found.ConfigSchema,
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
type accounts struct {
	supervisor *supervisor.Supervisor
	shadows    *rehearsal.Shadows
}

func (a accounts) Acquire(ctx context.Context, name string) (core.Lease, error) {
	return a.counted(ctx, name)(a.supervisor.Acquire(ctx, name))
}

func (a accounts) AcquireExisting(ctx context.Context, name string) (core.Lease, error) {
	// A query that a stranger's webhook caused has fewer places than others.
	if inbox.IsStatusQuery(ctx) {
		return leaseOf(a.shadows, name)(a.supervisor.AcquireQuery(ctx, name))
	}
	return a.counted(ctx, name)(a.supervisor.AcquireExisting(ctx, name))
}

// counted is leaseOf for a lease that one call is made with. When there is none,
// that call is turned away, and is counted as such.
func (a accounts) counted(
	ctx context.Context, name string,
) func(*supervisor.Lease, error) (core.Lease, error) {
	return func(lease *supervisor.Lease, err error) (core.Lease, error) {
		if verb := core.CallingFor(ctx); (err != nil) && (verb != "") {
			a.supervisor.CountTurnedAway(name, verb, err)
		}
		return leaseOf(a.shadows, name)(lease, err)
	}
}

func (a accounts) Trust(name string) ([]sdk.WebhookTrust, bool) {
	status, ok := a.supervisor.Status(name)
	return status.WebhookTrust, ok
}

// readers shows the supervisor to the inbox, which has the plugins read what
// came in.
type readers struct {
	supervisor *supervisor.Supervisor
	shadows    *rehearsal.Shadows
}

// Acquire is AcquireExisting: reading is always about something under way.
func (r readers) Acquire(ctx context.Context, name string) (core.Lease, error) {
	return r.AcquireExisting(ctx, name)
}

func (r readers) AcquireExisting(ctx context.Context, name string) (core.Lease, error) {
	return leaseOf(r.shadows, name)(r.supervisor.AcquireReading(ctx, name))
}

// leaseOf shows what a lease reads to the account's shadow. It keeps a nil
// *supervisor.Lease from becoming a core.Lease that is not nil.
func leaseOf(
	shadows *rehearsal.Shadows, name string,
) func(*supervisor.Lease, error) (core.Lease, error) {
	return func(lease *supervisor.Lease, err error) (core.Lease, error) {
		if err != nil {
			return nil, err
		}
		return shadows.Lease(name, lease), nil
	}
}
