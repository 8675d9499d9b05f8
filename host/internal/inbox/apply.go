package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// apply applies a webhook's events and records what became of the webhook, in
// one commit. again applies also what is applied already.
func (b *Inbox) apply(
	ctx context.Context,
	lease core.Lease,
	webhook *store.Webhook,
	read *reading,
	again bool,
) error {
	for {
		var fresh store.Webhook
		err := b.store.ApplyEvents(
			ctx,
			providerEvents(webhook, read),
			func(tx *store.Tx) error {
				fresh = *webhook
				read.forget()
				one := applier{
					inbox:   b,
					tx:      tx,
					lease:   lease,
					webhook: &fresh,
					reading: read,
					again:   again,
				}
				return one.applyAll(ctx)
			},
		)

		switch {
		case errors.Is(err, store.ErrConflict):
			continue // the payment was changed meanwhile: read it again and decide again
		case err != nil:
			return err
		}

		*webhook = fresh
		b.core.Changed(fresh.IntentIDs...)
		return nil
	}
}

// providerEvents returns the events of a webhook that name their intent, or
// come on its own URL. The others are found by the provider's reference.
func providerEvents(webhook *store.Webhook, read *reading) (events []store.ProviderEvent) {
	for k := range read.events {
		event := &read.events[k]
		id := event.Reference
		if id == "" {
			id = webhook.IntentID
		}

		if id == "" {
			continue
		}
		events = append(events, store.ProviderEvent{
			Provider: webhook.Provider,
			ID:       eventKey(event, id),
			IntentID: id,
		})
	}

	return events
}

// applier is one try at applying one webhook, in one transaction.
type applier struct {
	inbox   *Inbox
	tx      *store.Tx
	lease   core.Lease
	webhook *store.Webhook
	reading *reading
	again   bool
}

// applyAll applies all the events, and stores what became of the webhook.
func (a *applier) applyAll(ctx context.Context) error {
	webhook := a.webhook
	webhook.Verified = a.reading.proof > intent.Hint
	webhook.Events = len(a.reading.events)
	webhook.State, webhook.Error = payment.WebhookIgnored, ""
	webhook.NextTryAt, webhook.IntentIDs = time.Time{}, nil

	missing := 0
	for k := range a.reading.events {
		matched, err := a.applyEvent(ctx, &a.reading.events[k])
		if err != nil {
			return err
		}
		if !matched {
			missing++
		}
	}

	// An event that fits nothing must be seen, also when others were applied.
	if (missing > 0) && webhook.Verified {
		webhook.State = payment.WebhookUnmatched
		webhook.Error = fmt.Sprintf(
			"%d of its %d events fit no payment or payout of this account",
			missing,
			webhook.Events,
		)
	}

	if err := a.tx.SaveWebhook(ctx, webhook); err != nil {
		return err
	}

	return a.tx.MarkRepeat(ctx, webhook)
}

// applyEvent applies one event. matched is false when it fits nothing that the
// host knows.
func (a *applier) applyEvent(
	ctx context.Context,
	event *sdk.Event,
) (matched bool, err error) {
	target, err := a.match(ctx, event)
	if errors.Is(err, store.ErrNotFound) {
		target, err = a.attached(ctx, event)
	}

	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	case errors.Is(err, errKnown):
		return true, nil
	case err != nil:
		return false, err
	}

	// The webhook is listed with its intent even if it changes nothing there.
	if !slices.Contains(a.webhook.IntentIDs, target.ID) {
		a.webhook.IntentIDs = append(a.webhook.IntentIDs, target.ID)
	}

	applied, err := a.isApplied(ctx, event, target)
	if applied || (err != nil) {
		return true, err
	}
	report, query := a.report(event, target), core.StatusQuery(a.lease, target)
	verdict, err := a.inbox.core.Apply(ctx, a.tx, target, report, query)
	if err != nil {
		return true, err
	}

	// The provider is queried after the commit: its answer counts, and the
	// event is not marked as applied.
	if verdict.Query {
		a.reading.query = append(a.reading.query, target.ID)
		return true, nil
	}

	// An unproven event must not take the id of a genuine one that comes later.
	if a.reading.proof > intent.Hint {
		a.webhook.State = payment.WebhookApplied
		return true, a.markApplied(ctx, event, target)
	}

	return true, nil
}

// report turns an event into a report about the intent that it fits. When the
// account has become another one at the provider since the intent was made, the
// event is not about the intent's money for certain.
func (a *applier) report(event *sdk.Event, target *intent.Intent) intent.Report {
	actor := core.ActorWebhook
	if a.webhook.Purpose != purposeWebhook {
		actor = core.ActorReturn
	}
	report := core.EventReport(actor, a.reading.proof, event)
	attached := (a.reading.attach != nil) && (a.reading.attach.intentID == target.ID)
	named := (event.Reference == target.ID) || (a.webhook.IntentID == target.ID)
	report.Named = named || attached

	// The event may be about another merchant's money: an operator decides.
	if core.Foreign(a.lease, target) && (report.Proof > intent.Hint) {
		report.Message = "the account's identity at the provider has changed since this was made, " +
			"and a webhook of the new one says " + string(
			report.Status,
		)
		report.Status, report.Reason = payment.UnderReview, payment.ReviewUnproven
	}

	return report
}

// isApplied reports whether an event was applied before. An event that an
// operator has applied again never was. An event that this very webhook has
// applied, when it was read before, makes it an applied one.
func (a *applier) isApplied(
	ctx context.Context, event *sdk.Event, target *intent.Intent,
) (bool, error) {
	if a.again || (a.reading.proof == intent.Hint) {
		return false, nil
	}
	key := eventKey(event, target.ID)
	applied, err := a.tx.EventApplied(ctx, a.webhook.Provider, key)
	if !applied || (err != nil) {
		return false, err
	}

	by, err := a.tx.EventAppliedBy(ctx, a.webhook.Provider, key)
	if by == a.webhook.ID {
		a.webhook.State = payment.WebhookApplied
	}

	return true, err
}

// markApplied records that an event is applied. Only verified, applied events
// occupy an id; one that is applied again by hand has it already.
func (a *applier) markApplied(
	ctx context.Context, event *sdk.Event, target *intent.Intent,
) error {
	key := eventKey(event, target.ID)
	return a.tx.MarkEventApplied(ctx, a.webhook.Provider, key, a.webhook.ID, a.inbox.now())
}

// eventKey names an event: by the provider's id for it, where it has one, and
// by a digest of its content. Both belong to one intent, so that an id which a
// provider uses twice does no harm; an event that comes under a known id with
// other content is another event.
func eventKey(event *sdk.Event, id string) string {
	said := *event

	// Some providers send the time of the delivery as the time of the event.
	if said.ID != "" {
		said.OccurredAt = time.Time{}
	}
	text, _ := json.Marshal(said) // plain data always marshals
	sum := sha256.Sum256(text)

	if event.ID != "" {
		return id + ":id:" + event.ID + ":" + hex.EncodeToString(sum[:8])
	}

	return id + ":hash:" + hex.EncodeToString(sum[:])
}
