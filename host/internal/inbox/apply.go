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

// apply applies a notice's events and records what became of the notice, in one commit.
func (b *Inbox) apply(ctx context.Context, l core.Lease, n *store.Webhook, r *reading, again bool) error {
	var touched []string
	for {
		fresh := *n
		touched, r.ask = nil, nil
		err := b.store.ApplyEvents(ctx, providerEvents(n, r), func(tx *store.Tx) error {
			a := application{inbox: b, tx: tx, lease: l, notice: &fresh, reading: r, again: again}
			if err := a.all(ctx); err != nil {
				return err
			}
			touched = fresh.IntentIDs
			if err := tx.SaveWebhook(ctx, &fresh); err != nil {
				return err
			}
			return tx.MarkRepeat(ctx, &fresh)
		})
		if errors.Is(err, store.ErrConflict) {
			continue // somebody else changed the payment: read it again and decide again
		}
		if err == nil {
			*n = fresh
			b.core.Changed(touched...)
		}
		return err
	}
}

// providerEvents returns the events of a notice that name their intent, or come on its own URL.
func providerEvents(n *store.Webhook, r *reading) (events []store.ProviderEvent) {
	for k := range r.events {
		event := &r.events[k]
		id := event.Reference
		if id == "" {
			id = n.IntentID
		}
		if id == "" {
			continue // it is found by the provider's reference
		}
		events = append(events, store.ProviderEvent{Provider: n.Provider, ID: eventKey(event, id), IntentID: id})
	}
	return events
}

// application is one try at applying one notice.
type application struct {
	inbox   *Inbox
	tx      *store.Tx
	lease   core.Lease
	notice  *store.Webhook
	reading *reading
	again   bool
}

func (a *application) all(ctx context.Context) error {
	n := a.notice
	n.Verified, n.Events, n.Error, n.NextTryAt = a.reading.proof > intent.Hint, len(a.reading.events), "", time.Time{}
	n.State, n.IntentIDs = payment.WebhookIgnored, nil
	missing := 0
	for k := range a.reading.events {
		matched, err := a.one(ctx, &a.reading.events[k])
		if err != nil {
			return err
		}
		if !matched {
			missing++
		}
	}
	if missing > 0 && n.Verified { // also when others of its events were applied: what fits nothing must be seen
		n.State = payment.WebhookUnmatched
		n.Error = fmt.Sprintf("%d of its %d events fit no payment or payout of this account", missing, n.Events)
	}
	return nil
}

// one applies one event. matched is false when it fits nothing that we know.
func (a *application) one(ctx context.Context, e *sdk.Event) (matched bool, err error) {
	i, err := a.match(ctx, e)
	if errors.Is(err, store.ErrNotFound) {
		i, err = a.attached(ctx, e)
	}
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if errors.Is(err, errKnown) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if !slices.Contains(a.notice.IntentIDs, i.ID) {
		a.notice.IntentIDs = append(a.notice.IntentIDs, i.ID)
	}
	applied, err := a.seen(ctx, e, i)
	if applied || err != nil {
		return true, err
	}
	report := a.report(e, i)
	verdict, err := a.inbox.core.Apply(ctx, a.tx, i, report, core.StatusQuery(a.lease, i))
	if err != nil {
		return true, err
	}
	if verdict.Query {
		a.reading.ask = append(a.reading.ask, i.ID)
		return true, nil
	}
	if a.reading.proof > intent.Hint {
		a.notice.State = payment.WebhookApplied
		return true, a.take(ctx, e, i)
	}
	return true, nil
}

// report turns an event into a report about the intent that it fits. What comes for an account that has become somebody
// else at the provider, since the intent was made, is not about the intent's money for certain.
func (a *application) report(e *sdk.Event, i *intent.Intent) intent.Report {
	actor := core.ActorWebhook
	if a.notice.Purpose != purposeWebhook {
		actor = core.ActorReturn
	}
	r := core.EventReport(actor, a.reading.proof, e)
	r.Named = e.Reference == i.ID || a.notice.IntentID == i.ID || (a.reading.attach != nil && a.reading.attach.intentID == i.ID)
	if core.Foreign(a.lease, i) && r.Proof > intent.Hint {
		r.Status, r.Reason = payment.UnderReview, payment.ReviewUnproven
		r.Message = "the account's identity at the provider has changed since this was made, and a notice of the new one says " +
			string(core.EventReport(actor, a.reading.proof, e).Status)
	}
	return r
}

