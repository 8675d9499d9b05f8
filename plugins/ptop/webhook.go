package main

import (
	"context"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// ParseWebhook reads the call that ptop may make from server to server. It
// carries the same fields as the customer's return.
func (p *provider) ParseWebhook(
	ctx context.Context, req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	events, err := p.events(ctx, req.Request, req.Payment)
	if err != nil {
		return nil, err
	}

	return &sdk.WebhookResult{
		Verification: sdk.VerifiedBySignature,
		Events:       events,
		// The document does not say what ptop's server wants to hear. [decided]
		Response: sdk.OK("application/json", `{"status":"ok"}`),
	}, nil
}

// events verifies a webhook or a return and returns what it says. of is the
// payment to whose own URL it came, or nil: a genuine webhook of another payment
// says nothing about this one.
func (p *provider) events(
	ctx context.Context, req sdk.HTTPRequest, of *sdk.PaymentContext,
) ([]sdk.Event, error) {
	got, candidates := signedFields(req)
	fields, err := verify(p.cfg.SecretKey, got, candidates)
	if err != nil {
		return nil, err
	}

	reference := fields.At("order_id").Text()
	id := fields.At("transaction_id").Text()
	paid, readable := truths[fields.At("success").Text()]
	if !readable {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest,
			"the webhook is signed, but says neither success nor failure")
	}
	if of != nil && !isOf(of, reference, id) {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest,
			"the webhook is signed, but it is another payment's")
	}

	// Only a success is confirmed by a call: it is what releases goods.
	payment := &sdk.Payment{
		ProviderReference: id,
		Status:            sdk.PaymentCanceled,
		Message:           fields.At("message").Text(),
	}
	if paid {
		p.confirm(ctx, payment)
	}
	return []sdk.Event{{Reference: reference, Payment: payment, BothReferences: true}}, nil
}

// isOf reports whether both references are the payment's. ptop's own is not
// known before the answer to the new payment is.
func isOf(payment *sdk.PaymentContext, reference, id string) bool {
	known := payment.ProviderReference
	return reference == payment.Reference && (known == "" || id == known)
}

// ParseReturn reads the request of the customer's browser that comes back to
// success_url or fail_url.
func (p *provider) ParseReturn(
	ctx context.Context, req sdk.ParseReturnRequest,
) (*sdk.Return, error) {
	events, err := p.events(ctx, req.Request, req.Payment)
	if err != nil {
		return nil, err
	}
	return &sdk.Return{Verification: sdk.VerifiedBySignature, Events: events}, nil
}

// confirm checks a signed success with payment-check. When that has no answer,
// the signature suffices. [decided]
func (p *provider) confirm(ctx context.Context, payment *sdk.Payment) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // ptop or the customer waits
	defer cancel()

	code, err := p.checkPayment(ctx, payment.ProviderReference)
	payment.Status = sdk.PaymentSucceeded
	payment.ProviderStatus = code
	if err != nil {
		p.rt.Logger.WarnContext(ctx,
			"a signed success could not be checked: its signature stands alone",
			"error", err)
	}

	// A signed success that ptop itself denies is for a person to decide.
	switch paymentStatuses[code] {
	case sdk.PaymentRequiresAction:
		payment.Status = sdk.PaymentProcessing
	case sdk.PaymentCanceled:
		payment.Status = sdk.PaymentUnderReview
		payment.Message = "signed as paid, but payment-check says canceled"
	}
}

// signedFields returns the signature and what it may sign: of a JSON object in
// the body exactly what stands there, of a form in the body or the query what
// its types may have been. The document does not say which it is. [decided]
func signedFields(req sdk.HTTPRequest) (got string, candidates []ordered.Value) {
	fields, typed := providerhttp.Fields(req)
	got = fields.At("signature").Text()
	if typed {
		return got, []ordered.Value{fields.Without("signature")}
	}
	return got, typedFields(fields)
}
