package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// notice is the body of a webhook: one thing that changed, as the status calls
// would answer it. What does not name the thing may have any form: one odd
// field must not lose a success.
type notice struct {
	ID        providerhttp.FlexibleString `json:"id"`
	CreatedAt providerhttp.FlexibleString `json:"created_at"`
	Payment   *resource                   `json:"payment"`
	Payout    *resource                   `json:"payout"`
	Refund    *resource                   `json:"refund"`
}

// noticeAge is how long a notice counts: what comes later may be one that somebody has kept, and is only a hint.
const noticeAge = 10 * time.Minute

// ParseWebhook verifies the bytes that were signed: the body as it came, or as
// its sender wrote it before it was compressed on the way. Several signatures
// may come while a key is being replaced.
func (p *provider) ParseWebhook(_ context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
	body, got := req.Request.Content(), req.Request.HeaderValues("Signature")
	if !noticeSigned(p.cfg.WebhookKeys, got, req.Request.Body, body) {
		return nil, sdk.NotSent(sdk.CodeInvalidSignature, "the notice is not signed with one of webhook_keys")
	}
	var n notice
	if err := json.Unmarshal(body, &n); err != nil {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the notice is signed but cannot be read")
	}

	verified := sdk.VerifiedBySignature
	if req.Request.ReceivedAt.Sub(n.at()).Abs() > noticeAge {
		verified = sdk.NotVerified
	}
	return &sdk.WebhookResult{
		Verification: verified,
		Events:       n.events(),
		Response:     sdk.OK("application/json", `{"received":true}`),
	}, nil
}

// at is when it was written. A time that cannot be read is the zero time, and
// far from now.
func (n *notice) at() time.Time {
	at, _ := time.Parse(time.RFC3339, string(n.CreatedAt))
	return at
}

// events is empty for a notice that is about something else: the provider may add kinds, and they get its usual answer.
func (n *notice) events() []sdk.Event {
	e := sdk.Event{ID: string(n.ID), OccurredAt: n.at()}
	switch {
	case n.Payment != nil && n.Payment.complete():
		e.Reference, e.Payment = string(n.Payment.Reference), n.Payment.payment()
	case n.Payout != nil && n.Payout.complete():
		e.Reference, e.Payout = string(n.Payout.Reference), n.Payout.payout()
	case n.Refund != nil && n.Refund.complete():
		e.Reference, e.PaymentReference = string(n.Refund.Reference), string(n.Refund.Payment)
		e.Refund = n.Refund.refund()
	default:
		return nil
	}
	return []sdk.Event{e}
}

// ParseReturn reads what the provider adds to return_url, which a browser may
// also bring as a form.
func (p *provider) ParseReturn(_ context.Context, req sdk.ParseReturnRequest) (*sdk.Return, error) {
	came, _ := providerhttp.Fields(req.Request)
	var told resource
	told.ID = providerhttp.Text(came.At("payment_id").Text())
	told.Reference = providerhttp.Text(came.At("reference").Text())
	told.Status = providerhttp.Text(came.At("status").Text())
	if !told.complete() {
		return &sdk.Return{}, nil // somebody opened the address by hand
	}

	event := sdk.Event{Reference: string(told.Reference), Payment: told.payment()}
	back := &sdk.Return{Events: []sdk.Event{event}}
	if returnSigned(p.cfg.SigningKey, came.At("signature").Text(), &told) {
		back.Verification = sdk.VerifiedBySignature
	}
	return back, nil
}