// match finds what an event is about: the intent that its reference names or, in the scope of one intent, that one; else
// the only one of the account that carries the provider's reference. The intent of another account is never a match.
func (a *application) match(ctx context.Context, e *sdk.Event) (*intent.Intent, error) {
	kind, theirs := payment.KindPayment, ""
	switch {
	case e.Payment != nil:
		theirs = e.Payment.ProviderReference
	case e.Payout != nil:
		kind, theirs = payment.KindPayout, e.Payout.ProviderReference
	case e.Refund != nil:
		kind, theirs = payment.KindRefund, e.Refund.ProviderReference
	default:
		return nil, store.ErrNotFound
	}
	if kind == payment.KindRefund && a.notice.IntentID != "" {
		if e.PaymentReference == "" {
			e.PaymentReference = a.notice.IntentID
		}
		if e.PaymentReference != a.notice.IntentID {
			return nil, store.ErrNotFound
		}
	}
	ours := e.Reference
	if kind != payment.KindRefund && a.notice.IntentID != "" {
		if ours != "" && ours != a.notice.IntentID {
			return nil, store.ErrNotFound
		}
		ours = a.notice.IntentID
	}
	if ours != "" {
		i, err := a.tx.IntentForEvent(ctx, store.ProviderEvent{Provider: a.notice.Provider, ID: eventKey(e, ours), IntentID: ours})
		if err == nil && (i.Kind != kind || i.Provider != a.notice.Provider || a.foreignRefund(i) ||
			e.BothReferences && otherwiseKnown(i, theirs)) {
			return nil, store.ErrNotFound
		}
		return i, err
	}
	if theirs != "" {
		found, err := a.tx.IntentsByReference(ctx, a.notice.Provider, theirs)
		if err != nil {
			return nil, err
		}
		found = slices.DeleteFunc(found, func(i *intent.Intent) bool { return i.Kind != kind || a.foreignRefund(i) })
		if len(found) == 1 {
			return a.tx.IntentForUpdate(ctx, found[0].ID)
		}
	}
	if kind == payment.KindRefund && e.PaymentReference != "" && a.reading.proof > intent.Hint {
		return a.providerRefund(ctx, e)
	}
	return nil, store.ErrNotFound
}

// otherwiseKnown reports whether an intent has references of the provider, and theirs is none of them. One that has none
// yet may still be waiting for its create call's answer.
func otherwiseKnown(i *intent.Intent, theirs string) bool {
	return len(i.References) > 0 && !slices.Contains(i.References, theirs)
}

// foreignRefund reports whether a refund is of another payment than the one whose own URL the notice came on.
func (a *application) foreignRefund(i *intent.Intent) bool {
	return i.Kind == payment.KindRefund && a.notice.IntentID != "" && i.ParentID != a.notice.IntentID
}

// errKnown is for an event whose refund was made by an earlier notice.
var errKnown = errors.New("applied before")

// notOurs finds out whether a refund can be one that the provider started. One of ours whose call still runs has no
// reference yet and may be the same: then the notice is read again when it has one. One in doubt is for an operator.
func (a *application) notOurs(ctx context.Context, parent *intent.Intent) error {
	refunds, err := a.tx.Children(ctx, parent.ID)
	if err != nil {
		return err
	}
	for _, r := range refunds {
		switch {
		case r.Status == payment.Created:
			return &sdk.Error{Code: sdk.CodeUnavailable, Outcome: sdk.OutcomeNotSent, Message: "a refund of this payment is being made: the notice may be about it"}
		case r.Status == payment.Unknown && r.ProviderReference == "":
			return store.ErrNotFound
		}
	}
	return nil
}

