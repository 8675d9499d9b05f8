package main

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/signature"
)

// ParseWebhook reads a postback. Those of all payments and payouts come to one URL, which paykassma was told once. [doc]
// Nothing in one is ever new: a repeat says the same of the same transactions, and changes nothing.
func (p *provider) ParseWebhook(_ context.Context, req sdk.ParseWebhookRequest) (*sdk.Notice, error) {
	body, err := signature.ParseJSON(req.Request.Body)
	got, _ := body.Get("signature")
	data, _ := body.Get("additional_data")
	if err != nil || !p.cfg.verify(got.Text(), data) {
		return nil, sdk.NotSent(sdk.CodeInvalidSignature, "the signature of the postback does not verify")
	}
	var list []transaction
	text, err := json.Marshal(data) // what was signed, and nothing beside it
	if err != nil || json.Unmarshal(text, &list) != nil {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the postback is signed, but its additional_data cannot be read")
	}
	// Anything else, and it is sent again. [seen]
	ok := sdk.HTTPResponse{Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"status":"ok"}`)}
	return &sdk.Notice{Verification: sdk.VerifiedBySignature, Events: p.events(list), Response: ok}, nil
}

// events gives one event for each payment and payout, in the order in which they first appear. A transaction that names
// none is one by itself: the customer paid and never confirmed, and somebody must find out for what.
func (p *provider) events(list []transaction) (out []sdk.Event) {
	var groups [][]transaction
	for _, t := range list {
		i := slices.IndexFunc(groups, func(g []transaction) bool {
			return g[0].isPayout() == t.isPayout() && g[0].reference() == t.reference() && (t.reference() != "" || g[0].ID == t.ID)
		})
		if i < 0 {
			i, groups = len(groups), append(groups, nil)
		}
		groups[i] = append(groups[i], t)
	}
	for _, g := range groups {
		e := sdk.Event{Reference: g[0].reference(), OccurredAt: p.cfg.time(g[0].Activated)}
		if g[0].isPayout() {
			e.Payout = payout(g)
		} else {
			e.Payment = payment(g)
		}
		out = append(out, e)
	}
	return out
}
