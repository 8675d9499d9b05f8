package host

import (
	"context"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/insight"
	"github.com/payhost/payhost/host/internal/supervisor"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Attention returns all that waits for an operator, the oldest first, each with
// what to do. It has at most limit items of each kind (from 1 to 200, 0 is 50).
func (h *Host) Attention(ctx context.Context, limit int) (Attention, error) {
	limit, err := core.CheckPage(nil, limit)
	if err != nil {
		return Attention{}, err
	}
	looker := insight.Attention{
		Store:       h.store,
		Quarantined: h.quarantined,
		Certificate: h.certificateEnds,
	}
	found, err := looker.List(ctx, limit)
	return found, failure(ctx, err)
}

// quarantined returns the providers that wait for an operator.
func (h *Host) quarantined() (list []insight.Quarantined) {
	for _, status := range h.supervisor.Statuses() {
		if status.State == supervisor.StateQuarantined {
			list = append(list, insight.Quarantined{
				Provider: status.Name,
				Since:    status.Since,
				Error:    status.LastError,
			})
		}
	}
	return list
}

// ProviderHistory returns how the calls of this host to a provider went: window
// is "1h" or "24h", by the minute, or "7d", by ten minutes. It is kept in memory
// and starts empty with the host. The error is ErrNotFound for a provider that
// is not configured.
func (h *Host) ProviderHistory(name, window string) (ProviderHistory, error) {
	if err := h.configured(name); err != nil {
		return ProviderHistory{}, err
	}

	found, ok := h.history.Window(name, window)
	if !ok {
		return ProviderHistory{}, &payment.Error{
			Code:    string(sdk.CodeInvalidRequest),
			Outcome: sdk.OutcomeNotSent,
			Message: "the history cannot be read like that",
			Violations: []sdk.Violation{
				{Field: "window", Message: `must be "1h", "24h" or "7d"`},
			},
		}
	}

	return found, nil
}