// providerRefund makes the row of a refund that the provider started by itself, once for an event: a repeat of one that
// names no refund can only be told by what it says. It begins as unknown, so that it is asked about if the event does
// not suffice.
func (a *application) providerRefund(ctx context.Context, e *sdk.Event) (*intent.Intent, error) {
	parent, err := a.tx.IntentForUpdate(ctx, e.PaymentReference)
	if err != nil {
		return nil, err
	}
	if parent.Kind != payment.KindPayment || parent.Provider != a.notice.Provider {
		return nil, store.ErrNotFound
	}
	if err := a.notOurs(ctx, parent); err != nil {
		return nil, err
	}
	if err := a.startRefund(ctx, e, parent); err != nil {
		return nil, err
	}
	amount := parent.Amount
	if said := e.Refund.Amount; said != nil && said.Amount.IsPositive() {
		amount = payment.Amount{Decimal: said.Amount}
	}
	request, err := json.Marshal(intent.RefundDetails{Reason: "started by the provider", Amount: amount.String()})
	if err != nil {
		return nil, err
	}
	now := a.inbox.now().UTC().Truncate(time.Microsecond)
	i := &intent.Intent{
		ID: core.NewID("re"), Kind: payment.KindRefund, Provider: parent.Provider, ParentID: parent.ID, Amount: amount,
		Currency: parent.Currency, MerchantReference: parent.MerchantReference, Request: request, CreatedAt: now, UpdatedAt: now,
		Status: payment.Unknown, ProviderReference: e.Refund.ProviderReference, Fingerprint: parent.Fingerprint,
	}
	if i.ProviderReference != "" {
		i.References = []string{i.ProviderReference}
	}
	if err := a.tx.InsertIntent(ctx, i); err != nil {
		return nil, err
	}
	return i, a.tx.SaveIntent(ctx, i) // with its references
}

// startRefund takes the event of a refund that the provider started: it starts one refund, whatever else comes under its id.
func (a *application) startRefund(ctx context.Context, e *sdk.Event, parent *intent.Intent) error {
	name := parent.ID + ":id:" + e.ID
	if e.ID == "" {
		name = eventKey(e, parent.ID)
	}
	err := a.tx.ClaimEvent(ctx, a.notice.Provider, name, a.notice.ID, a.inbox.now())
	if err == nil {
		return a.tx.MarkEventApplied(ctx, a.notice.Provider, eventKey(e, parent.ID), a.notice.ID, a.inbox.now())
	}
	if !errors.Is(err, store.ErrExists) {
		return err
	}

	same, err := a.tx.EventApplied(ctx, a.notice.Provider, eventKey(e, parent.ID))
	if err != nil {
		return err
	}
	if !same {
		a.notice.Error = fmt.Sprintf("event %s has started a refund of %s before, and says something else now: it is not applied", e.ID, parent.ID)
	}
	return errKnown
}

// seen reports whether an event was applied before. An event that is to be applied again, by hand, never was. What this
// very notice has applied, when it was read before, it has applied.
func (a *application) seen(ctx context.Context, e *sdk.Event, i *intent.Intent) (bool, error) {
	if a.again || a.reading.proof == intent.Hint {
		return false, nil
	}
	applied, err := a.tx.EventApplied(ctx, a.notice.Provider, eventKey(e, i.ID))
	if !applied || err != nil {
		return false, err
	}
	by, err := a.tx.EventAppliedBy(ctx, a.notice.Provider, eventKey(e, i.ID))
	if by == a.notice.ID {
		a.notice.State = payment.WebhookApplied
	}
	return true, err
}

// take records that an event is applied. Only verified, applied events occupy an id.
func (a *application) take(ctx context.Context, e *sdk.Event, i *intent.Intent) error {
	return a.tx.MarkEventApplied(ctx, a.notice.Provider, eventKey(e, i.ID), a.notice.ID, a.inbox.now()) // kept before when applied again by hand
}

// eventKey names an event: by the provider's id for it, where it has one, and by a digest of what it says. Both are of one
// intent, so that an id which a provider uses twice does no harm; and what comes under a known id and says something else
// is another event.
func eventKey(e *sdk.Event, id string) string {
	said := *e
	if said.ID != "" { // when it happened is no part of what it says: some providers send the time of the delivery
		said.OccurredAt = time.Time{}
	}
	text, _ := json.Marshal(said) // plain data always marshals
	sum := sha256.Sum256(text)
	if e.ID != "" {
		return id + ":id:" + e.ID + ":" + hex.EncodeToString(sum[:8])
	}
	return id + ":hash:" + hex.EncodeToString(sum[:])
}
