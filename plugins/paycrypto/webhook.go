package main

import (
	"cmp"
	"context"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// maxPush bounds a webhook, in bytes: a longer one is refused, because reading it
// would take long. [decided]
const maxPush = 256 << 10

// ParseWebhook reads a push of several events. Any well-formed answer ends its
// delivery, whatever its code [doc]: when the host cannot keep it, the host's own
// error page has it sent again.
func (p *provider) ParseWebhook(
	_ context.Context, req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	if len(req.Request.Body) > maxPush {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest,
			"the webhook has more than %d bytes", maxPush)
	}

	result := &sdk.WebhookResult{
		Response: sdk.OK("application/json", `{"code":0,"msg":"SUCCESS"}`),
	}
	body, typed := providerhttp.Fields(req.Request)
	action, pushed := body.Get("action")

	// A form of the FAQ's, whose signature is nowhere described: unverified.
	// [decided]
	if event := readEvent(body, req.Payment); typed && !pushed && event != nil {
		result.Events = []sdk.Event{*event}
		return result, nil
	}

	signatures := req.Request.HeaderValues("Signature")
	timestamp := req.Request.Header.Get("Timestamp")
	if !verify(p.cfg.WebhookSecret, signatures, timestamp, action.Text(), body) {
		return nil, sdk.NotSent(sdk.CodeInvalidSignature,
			"the webhook's Signature is not one with webhook_secret")
	}

	// A late delivery looks like a replay: both are unverified. [decided] A webhook
	// that the host kept counts from when it came.
	came := cmp.Or(req.Request.ReceivedAt, p.rt.Now())
	if came.Sub(sdk.UnixMilli(timestamp)).Abs() <= p.cfg.WebhookTolerance {
		result.Verification = sdk.VerifiedBySignature
	}

	for _, item := range body.At("events").Elements() {
		text, _ := ordered.ParseLoosely([]byte(item.Message())) // a text that holds JSON [doc]
		// One odd event must not hide the others.
		if event := readEvent(text, req.Payment); event != nil && action.Text() == "order_result" {
			result.Events = append(result.Events, *event)
		}
	}
	return result, nil
}

// readEvent reads one event: an object with params, or the params alone. It
// returns nil for an event that does not say what became of which order, or that
// has another order's id than the payment to whose URL it came.
func readEvent(event ordered.Value, of *sdk.PaymentContext) *sdk.Event {
	told := readOrder(event)
	if params, there := event.Get("params"); there {
		told = readOrder(params)
	}
	out := &sdk.Event{
		ID:         event.At("id").Text(),
		Reference:  told.reference,
		OccurredAt: sdk.UnixMilli(event.At("create_time").Text()),
		Payment:    told.payment(),
	}
	if cmp.Or(told.id, told.reference) == "" || out.Payment.Status == "" {
		return nil
	}

	if of != nil && cmp.Or(told.reference, of.Reference) == of.Reference {
		if told.id != "" && told.id != cmp.Or(of.ProviderReference, told.id) {
			return nil
		}
		out.Reference = of.Reference
	}

	// A refund has no id and no amount: there is one an order, named by the order's
	// id. [decided]
	status := refundStatuses[told.status]
	if status != "" && out.Reference != "" {
		out.PaymentReference = out.Reference
		out.Reference = ""
		out.Payment = nil
		out.Refund = &sdk.Refund{
			ProviderReference: told.id,
			Status:            status,
			ProviderStatus:    told.status,
			Message:           told.reason,
		}
	}
	return out
}

// ParseReturn reads the fields that are added to return_url: id and status,
// unsigned and so unverified. [doc] Whether the id is the order's or the page's is
// not clear: where the payment is known it does not count.
func (*provider) ParseReturn(_ context.Context, req sdk.ParseReturnRequest) (*sdk.Return, error) {
	came, _ := providerhttp.Fields(req.Request)
	of := cmp.Or(req.Payment, &sdk.PaymentContext{ProviderReference: came.At("id").Text()})
	told := order{id: of.ProviderReference, status: came.At("status").Text()}

	event := sdk.Event{Reference: of.Reference, Payment: told.payment()}
	if event.Payment.Status == "" {
		return &sdk.Return{}, nil // the customer opened the address by hand
	}
	return &sdk.Return{Events: []sdk.Event{event}}, nil
}
