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
func (b *Inbox) apply(ctx context.Context, l core.Lease, n *store.Notice, r *reading, again bool) error {
	var touched []string
	for {
		fresh := *n
		touched, r.ask = nil, nil
		err := b.store.UpdateExpecting(ctx, expect(n, r), func(tx *store.Tx) error {
			a := application{inbox: b, tx: tx, lease: l, notice: &fresh, reading: r, again: again}
			if err := a.all(ctx); err != nil {
				return err
			}
			touched = fresh.IntentIDs
			return tx.SaveNotice(ctx, &fresh)
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

// expect says what applying is going to read, as far as it can be known before.
func expect(n *store.Notice, r *reading) (e store.Expect) {
	for k := range r.events {
		event := &r.events[k]
		id := event.Reference
		if id == "" {
			id = n.IntentID
		}
		if id == "" {
			continue // it is found by the provider's reference
		}
		e.Intents = append(e.Intents, id)
		e.Events = append(e.Events, store.EventKey{Provider: n.Provider, ID: eventKey(event, id)})
	}
	return e
}

// application is one try at applying one notice.
type application struct {
	inbox   *Inbox
	tx      *store.Tx
	lease   core.Lease
	notice  *store.Notice
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
	actor := core.ActorWebhook
	if a.notice.Purpose != purposeWebhook {
		actor = core.ActorReturn
	}
	report := a.inbox.core.EventReport(actor, a.reading.proof, e)
	verdict, err := a.inbox.core.Apply(ctx, a.tx, i, report, a.inbox.core.Asking(a.lease, i))
	if err != nil {
		return true, err
	}
	if verdict.Ask {
		a.reading.ask = append(a.reading.ask, i.ID)
		return true, nil
	}
	if a.reading.proof > intent.Hint {
		a.notice.State = payment.WebhookApplied
		return true, a.take(ctx, e, i)
	}
	return true, nil
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
		if err := a.tx.ExpectEvent(ctx, a.notice.Provider, eventKey(e, ours)); err != nil {
			return nil, err
		}
		i, err := a.tx.IntentToChange(ctx, ours)
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
			return a.tx.IntentToChange(ctx, found[0].ID)
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
	parent, err := a.tx.IntentToChange(ctx, e.PaymentReference)
	if err != nil {
		return nil, err
	}
	if parent.Kind != payment.KindPayment || parent.Provider != a.notice.Provider {
		return nil, store.ErrNotFound
	}
	if err := a.notOurs(ctx, parent); err != nil {
		return nil, err
	}
	if err := a.tx.TakeEventID(ctx, a.notice.Provider, eventKey(e, parent.ID), a.notice.ID, a.inbox.now()); errors.Is(err, store.ErrExists) {
		return nil, errKnown
	} else if err != nil {
		return nil, err
	}
	amount := parent.Amount
	if e.Refund.Amount != nil {
		amount = payment.Amount{Decimal: e.Refund.Amount.Amount}
	}
	request, err := json.Marshal(intent.RefundDetails{Reason: "started by the provider", Amount: amount.String()})
	if err != nil {
		return nil, err
	}
	now := a.inbox.now().UTC().Truncate(time.Microsecond)
	i := &intent.Intent{
		ID: core.NewID("re"), Kind: payment.KindRefund, Provider: parent.Provider, ParentID: parent.ID, Amount: amount,
		Currency: parent.Currency, MerchantReference: parent.MerchantReference, Request: request, CreatedAt: now, UpdatedAt: now,
		Status: payment.Unknown, ProviderReference: e.Refund.ProviderReference,
	}
	if i.ProviderReference != "" {
		i.References = []string{i.ProviderReference}
	}
	if err := a.tx.InsertIntent(ctx, i); err != nil {
		return nil, err
	}
	return i, a.tx.SaveIntent(ctx, i) // with its references
}

// seen reports whether an event was applied before. An event that is to be applied again, by hand, never was.
func (a *application) seen(ctx context.Context, e *sdk.Event, i *intent.Intent) (bool, error) {
	if a.again || a.reading.proof == intent.Hint {
		return false, nil
	}
	return a.tx.EventApplied(ctx, a.notice.Provider, eventKey(e, i.ID))
}

// take records that an event is applied. Only verified, applied events occupy an id.
func (a *application) take(ctx context.Context, e *sdk.Event, i *intent.Intent) error {
	return a.tx.KeepEventID(ctx, a.notice.Provider, eventKey(e, i.ID), a.notice.ID, a.inbox.now()) // kept before when applied again by hand
}

// eventKey names an event: the provider's id for it, else a digest of what it says. Both are of one intent, so that an id
// which a provider uses twice does no harm.
func eventKey(e *sdk.Event, id string) string {
	if e.ID != "" {
		return id + ":id:" + e.ID
	}
	said, _ := json.Marshal(e) // plain data always marshals
	sum := sha256.Sum256(said)
	return id + ":hash:" + hex.EncodeToString(sum[:])
}
