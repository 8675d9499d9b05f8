package main

import (
	"cmp"
	"context"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// maxPush bounds a push, in bytes: a longer one is none, and reading it to find
// that out would take long. [decided]
const maxPush = 256 << 10

// ParseWebhook reads a push of several events. Any well-formed answer ends its delivery, whatever its code [doc]: when
// the host cannot keep it, the host's own error page has it sent again.
func (p *provider) ParseWebhook(_ context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
	if len(req.Request.Body) > maxPush {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the webhook has more than %d bytes", maxPush)
	}
	n := &sdk.WebhookResult{Response: sdk.OK("application/json", `{"code":0,"msg":"SUCCESS"}`)}
	body, typed := providerhttp.Fields(req.Request)
	action, pushed := body.Get("action")
	if e := readEvent(body, req.Payment); typed && !pushed && e != nil {
		n.Events = []sdk.Event{*e} // a form of the FAQ's, of which nobody says how it is signed: a hint [decided]
		return n, nil
	}

	got, timestamp := req.Request.HeaderValues("Signature"), req.Request.Header.Get("Timestamp")
	if !verify(p.cfg.WebhookSecret, got, timestamp, action.Text(), body) {
		return nil, sdk.NotSent(sdk.CodeInvalidSignature, "the webhook's Signature is not one with webhook_secret")
	}
	// A late try looks like a replay: both are hints. [decided] A webhook that the host kept counts from when it came.
	if cmp.Or(req.Request.ReceivedAt, p.rt.Now()).Sub(sdk.UnixMilli(timestamp)).Abs() <= p.cfg.WebhookTolerance {
		n.Verification = sdk.VerifiedBySignature
	}

	for _, item := range body.At("events").Elements() {
		event, _ := ordered.ParseLoosely([]byte(item.Message())) // a text that holds JSON [doc]
		if e := readEvent(event, req.Payment); e != nil && action.Text() == "order_result" {
			n.Events = append(n.Events, *e) // one odd event must not hide the others
		}
	}
	return n, nil
}

// readEvent reads one event: an object with params, or the params alone. nil is
// one of which nobody can tell what it says of which order, or that gives the
// payment of, to whose URL it came, another order's id.
func readEvent(event ordered.Value, of *sdk.PaymentContext) *sdk.Event {
	o := readOrder(event)
	if params, there := event.Get("params"); there {
		o = readOrder(params)
	}
	out := &sdk.Event{
		ID: event.At("id").Text(), Reference: o.reference, OccurredAt: sdk.UnixMilli(event.At("create_time").Text()),
		Payment: o.payment(),
	}

	ours := of != nil && cmp.Or(o.reference, of.Reference) == of.Reference
	switch {
	case cmp.Or(o.id, o.reference) == "", out.Payment.Status == "":
		return nil
	case ours && o.id != "" && o.id != cmp.Or(of.ProviderReference, o.id):
		return nil
	case ours:
		out.Reference = of.Reference
	}

	// A refund has no id and no amount: there is one an order, named by the order's id. [decided]
	if status := refundStatuses[o.status]; status != "" && out.Reference != "" {
		out.Reference, out.PaymentReference, out.Payment = "", out.Reference, nil
		out.Refund = &sdk.Refund{ProviderReference: o.id, Status: status, ProviderStatus: o.status, Message: o.reason}
	}
	return out
}

// ParseReturn reads what is added to return_url: id and status, unsigned and so a hint. [doc] Whether the id is the
// order's or the page's is not clear: where the payment is known it does not count.
func (*provider) ParseReturn(_ context.Context, req sdk.ParseReturnRequest) (*sdk.Return, error) {
	came, _ := providerhttp.Fields(req.Request)
	of := cmp.Or(req.Payment, &sdk.PaymentContext{ProviderReference: came.At("id").Text()})
	told := order{id: of.ProviderReference, status: came.At("status").Text()}
	e := sdk.Event{Reference: of.Reference, Payment: told.payment()}
	if e.Payment.Status == "" {
		return &sdk.Return{}, nil // somebody opened the address by hand
	}
	return &sdk.Return{Events: []sdk.Event{e}}, nil
}
