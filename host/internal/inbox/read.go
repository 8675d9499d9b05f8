package inbox

import (
	"context"
	"errors"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// reading is what a plugin made of a stored notice.
type reading struct {
	proof    intent.Proof
	events   []sdk.Event
	response sdk.HTTPResponse
	// digest stands for what it says, when that is proven.
	digest digest
	// ask are the ids that the provider must now be asked about.
	ask []string
	// attach is set while an operator attaches the notice to an intent.
	attach *attachment
}

// read has the plugin read a stored notice and applies what it says. The error is the plugin's: the notice then says what
// became of it, and waits for another try when the plugin was not there. again applies also what is applied already.
func (b *Inbox) read(ctx context.Context, n *store.Webhook, again bool) (*reading, error) {
	lease, err := b.accounts.AcquireExisting(ctx, n.Provider)
	if err != nil {
		return nil, b.postpone(ctx, n, err)
	}
	defer lease.Release()
	subject, err := b.subject(ctx, n)
	if err != nil {
		return nil, b.postpone(ctx, n, err)
	}
	r, err := b.parseInTime(ctx, lease, n, subject)
	switch {
	case errors.Is(err, errTooSlow):
		return nil, b.tookTooLong(ctx, n, err)
	case errors.Is(err, errManySlow):
		b.slow.note(n.ID)
		return nil, b.postpone(ctx, n, err)
	}
	b.slow.forget(n.ID)
	if err != nil {
		if !isFinal(sdk.CodeOf(err)) || n.State != payment.WebhookPending {
			return nil, b.postpone(ctx, n, err)
		}
		n.State, n.NextTryAt, n.Verified, n.Error = payment.WebhookFailed, time.Time{}, false, sdk.AsError(err).Message
		return nil, errors.Join(err, b.save(ctx, n))
	}
	if err := b.apply(ctx, lease, n, r, again); err != nil {
		return nil, err
	}
	return r, nil
}

// isFinal reports whether a plugin's refusal is about the notice itself, so that another try would end as this one.
func isFinal(code sdk.Code) bool {
	return code == sdk.CodeInvalidSignature || code == sdk.CodeInvalidRequest || code == sdk.CodeNotSupported
}

// postpone keeps a notice for another try.
func (b *Inbox) postpone(ctx context.Context, n *store.Webhook, cause error) error {
	n.Error = cause.Error()
	if n.NextTryAt.IsZero() {
		n.NextTryAt = b.now().UTC().Add(retry)
	}
	if n.State != payment.WebhookPending {
		return cause // a replay that failed leaves what the notice was
	}
	return errors.Join(cause, b.save(ctx, n))
}

func (b *Inbox) save(ctx context.Context, n *store.Webhook) error {
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.SaveWebhook(ctx, n) })
}

// subject gives the intent that a notice's own URL belongs to, nil when it belongs to none.
func (b *Inbox) subject(ctx context.Context, n *store.Webhook) (i *intent.Intent, err error) {
	if n.IntentID == "" {
		return nil, nil
	}
	err = b.store.Get(ctx, func(tx *store.Tx) (err error) {
		i, err = tx.Intent(ctx, n.IntentID)
		return err
	})
	return i, err
}

// parse has the plugin say what a request means.
func parse(ctx context.Context, l core.Lease, n *store.Webhook, subject *intent.Intent) (*reading, error) {
	r, err := ask(ctx, l, n, subject)
	if (err == nil) && (r.proof > intent.Hint) {
		r.digest = digestOf(n, r) // before applying adds to the events
	}
	return r, err
}

// ask calls the plugin.
func ask(ctx context.Context, l core.Lease, n *store.Webhook, subject *intent.Intent) (*reading, error) {
	ctx, cancel := context.WithTimeout(ctx, l.Config().Timeout)
	defer cancel()
	var pay *sdk.PaymentContext
	var out *sdk.PayoutContext
	if subject != nil && subject.Kind == payment.KindPayment {
		p := core.PaymentContext(subject)
		pay = &p
	} else if subject != nil && subject.Kind == payment.KindPayout {
		p := core.PayoutContext(subject)
		out = &p
	}
	if n.Purpose == purposeWebhook {
		notice, err := l.ParseWebhook(ctx, sdk.ParseWebhookRequest{Request: n.Request, Scope: n.Scope, Payment: pay, Payout: out})
		if err != nil {
			return nil, err
		}
		return &reading{proof: proofOf(notice.Verification), events: notice.Events, response: notice.Response}, nil
	}
	if !l.Has(sdk.CapabilityParseReturn) {
		return &reading{proof: intent.Hint}, nil
	}
	back, err := l.ParseReturn(ctx, sdk.ParseReturnRequest{Request: n.Request, Scope: n.Scope, Payment: pay})
	if err != nil {
		return nil, err
	}
	r := &reading{proof: proofOf(back.Verification), events: back.Events}
	if r.proof != intent.Signature {
		r.proof = intent.Hint // the customer's browser carried it
	}
	return r, nil
}

func proofOf(v sdk.Verification) intent.Proof {
	switch v {
	case sdk.VerifiedBySignature:
		return intent.Signature
	case sdk.VerifiedByOrigin:
		return intent.Origin
	default:
		return intent.Hint
	}
}
