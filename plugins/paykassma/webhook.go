package main

import (
	"context"
	"net/http"
	"slices"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/signature"
)

// ParseWebhook reads a postback. Those of all payments and payouts come to one URL, which paykassma was told once. [doc]
// Nothing in one is ever new: a repeat says the same of the same transactions, and changes nothing.
func (p *provider) ParseWebhook(_ context.Context, req sdk.ParseWebhookRequest) (*sdk.Notice, error) {
	body, err := signature.ParseJSON(req.Request.Body)
	if err != nil || !p.cfg.verify(text(body, "signature"), body.At("additional_data")) {
		return nil, sdk.NotSent(sdk.CodeInvalidSignature, "the signature of the postback does not verify")
	}
	// Anything else, and it is sent again. [seen]
	ok := sdk.HTTPResponse{Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"status":"ok"}`)}
	return &sdk.Notice{Verification: sdk.VerifiedBySignature, Events: p.events(transactions(body)), Response: ok}, nil
}

// events gives one event for each payment and payout, in the order in which they first appear. A transaction that names
// none is one by itself: the customer paid and never confirmed, and somebody must find out for what.
func (p *provider) events(list []transaction) (out []sdk.Event) {
	var groups [][]transaction
	for _, t := range list {
		i := slices.IndexFunc(groups, func(g []transaction) bool {
			return g[0].payout == t.payout && g[0].reference == t.reference && (t.reference != "" || g[0].id == t.id)
		})
		if i < 0 {
			i, groups = len(groups), append(groups, nil)
		}
		groups[i] = append(groups[i], t)
	}
	for _, g := range groups {
		e := sdk.Event{Reference: g[0].reference, OccurredAt: p.cfg.time(text(g[0].Value, "activated_datetime"))}
		if g[0].payout {
			e.Payout = payout(g)
		} else {
			e.Payment = payment(g)
		}
		out = append(out, e)
	}
	return out
}
