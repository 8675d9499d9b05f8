package main

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/signature"
)

// ParseWebhook reads a push of several events. Any well-formed answer ends its delivery, whatever its code [doc]: when
// the host cannot keep it, the host's own error page has it sent again.
func (p *provider) ParseWebhook(_ context.Context, req sdk.ParseWebhookRequest) (*sdk.Notice, error) {
	n := &sdk.Notice{Response: sdk.OK("application/json", `{"code":0,"msg":"SUCCESS"}`)}
	body, err := signature.ParseJSON(req.Request.Body)
	action, pushed := body.Get("action")
	if e := readEvent(req.Request.Body, req.Payment); err == nil && !pushed && e != nil {
		n.Events = []sdk.Event{*e} // a form of the FAQ's, of which nobody says how it is signed: a hint [decided]
		return n, nil
	}
	got, timestamp := req.Request.Header.Get("Signature"), req.Request.Header.Get("Timestamp")
	if err != nil || !verify(p.cfg.WebhookSecret, got, timestamp, action.Text(), body) {
		return nil, sdk.NotSent(sdk.CodeInvalidSignature, "the webhook's Signature is not one with webhook_secret")
	}
	// A late try looks like a replay: both are hints. [decided] A webhook that the host kept counts from when it came.
	if cmp.Or(req.Request.ReceivedAt, p.rt.Now()).Sub(millis(timestamp)).Abs() <= p.cfg.WebhookTolerance {
		n.Verification = sdk.VerifiedBySignature
	}
	list, _ := body.Get("events")
	for _, item := range list.Items() {
		if e := readEvent([]byte(item.Text()), req.Payment); e != nil && action.Text() == "order_result" {
			n.Events = append(n.Events, *e) // one odd event must not hide the others
		}
	}
	return n, nil
}

// readEvent reads one event: an object with params, or the params alone. nil is one that cannot be read, or that gives
// the payment of, to whose URL it came, another order's id.
func readEvent(text []byte, of *sdk.PaymentContext) *sdk.Event {
	var e struct {
		ID         providerhttp.Text `json:"id"`
		CreateTime providerhttp.Text `json:"create_time"`
		Params     *order            `json:"params"`
		order
	}
	err := json.Unmarshal(text, &e)
	o := cmp.Or(e.Params, &e.order)
	id, out := string(o.OrderID), &sdk.Event{
		ID: string(e.ID), Reference: string(o.CustOrderID), OccurredAt: millis(string(e.CreateTime)), Payment: o.payment(),
	}
	switch ours := of != nil && (out.Reference == "" || out.Reference == of.Reference); {
	case err != nil, id == "", out.Payment.Status == "", ours && id != cmp.Or(of.ProviderReference, id):
		return nil
	case ours:
		out.Reference = of.Reference
	}
	if o.Amount != "" && out.Payment.Amount == nil && out.Payment.Status == sdk.PaymentSucceeded {
		out.Payment.Status, out.Payment.Message = sdk.PaymentUnderReview, "its amount cannot be read"
	}
	// A refund has no id and no amount: there is one an order, named by the order's id. [decided]
	if status := refundStatuses[o.Status]; status != "" && out.Reference != "" {
		out.Reference, out.PaymentReference, out.Payment = "", out.Reference, nil
		out.Refund = &sdk.Refund{ProviderReference: id, Status: status, ProviderStatus: string(o.Status), Message: string(o.Reason)}
	}
	return out
}

// millis reads milliseconds since 1970; the zero time is none.
func millis(text string) time.Time {
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms > 0 && ms < 1<<47 {
		return time.UnixMilli(ms).UTC()
	}
	return time.Time{}
}

// ParseReturn reads what is added to return_url: id and status, unsigned and so a hint. [doc] Whether the id is the
// order's or the page's is not clear: where the payment is known it does not count.
func (*provider) ParseReturn(_ context.Context, req sdk.ParseReturnRequest) (*sdk.Return, error) {
	query, _ := url.ParseQuery(req.Request.Query) // what can be read of it
	of := cmp.Or(req.Payment, &sdk.PaymentContext{ProviderReference: query.Get("id")})
	came := order{OrderID: providerhttp.Text(of.ProviderReference), Status: providerhttp.Text(query.Get("status"))}
	e := sdk.Event{Reference: of.Reference, Payment: came.payment()}
	if e.Payment.Status == "" {
		return &sdk.Return{}, nil // somebody opened the address by hand
	}
	return &sdk.Return{Events: []sdk.Event{e}}, nil
}
