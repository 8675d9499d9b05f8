package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// webhook has the fields of an IPN; one that is not there is empty. As a form it
// may have cs_ref_code, merchant_ref_code and status alone.
type webhook struct{ ordered.Value }

func (w webhook) text(name string) string { return strings.TrimSpace(w.At(name).Text()) }

// reference is our order_id.
func (w webhook) reference() string { return w.text("merchant_ref_code") }

// ParseWebhook reads an IPN: JSON, for which CreatePayment asks, or a form,
// which is TTR Pay's default. [doc] It is not signed: it counts on the payment's
// own URL, which only TTR Pay was told, and from notify_ips when there are some.
// The rest of a webhook is kept by the host as it came, and changes nothing.
func (p *provider) ParseWebhook(
	ctx context.Context, req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	fields, _ := providerhttp.Fields(req.Request)
	came := webhook{fields}
	if came.reference() == "" || came.text("status") == "" {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest,
			"the webhook is neither JSON nor a form with status and merchant_ref_code")
	}

	// The document does not say what TTR Pay wants to hear. [decided]
	result := &sdk.WebhookResult{
		Verification: sdk.NotVerified,
		Response:     sdk.OK("text/plain", "OK"),
	}
	if of := req.Payment; req.Scope == sdk.ScopeIntent && of != nil {
		if came.reference() != of.Reference {
			return nil, sdk.NotSent(sdk.CodeInvalidRequest,
				"the webhook is another payment's: merchant_ref_code is not this one's")
		}
		if len(p.cfg.NotifyIPs) == 0 || p.cfg.NotifyIPs.Contain(req.Request.RemoteAddress) {
			result.Verification = sdk.VerifiedByOrigin
		}
	}

	result.Events = p.events(ctx, came)
	return result, nil
}

// events is empty for a webhook whose status is not known.
func (p *provider) events(ctx context.Context, came webhook) []sdk.Event {
	status, known := paymentStatuses[came.text("status")]
	if !known {
		p.rt.Logger.WarnContext(ctx,
			"a webhook has a status that is not known: it changes nothing",
			"status", fmt.Sprintf("%.40q", came.text("status")))
		return nil
	}

	return []sdk.Event{{
		Reference:  came.reference(),
		Payment:    came.payment(status),
		OccurredAt: sdk.TimeZone("UTC").Time(came.text("datetime")),
	}}
}

// payment returns the payment as the contract has it. It has amounts only when
// all of them are there: the host believes no unsigned success without them.
// [decided]
func (w webhook) payment(status sdk.PaymentStatus) *sdk.Payment {
	id := w.text("transaction_id")
	out := &sdk.Payment{
		ProviderReference: id,
		TransactionID:     id,
		Status:            status,
		ProviderStatus:    w.text("status"),
	}
	if code := w.text("cs_ref_code"); code != "" {
		out.Message = "cs_ref_code " + code // TTR Pay's support asks for it
	}

	asked := w.At("amount").Text()
	paid := w.At("true_amount").Text()
	currency := strings.ToUpper(w.text("currency"))
	if asked == "" || paid == "" || currency == "" {
		return out
	}

	out.ReadAmount(asked, currency)
	readPaid(out, paid, currency)
	return out
}

// readPaid holds true_amount against the amount. A sum that cannot be read, or is
// less than what was asked for, is for a person to decide; of more, the host is
// told.
func readPaid(out *sdk.Payment, text, currency string) {
	paid, err := sdk.ParseNumber(text)
	if err != nil {
		out.Doubt(fmt.Sprintf("true_amount, what was paid, cannot be read: %.80q", text))
		return
	}

	comparable := out.Amount != nil && out.Status == sdk.PaymentSucceeded
	if !comparable || paid.Equal(out.Amount.Amount) {
		return
	}

	if !paid.IsNegative() { // a customer cannot pay less than nothing
		out.Paid = &sdk.Money{Amount: paid, Currency: currency}
	}
	if asked := out.Amount.Amount; paid.LessThan(asked) {
		out.Doubt(fmt.Sprintf("true_amount is %s, less than the amount of %s", paid, asked))
	}
}
