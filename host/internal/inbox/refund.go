package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// errKnown is for an event whose refund was made by an earlier webhook.
var errKnown = errors.New("applied before")

// providerRefund makes the row of a refund that the provider has started by
// itself, once for an event: a repeat of one that names no refund can only be
// told by its content. It begins as unknown, so that the provider is queried if
// the event does not suffice. The error is errKnown for a repeat.
func (a *applier) providerRefund(
	ctx context.Context,
	event *sdk.Event,
) (*intent.Intent, error) {
	parent, err := a.tx.IntentForUpdate(ctx, event.PaymentReference)
	if err != nil {
		return nil, err
	}
	if (parent.Kind != payment.KindPayment) || (parent.Provider != a.webhook.Provider) {
		return nil, store.ErrNotFound
	}

	if err := a.rejectOurs(ctx, parent); err != nil {
		return nil, err
	}
	if err := a.claimRefund(ctx, event, parent); err != nil {
		return nil, err
	}

	refund, err := a.newRefund(event, parent)
	if err != nil {
		return nil, err
	}
	if err := a.tx.InsertIntent(ctx, refund); err != nil {
		return nil, err
	}

	return refund, a.tx.SaveIntent(ctx, refund) // with its references
}

// rejectOurs returns an error when a refund of the payment may be one of the
// host's own. One whose call still runs has no reference yet and may be the
// same: then the webhook is read again when it has one. One in doubt is for an
// operator.
func (a *applier) rejectOurs(ctx context.Context, parent *intent.Intent) error {
	refunds, err := a.tx.Children(ctx, parent.ID)
	if err != nil {
		return err
	}

	for _, refund := range refunds {
		switch {
		case refund.Status == payment.Created:
			return sdk.NotSent(sdk.CodeUnavailable,
				"a refund of this payment is being made: the webhook may be about it")
		case (refund.Status == payment.Unknown) && (refund.ProviderReference == ""):
			return store.ErrNotFound
		}
	}

	return nil
}

// claimRefund claims the event of a refund that the provider has started: it
// starts one refund, whatever else comes under its id.
func (a *applier) claimRefund(
	ctx context.Context,
	event *sdk.Event,
	parent *intent.Intent,
) error {
	provider, key := a.webhook.Provider, eventKey(event, parent.ID)
	name := key
	if event.ID != "" {
		name = parent.ID + ":id:" + event.ID
	}

	err := a.tx.ClaimEvent(ctx, provider, name, a.webhook.ID, a.inbox.now())
	if err == nil {
		return a.tx.MarkEventApplied(ctx, provider, key, a.webhook.ID, a.inbox.now())
	}
	if !errors.Is(err, store.ErrExists) {
		return err
	}

	// A second event under the id starts no second refund. When it says
	// something else, an operator must be able to see that.
	same, err := a.tx.EventApplied(ctx, provider, key)
	if err != nil {
		return err
	}
	if !same {
		a.webhook.Error = fmt.Sprintf("event %s has started a refund of %s before, "+
			"and says something else now: it is not applied", event.ID, parent.ID)
	}

	return errKnown
}

// newRefund returns the refund of an event: of the amount that it names, or
// else of all of the payment.
func (a *applier) newRefund(
	event *sdk.Event,
	parent *intent.Intent,
) (*intent.Intent, error) {
	amount := parent.Amount
	if said := event.Refund.Amount; (said != nil) && said.Amount.IsPositive() {
		amount = payment.Amount{Decimal: said.Amount}
	}
	details := intent.RefundDetails{
		Reason: "started by the provider",
		Amount: amount.String(),
	}

	request, err := json.Marshal(details)
	if err != nil {
		return nil, err
	}

	now := a.inbox.now().UTC().Truncate(time.Microsecond)
	refund := &intent.Intent{
		ID:                core.NewID("re"),
		Kind:              payment.KindRefund,
		Status:            payment.Unknown,
		Provider:          parent.Provider,
		ProviderReference: event.Refund.ProviderReference,
		Fingerprint:       parent.Fingerprint,
		ParentID:          parent.ID,
		MerchantReference: parent.MerchantReference,
		Amount:            amount,
		Currency:          parent.Currency,
		Request:           request,
		CreatedAt:         now,
		UpdatedAt:         now,
	}
	if refund.ProviderReference != "" {
		refund.References = []string{refund.ProviderReference}
	}

	return refund, nil
}
