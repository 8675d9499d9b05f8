package main

import (
	"context"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// ParseWebhook reads the call that ptop may make from server to server, ParseReturn the customer's browser coming back
// to success_url or fail_url. Both carry the same fields.
func (p *provider) ParseWebhook(ctx context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
	events, err := p.readNotice(ctx, req.Request, req.Payment)
	if err != nil {
		return nil, err
	}
	return &sdk.WebhookResult{
		Verification: sdk.VerifiedBySignature, Events: events,
		Response: sdk.OK("application/json", `{"status":"ok"}`), // what ptop's server wants to hear is not said [decided]
	}, nil
}

func (p *provider) ParseReturn(ctx context.Context, req sdk.ParseReturnRequest) (*sdk.Return, error) {
	events, err := p.readNotice(ctx, req.Request, req.Payment)
	if err != nil {
		return nil, err
	}
	return &sdk.Return{Verification: sdk.VerifiedBySignature, Events: events}, nil
}

// readNotice verifies a notice and gives what it says. of is the payment to whose own URL it came, or nil: a genuine
// notice of another payment says nothing about this one.
func (p *provider) readNotice(ctx context.Context, req sdk.HTTPRequest, of *sdk.PaymentContext) ([]sdk.Event, error) {
	got, candidates := signedFields(req)
	fields, err := verify(p.cfg.SecretKey, got, candidates)
	if err != nil {
		return nil, err
	}
	text := func(name string) string { return fields.At(name).Text() }
	reference, id := text("order_id"), text("transaction_id")
	paid, readable := truths[text("success")]
	switch {
	case !readable:
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the notice is signed, but says neither success nor failure")
	case of != nil && (reference != of.Reference || of.ProviderReference != "" && id != of.ProviderReference):
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the notice is signed, but it is another payment's")
	}
	payment := &sdk.Payment{ProviderReference: id, Status: sdk.PaymentCanceled, Message: text("message")}
	if paid {
		p.confirm(ctx, payment)
	}
	return []sdk.Event{{Reference: reference, Payment: payment, BothReferences: true}}, nil
}

// confirm checks a signed success with payment-check. When that cannot be had, the signature suffices. [decided]
func (p *provider) confirm(ctx context.Context, payment *sdk.Payment) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // whoever brought the notice waits
	defer cancel()
	code, err := p.checkPayment(ctx, payment.ProviderReference)
	payment.Status, payment.ProviderStatus = sdk.PaymentSucceeded, code
	switch paymentStatuses[code] {
	case sdk.PaymentRequiresAction:
		payment.Status = sdk.PaymentProcessing
	case sdk.PaymentCanceled:
		payment.Status, payment.Message = sdk.PaymentUnderReview, "signed as paid, but payment-check says canceled"
	}
	if err != nil {
		p.rt.Logger.WarnContext(ctx, "a signed success could not be checked: its signature stands alone", "error", err)
	}
}

// signedFields gives the signature and what it may sign: of a JSON object in the body exactly what stands there, of a form
// in the body or the query what its types may have been. The document does not say which it is. [decided]
func signedFields(req sdk.HTTPRequest) (got string, candidates []ordered.Value) {
	fields, typed := providerhttp.Fields(req)
	got = fields.At("signature").Text()
	if typed {
		return got, []ordered.Value{fields.Without("signature")}
	}
	return got, typedFields(fields)
}
