package inbox

import (
	"context"
	"slices"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// match finds the intent that an event is about: the one that its reference
// names or, on the URL of one intent, that one; else the only one of the
// account that carries the provider's reference. An intent of another account
// never matches. The error is store.ErrNotFound when nothing does.
func (a *applier) match(ctx context.Context, event *sdk.Event) (*intent.Intent, error) {
	switch {
	case event.Payment != nil:
		return a.matchOwn(ctx, event, payment.KindPayment, event.Payment.ProviderReference)
	case event.Payout != nil:
		return a.matchOwn(ctx, event, payment.KindPayout, event.Payout.ProviderReference)
	case event.Refund != nil:
		return a.matchRefund(ctx, event)
	default:
		return nil, store.ErrNotFound
	}
}

// matchOwn finds a payment or a payout. theirs is the provider's reference.
func (a *applier) matchOwn(
	ctx context.Context, event *sdk.Event, kind payment.Kind, theirs string,
) (*intent.Intent, error) {
	// A URL of its own belongs to one intent: an event that names another is
	// not believed there.
	ours := event.Reference
	if own := a.webhook.IntentID; own != "" {
		if (ours != "") && (ours != own) {
			return nil, store.ErrNotFound
		}
		ours = own
	}

	if ours != "" {
		return a.byOurReference(ctx, event, kind, ours, theirs)
	}

	found, err := a.byTheirReference(ctx, kind, theirs)
	if (err == nil) && (found == nil) {
		err = store.ErrNotFound
	}

	return found, err
}

// matchRefund finds a refund. On the URL of a payment only that one's refunds
// match. A verified event of a refund that the host does not know, and that
// names its payment, is about one that the provider has started.
func (a *applier) matchRefund(
	ctx context.Context,
	event *sdk.Event,
) (*intent.Intent, error) {
	if own := a.webhook.IntentID; own != "" {
		if event.PaymentReference == "" {
			event.PaymentReference = own
		}
		if event.PaymentReference != own {
			return nil, store.ErrNotFound
		}
	}

	theirs := event.Refund.ProviderReference
	if event.Reference != "" {
		return a.byOurReference(ctx, event, payment.KindRefund, event.Reference, theirs)
	}
	found, err := a.byTheirReference(ctx, payment.KindRefund, theirs)
	if (err != nil) || (found != nil) {
		return found, err
	}

	// An unverified sender must not be able to start a refund.
	if (event.PaymentReference != "") && (a.reading.proof > intent.Hint) {
		return a.providerRefund(ctx, event)
	}

	return nil, store.ErrNotFound
}

// byOurReference returns the intent with the host's own reference, if it is
// what the event can be about.
func (a *applier) byOurReference(
	ctx context.Context, event *sdk.Event, kind payment.Kind, ours, theirs string,
) (*intent.Intent, error) {
	target, err := a.tx.IntentForEvent(ctx, store.ProviderEvent{
		Provider: a.webhook.Provider,
		ID:       eventKey(event, ours),
		IntentID: ours,
	})
	if err != nil {
		return target, err
	}

	// A reference of ours may be guessed: all else must fit, too.
	foreign := (target.Provider != a.webhook.Provider) || a.foreignRefund(target)
	another := event.BothReferences && otherwiseKnown(target, theirs)
	if foreign || another || (target.Kind != kind) {
		return nil, store.ErrNotFound
	}

	return target, nil
}

// byTheirReference returns the only intent of the account that carries the
// provider's reference, nil when none or several do.
func (a *applier) byTheirReference(
	ctx context.Context, kind payment.Kind, theirs string,
) (*intent.Intent, error) {
	if theirs == "" {
		return nil, nil
	}
	found, err := a.tx.IntentsByReference(ctx, a.webhook.Provider, theirs)
	if err != nil {
		return nil, err
	}

	// When several fit, choosing one could credit another customer's payment.
	found = slices.DeleteFunc(found, func(one *intent.Intent) bool {
		return (one.Kind != kind) || a.foreignRefund(one)
	})
	if len(found) != 1 {
		return nil, nil
	}

	return a.tx.IntentForUpdate(ctx, found[0].ID)
}

// otherwiseKnown reports whether an intent has references of the provider, and
// theirs is none of them. An intent that has none yet may still be waiting for its
// create call's answer.
func otherwiseKnown(target *intent.Intent, theirs string) bool {
	return (len(target.References) > 0) && !slices.Contains(target.References, theirs)
}

// foreignRefund reports whether a refund is of another payment than the one
// whose own URL the webhook came on.
func (a *applier) foreignRefund(target *intent.Intent) bool {
	own := a.webhook.IntentID
	return (target.Kind == payment.KindRefund) && (own != "") && (target.ParentID != own)
}
