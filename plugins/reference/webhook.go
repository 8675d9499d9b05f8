package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// webhook is the body of a webhook: one thing that changed, as the status calls
// would answer it. The fields that do not name the thing may have any form: one
// odd field must not lose a success.
type webhook struct {
	ID        providerhttp.FlexibleString `json:"id"`
	CreatedAt providerhttp.FlexibleString `json:"created_at"`
	Payment   *resource                   `json:"payment"`
	Payout    *resource                   `json:"payout"`
	Refund    *resource                   `json:"refund"`
}

// webhookAge is how long a webhook counts: a later one may have been kept by
// another sender, and is unverified.
const webhookAge = 10 * time.Minute

// ParseWebhook verifies the bytes that were signed: the body as it came, or as
// its sender wrote it before it was compressed on the way. Several signatures may
// come while a key is being replaced.
func (p *provider) ParseWebhook(
	_ context.Context, req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	body := req.Request.Content()
	signatures := req.Request.HeaderValues("Signature")
	if !verify(p.cfg.WebhookKeys, signatures, req.Request.Body, body) {
		return nil, sdk.NotSent(sdk.CodeInvalidSignature,
			"the webhook is not signed with one of webhook_keys")
	}
	var came webhook
	if err := json.Unmarshal(body, &came); err != nil {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the webhook is signed but cannot be read")
	}

	// An old webhook may be a replay: the host only takes it as a hint to query
	// the status.
	verified := sdk.VerifiedBySignature
	if req.Request.ReceivedAt.Sub(came.at()).Abs() > webhookAge {
		verified = sdk.NotVerified
	}
	return &sdk.WebhookResult{
		Verification: verified,
		Events:       came.events(),
		Response:     sdk.OK("application/json", `{"received":true}`),
	}, nil
}

// at is when it was written. A time that cannot be read is the zero time, and far
// from now.
func (w *webhook) at() time.Time {
	at, _ := time.Parse(time.RFC3339, string(w.CreatedAt))
	return at
}

// events is empty for a webhook that is about something else: the provider may
// add kinds, and they get its usual answer.
func (w *webhook) events() []sdk.Event {
	event := sdk.Event{ID: string(w.ID), OccurredAt: w.at()}
	switch {
	case w.Payment != nil && w.Payment.complete():
		event.Reference = string(w.Payment.Reference)
		event.Payment = w.Payment.payment()
	case w.Payout != nil && w.Payout.complete():
		event.Reference = string(w.Payout.Reference)
		event.Payout = w.Payout.payout()
	case w.Refund != nil && w.Refund.complete():
		event.Reference = string(w.Refund.Reference)
		event.PaymentReference = string(w.Refund.Payment)
		event.Refund = w.Refund.refund()
	default:
		return nil
	}
	return []sdk.Event{event}
}

// ParseReturn reads the fields that the provider adds to return_url, which a
// browser may also bring as a form.
func (p *provider) ParseReturn(_ context.Context, req sdk.ParseReturnRequest) (*sdk.Return, error) {
	came, _ := providerhttp.Fields(req.Request)
	told := &resource{
		ID:        providerhttp.Text(came.At("payment_id").Text()),
		Reference: providerhttp.Text(came.At("reference").Text()),
		Status:    providerhttp.Text(came.At("status").Text()),
	}
	if !told.complete() {
		return &sdk.Return{}, nil // the customer opened the address by hand
	}

	event := sdk.Event{Reference: string(told.Reference), Payment: told.payment()}
	result := &sdk.Return{Events: []sdk.Event{event}}
	if verifyReturn(p.cfg.SigningKey, came.At("signature").Text(), told) {
		result.Verification = sdk.VerifiedBySignature
	}
	return result, nil
}
