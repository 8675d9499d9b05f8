package inbox

import (
	"context"
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

// attachment is an operator's word that what fits nothing in a notice is about one intent.
type attachment struct {
	intentID string
	operator string
	fits     bool // at least one event was applied to it
	taken    bool // at least one event has been attached before
}

// Attach reads a stored notice again and applies those of its events that fit nothing by themselves to a payment, payout
// or refund of the same account. They count for as much as the plugin proves: an unverified one only makes the provider
// be asked. The operator is noted in the history.
func (b *Inbox) Attach(ctx context.Context, id, intentID, operator string) (*store.Webhook, error) {
	n, err := b.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := b.attachable(ctx, n, intentID); err != nil {
		return nil, err
	}
	if n.State == payment.WebhookApplied && slices.Contains(n.IntentIDs, intentID) {
		return nil, notAttached(n, intentID, "it is applied to this one already")
	}
	l, err := b.accounts.AcquireExisting(ctx, n.Provider)
	if err != nil {
		e := payment.FromProvider(n.Provider, intentID, err)
		e.Asked = false
		return nil, e
	}
	defer l.Release()
	subject, err := b.subject(ctx, n)
	if err != nil {
		return nil, err
	}
	r, err := parse(ctx, l, n, subject)
	if err != nil {
		return nil, payment.FromProvider(n.Provider, intentID, err)
	}
	r.attach = &attachment{intentID: intentID, operator: operator}
	if err := b.apply(ctx, l, n, r, false); err != nil {
		return nil, err
	}
	if !r.attach.fits && r.attach.taken {
		return nil, notAttached(n, intentID, "its events have been attached before, and what they tell of happened once")
	}
	if !r.attach.fits {
		return nil, notAttached(n, intentID, "none of its events is without a payment and of the kind of this one")
	}
	b.askAbout(context.WithoutCancel(ctx), n, r.ask)
	return b.Get(ctx, id)
}

// attachable refuses an intent that does not exist or belongs to another account.
func (b *Inbox) attachable(ctx context.Context, n *store.Webhook, intentID string) error {
	e := &payment.Error{Code: string(sdk.CodeInvalidRequest), Outcome: sdk.OutcomeNotSent, Provider: n.Provider,
		Message: "the request is not valid, and nothing was done"}
	err := b.store.Read(ctx, func(tx *store.Tx) error {
		i, err := tx.Intent(ctx, intentID)
		if err == nil && i.Provider != n.Provider {
			e.Violations = []sdk.Violation{{Field: "payment_id", Message: fmt.Sprintf("is of the account %s, the webhook of %s", i.Provider, n.Provider)}}
			return e
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		e.Violations = []sdk.Violation{{Field: "payment_id", Message: "names no payment, payout or refund"}}
		return e
	}
	return err
}

func notAttached(n *store.Webhook, intentID, why string) *payment.Error {
	return &payment.Error{Code: payment.CodeConflict, Outcome: sdk.OutcomeNotSent, Provider: n.Provider, PaymentID: intentID,
		Message: "webhook " + n.ID + " was not attached: " + why}
}

// attached gives the intent that an operator has attached an event to which fits nothing by itself.
func (a *application) attached(ctx context.Context, e *sdk.Event) (*intent.Intent, error) {
	if a.reading.attach == nil {
		return nil, store.ErrNotFound
	}
	i, err := a.tx.IntentForUpdate(ctx, a.reading.attach.intentID)
	if err != nil {
		return nil, err
	}
	fits := map[payment.Kind]bool{payment.KindPayment: e.Payment != nil, payment.KindPayout: e.Payout != nil, payment.KindRefund: e.Refund != nil}
	if !fits[i.Kind] {
		return nil, store.ErrNotFound
	}

	// An event is attached once, in however many webhooks it came: what it tells of happened once.
	taken := a.tx.ClaimEvent(ctx, a.notice.Provider, eventKey(e, "attached"), a.notice.ID, a.inbox.now())
	if errors.Is(taken, store.ErrExists) && a.reading.proof > intent.Hint {
		a.reading.attach.taken = true
		return nil, store.ErrNotFound
	}
	if taken != nil && !errors.Is(taken, store.ErrExists) {
		return nil, taken
	}
	a.reading.attach.fits = true
	return i, a.tx.AddHistory(ctx, i.ID, payment.Change{At: a.inbox.now().UTC().Truncate(time.Microsecond),
		Actor: core.Operator(a.reading.attach.operator), Action: "attached", Note: "webhook " + a.notice.ID})
}
