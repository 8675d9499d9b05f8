package httpapi

import (
	"context"
	"fmt"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// An answer has the exchanges with the provider only where they were asked for:
// they are for operators, not for every service that reads payments.

// Including asks for more than an answer has by itself.
type Including struct {
	Include string `query:"include" enum:"exchanges" doc:"exchanges: also what was said on the wire, secrets masked. Needs the scope webhooks:read besides, and leaves a row in the audit log"`
}

type wireKey struct{}

// wire says whether the answer to a request has the exchanges.
type wire struct{ shown bool }

// show lets the answer have the exchanges, if they were asked for, the caller may
// read them, and the audit log has it.
func (in Including) show(ctx context.Context, a *API, action, provider, id string) error {
	if in.Include == "" {
		return nil
	}
	if who := caller.From(ctx); !who.May(caller.WebhooksRead) {
		return a.fail(ctx, reading, &payment.Error{
			Code:    string(sdk.CodePermission),
			Outcome: sdk.OutcomeNotSent,
			Message: fmt.Sprintf("include=exchanges needs the scope %s besides; the token %s has %s",
				caller.WebhooksRead, who.Name, caller.Join(who.Scopes)),
		})
	}

	err := a.Payments.Audit(ctx, payment.AuditEntry{
		Action:   action,
		Provider: provider,
		Subject:  id,
		Note:     "with the exchanges",
	})
	if err != nil {
		return a.fail(ctx, reading, err)
	}
	if answer, ok := ctx.Value(wireKey{}).(*wire); ok {
		answer.shown = true
	}
	return nil
}

// withoutExchanges takes the exchanges out of what is answered.
func withoutExchanges(body any) {
	switch body := body.(type) {
	case *payment.Payment:
		dropExchanges(body.Attempts)
	case *payment.Payout:
		dropExchanges(body.Attempts)
	case *payment.Refund:
		dropExchanges(body.Attempts)
	case page[payment.Refund]:
		for k := range body.Data {
			dropExchanges(body.Data[k].Attempts)
		}
	}
}

func dropExchanges(attempts []payment.Attempt) {
	for k := range attempts {
		attempts[k].Exchanges = nil
	}
}
