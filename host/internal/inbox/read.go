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

// reading is what a plugin made of a stored webhook.
type reading struct {
	proof    intent.Proof
	events   []sdk.Event
	response sdk.HTTPResponse
	// digest stands for what it says, when that is proven.
	digest digest
	// query are the intents that the provider must now be queried about.
	query []string
	// attach is set while an operator attaches the webhook to an intent.
	attach *attachment
}

// forget forgets what a former try at applying it has found.
func (r *reading) forget() {
	r.query = nil
	if r.attach != nil {
		r.attach.fits = false
		r.attach.taken = false
	}
}

// read has the plugin read a stored webhook and applies what it says. The error is
// the plugin's: the webhook then records what became of it, and waits for another
// try when the plugin was not there. again applies also what is applied already.
func (b *Inbox) read(
	ctx context.Context, webhook *store.Webhook, again bool,
) (*reading, error) {
	lease, err := b.accounts.AcquireExisting(ctx, webhook.Provider)
	if err != nil {
		return nil, b.postpone(ctx, webhook, err)
	}
	defer lease.Release()
	subject, err := b.subject(ctx, webhook)
	if err != nil {
		return nil, b.postpone(ctx, webhook, err)
	}

	// Only what a plugin says about the webhook itself decides about it.
	read, err := b.parseInTime(ctx, lease, webhook, subject)
	switch {
	case errors.Is(err, errTooSlow):
		return nil, b.tookTooLong(ctx, webhook, err)
	case errors.Is(err, errManySlow):
		b.slow.note(webhook.ID)
		return nil, b.postpone(ctx, webhook, err)
	case err == nil:
		b.slow.forget(webhook.ID)
		return read, b.apply(ctx, lease, webhook, read, again)
	}

	b.slow.forget(webhook.ID)
	if isFinal(sdk.CodeOf(err)) && (webhook.State == payment.WebhookPending) {
		return nil, b.fail(ctx, webhook, sdk.AsError(err).Message, err)
	}
	return nil, b.postpone(ctx, webhook, err)
}

// isFinal reports whether a plugin's refusal is about the webhook itself, so that
// another try would end as this one.
func isFinal(code sdk.Code) bool {
	switch code {
	case sdk.CodeInvalidSignature, sdk.CodeInvalidRequest, sdk.CodeNotSupported:
		return true
	default:
		return false
	}
}

// fail records that a webhook is not tried again by itself, and returns the cause.
func (b *Inbox) fail(
	ctx context.Context, webhook *store.Webhook, message string, cause error,
) error {
	webhook.State, webhook.Error = payment.WebhookFailed, message
	webhook.Verified, webhook.NextTryAt = false, time.Time{}
	return errors.Join(cause, b.save(ctx, webhook))
}

// postpone keeps a webhook for another try, and returns the cause. A replay that
// failed leaves the webhook as it was.
func (b *Inbox) postpone(ctx context.Context, webhook *store.Webhook, cause error) error {
	webhook.Error = cause.Error()
	if webhook.NextTryAt.IsZero() {
		webhook.NextTryAt = b.now().UTC().Add(retry)
	}
	if webhook.State != payment.WebhookPending {
		return cause
	}
	return errors.Join(cause, b.save(ctx, webhook))
}

// save stores what became of a webhook.
func (b *Inbox) save(ctx context.Context, webhook *store.Webhook) error {
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.SaveWebhook(ctx, webhook) })
}

// subject returns the intent that a webhook's own URL belongs to, nil when it
// belongs to none. The error is the store's.
func (b *Inbox) subject(
	ctx context.Context, webhook *store.Webhook,
) (found *intent.Intent, err error) {
	if webhook.IntentID == "" {
		return nil, nil
	}
	err = b.store.Get(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.Intent(ctx, webhook.IntentID)
		return err
	})
	return found, err
}

// parse has the plugin say what a request means, within the provider's timeout.
func parse(
	ctx context.Context, lease core.Lease, webhook *store.Webhook, subject *intent.Intent,
) (*reading, error) {
	ctx, cancel := context.WithTimeout(ctx, lease.Config().Timeout)
	defer cancel()
	call := parseReturn
	if webhook.Purpose == purposeWebhook {
		call = parseWebhook
	}

	read, err := call(ctx, lease, webhook, subject)
	if err != nil {
		return nil, err
	}
	if read.proof > intent.Hint {
		read.digest = digestOf(webhook, read) // before applying adds to the events
	}
	return read, nil
}

// parseWebhook has the plugin read what came from server to server.
func parseWebhook(
	ctx context.Context, lease core.Lease, webhook *store.Webhook, subject *intent.Intent,
) (*reading, error) {
	req := sdk.ParseWebhookRequest{Request: webhook.Request, Scope: webhook.Scope}
	req.Payment = paymentContext(subject)
	if (subject != nil) && (subject.Kind == payment.KindPayout) {
		payout := core.PayoutContext(subject)
		req.Payout = &payout
	}

	result, err := lease.ParseWebhook(ctx, req)
	if err != nil {
		return nil, err
	}
	return &reading{
		proof:    proofOf(result.Verification),
		events:   result.Events,
		response: result.Response,
	}, nil
}

// parseReturn has the plugin read what a customer's browser carried: only a
// signature proves that.
func parseReturn(
	ctx context.Context, lease core.Lease, webhook *store.Webhook, subject *intent.Intent,
) (*reading, error) {
	if !lease.Has(sdk.CapabilityParseReturn) {
		return &reading{proof: intent.Hint}, nil
	}
	result, err := lease.ParseReturn(ctx, sdk.ParseReturnRequest{
		Request: webhook.Request, Scope: webhook.Scope, Payment: paymentContext(subject),
	})
	if err != nil {
		return nil, err
	}

	// The request comes from a browser, whose address proves nothing.
	read := &reading{proof: proofOf(result.Verification), events: result.Events}
	if read.proof != intent.Signature {
		read.proof = intent.Hint
	}
	return read, nil
}

// paymentContext returns what a plugin is told of a payment, nil for anything
// else.
func paymentContext(subject *intent.Intent) *sdk.PaymentContext {
	if (subject == nil) || (subject.Kind != payment.KindPayment) {
		return nil
	}
	told := core.PaymentContext(subject)
	return &told
}

// proofOf returns what a plugin's verification counts for.
func proofOf(verification sdk.Verification) intent.Proof {
	switch verification {
	case sdk.VerifiedBySignature:
		return intent.Signature
	case sdk.VerifiedByOrigin:
		return intent.Origin
	default:
		return intent.Hint
	}
}
