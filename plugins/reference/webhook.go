package main

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/payhost/payhost/sdk"
)

// notice is the body of a webhook: one thing that changed, as the status calls would answer it.
type notice struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	Payment   *resource `json:"payment"`
	Payout    *resource `json:"payout"`
	Refund    *resource `json:"refund"`
}

// noticeAge is how long a notice counts: what comes later may be one that somebody has kept, and is only a hint.
const noticeAge = 10 * time.Minute

func (p *provider) ParseWebhook(_ context.Context, req sdk.ParseWebhookRequest) (*sdk.Notice, error) {
	if !noticeSigned(p.cfg.WebhookKeys, req.Request.Body, req.Request.Header.Get("Signature")) {
		return nil, sdk.NotSent(sdk.CodeInvalidSignature, "the notice is not signed with one of webhook_keys")
	}
	var n notice
	if err := json.Unmarshal(req.Request.Body, &n); err != nil {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the notice is signed but cannot be read")
	}
	verified := sdk.VerifiedBySignature
	if req.Request.ReceivedAt.Sub(n.CreatedAt).Abs() > noticeAge {
		verified = sdk.NotVerified
	}
	return &sdk.Notice{
		Verification: verified,
		Events:       n.events(),
		Response:     sdk.OK("application/json", `{"received":true}`),
	}, nil
}

// events is empty for a notice that is about something else: the provider may add kinds, and they get its usual answer.
func (n *notice) events() []sdk.Event {
	e := sdk.Event{ID: n.ID, OccurredAt: n.CreatedAt}
	switch {
	case n.Payment != nil && n.Payment.complete():
		e.Reference, e.Payment = n.Payment.Reference, n.Payment.payment()
	case n.Payout != nil && n.Payout.complete():
		e.Reference, e.Payout = n.Payout.Reference, n.Payout.payout()
	case n.Refund != nil && n.Refund.complete():
		e.Reference, e.Refund, e.PaymentReference = n.Refund.Reference, n.Refund.refund(), n.Refund.Payment
	default:
		return nil
	}
	return []sdk.Event{e}
}

// ParseReturn reads the query that the provider adds to return_url.
func (p *provider) ParseReturn(_ context.Context, req sdk.ParseReturnRequest) (*sdk.Return, error) {
	query, err := url.ParseQuery(req.Request.Query)
	if err != nil {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the query of the return cannot be read")
	}
	came := resource{ID: query.Get("payment_id"), Reference: query.Get("reference"), Status: query.Get("status")}
	if !came.complete() {
		return &sdk.Return{}, nil // somebody opened the address by hand
	}
	back := &sdk.Return{Events: []sdk.Event{{Reference: came.Reference, Payment: came.payment()}}}
	if returnSigned(p.cfg.SigningKey, query) {
		back.Verification = sdk.VerifiedBySignature
	}
	return back, nil
}
