package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// attachment is an operator's word that the events of a webhook which fit
// nothing are about one intent.
type attachment struct {
	intentID string
	operator string
	fits     bool // at least one event was applied to it
	taken    bool // at least one event has been attached before
}

// Attach reads a stored webhook again and applies those of its events that fit
// nothing by themselves to a payment, payout or refund of the same account.
// They count for as much as the plugin proves: an unverified one only makes the
// host query the provider. The operator is noted in the history.
//
// The error is a *payment.Error: not_found and invalid_request for ids that do
// not fit, conflict when there was nothing to attach, or the plugin's own.
func (b *Inbox) Attach(
	ctx context.Context, id, intentID, operator string,
) (*store.Webhook, error) {
	webhook, err := b.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := b.attachable(ctx, webhook, intentID); err != nil {
		return nil, err
	}

	applied := webhook.State == payment.WebhookApplied
	if applied && slices.Contains(webhook.IntentIDs, intentID) {
		return nil, notAttached(webhook, intentID, "it is applied to this one already")
	}

	read, err := b.attach(ctx, webhook, intentID, operator)
	if err != nil {
		return nil, err
	}
	result := read.attach

	switch {
	case !result.fits && result.taken:
		return nil, notAttached(webhook, intentID,
			"its events have been attached before, and what they tell of happened once")
	case !result.fits:
		return nil, notAttached(webhook, intentID,
			"none of its events is without a payment and of the kind of this one")
	}

	// The attachment is committed: the operator may go away meanwhile.
	b.queryStatus(context.WithoutCancel(ctx), webhook, read.query)
	return b.Get(ctx, id)
}

// attach has the plugin read the webhook, and applies it.
func (b *Inbox) attach(
	ctx context.Context, webhook *store.Webhook, intentID, operator string,
) (*reading, error) {
	lease, err := b.accounts.AcquireExisting(ctx, webhook.Provider)
	if err != nil {
		failure := payment.FromProvider(webhook.Provider, intentID, err)
		failure.Asked = false
		return nil, failure
	}
	defer lease.Release()

	subject, err := b.subject(ctx, webhook)
	if err != nil {
		return nil, err
	}
	read, err := parse(ctx, lease, webhook, subject)
	if err != nil {
		return nil, payment.FromProvider(webhook.Provider, intentID, err)
	}

	// Events that are applied already are not applied again.
	read.attach = &attachment{intentID: intentID, operator: operator}
	return read, b.apply(ctx, lease, webhook, read, false)
}

// attachable refuses an intent that does not exist or belongs to another
// account.
func (b *Inbox) attachable(
	ctx context.Context,
	webhook *store.Webhook,
	intentID string,
) error {
	var found *intent.Intent
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.Intent(ctx, intentID)
		return err
	})

	problem := ""
	hidden := (err == nil) && !caller.From(ctx).Sees(found.Provider)
	switch {
	case hidden, errors.Is(err, store.ErrNotFound):
		problem = "names no payment, payout or refund"
	case err != nil:
		return err
	case found.Provider != webhook.Provider:
		problem = fmt.Sprintf(
			"is of the account %s, the webhook of %s",
			found.Provider,
			webhook.Provider,
		)

	default:
		return nil
	}

	return &payment.Error{
		Code:       string(sdk.CodeInvalidRequest),
		Outcome:    sdk.OutcomeNotSent,
		Provider:   webhook.Provider,
		Message:    "the request is not valid, and nothing was done",
		Violations: []sdk.Violation{{Field: "payment_id", Message: problem}},
	}
}

// notAttached returns the error for a webhook of which nothing was attached.
func notAttached(webhook *store.Webhook, intentID, why string) *payment.Error {
	return &payment.Error{
		Code:      payment.CodeConflict,
		Outcome:   sdk.OutcomeNotSent,
		Provider:  webhook.Provider,
		PaymentID: intentID,
		Message:   "webhook " + webhook.ID + " was not attached: " + why,
	}
}

// attached returns the intent that an operator has attached an event to which
// fits nothing by itself. The error is store.ErrNotFound when there is none.
func (a *applier) attached(ctx context.Context, event *sdk.Event) (*intent.Intent, error) {
	if a.reading.attach == nil {
		return nil, store.ErrNotFound
	}
	target, err := a.tx.IntentForUpdate(ctx, a.reading.attach.intentID)
	if err != nil {
		return nil, err
	}

	fits := map[payment.Kind]bool{
		payment.KindPayment: event.Payment != nil,
		payment.KindPayout:  event.Payout != nil,
		payment.KindRefund:  event.Refund != nil,
	}
	if !fits[target.Kind] {
		return nil, store.ErrNotFound
	}

	// An event is attached once, in however many webhooks it came: it tells of
	// something that happened once.
	now := a.inbox.now()
	taken := a.tx.ClaimEvent(
		ctx,
		a.webhook.Provider,
		eventKey(event, "attached"),
		a.webhook.ID,
		now,
	)
	if errors.Is(taken, store.ErrExists) && a.reading.proof > intent.Hint {
		a.reading.attach.taken = true
		return nil, store.ErrNotFound
	}

	if (taken != nil) && !errors.Is(taken, store.ErrExists) {
		return nil, taken
	}

	a.reading.attach.fits = true
	return target, a.tx.AddHistory(ctx, target.ID, payment.Change{
		At:     now.UTC().Truncate(time.Microsecond),
		Actor:  core.Operator(a.reading.attach.operator),
		Action: "attached",
		Note:   "webhook " + a.webhook.ID,
	})
}
