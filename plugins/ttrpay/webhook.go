package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// paymentStatuses are what a notice can say. Only the first is in the document's example.
var paymentStatuses = map[string]sdk.PaymentStatus{
	"1":  sdk.PaymentSucceeded,
	"-1": sdk.PaymentFailed, // [seen]
}

// ParseWebhook reads an IPN: JSON, which is what we ask for, or a form, which
// is TTR Pay's default. [doc] It is not signed: it counts on the payment's own
// URL, which only TTR Pay was told, and from notify_ips when there are some.
// What a notice says beyond success and failure is kept by the host as it came,
// and changes nothing.
func (p *provider) ParseWebhook(ctx context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
	fields, _ := providerhttp.Fields(req.Request)
	n := notice{fields}
	reference, status := n.get("merchant_ref_code"), n.get("status") // the first is our order_id
	if (reference == "") || (status == "") {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest,
			"the notice is neither JSON nor a form with status and merchant_ref_code")
	}

	// What TTR Pay wants to hear is not said. [decided]
	out := &sdk.WebhookResult{Verification: sdk.NotVerified, Response: sdk.OK("text/plain", "OK")}
	if of := req.Payment; (req.Scope == sdk.ScopeIntent) && (of != nil) {
		if reference != of.Reference {
			return nil, sdk.NotSent(sdk.CodeInvalidRequest,
				"the notice is another payment's: merchant_ref_code is not this one's")
		}
		if (len(p.cfg.NotifyIPs) == 0) || p.cfg.NotifyIPs.Contain(req.Request.RemoteAddress) {
			out.Verification = sdk.VerifiedByOrigin
		}
	}

	means, known := paymentStatuses[status]
	if !known {
		p.rt.Logger.WarnContext(ctx, "a notice has a status that is not known: it changes nothing",
			"status", fmt.Sprintf("%.40q", status))
		return out, nil
	}
	at := sdk.TimeZone("UTC").Time(n.get("datetime"))
	out.Events = []sdk.Event{{Reference: reference, Payment: n.payment(means), OccurredAt: at}}
	return out, nil
}

// notice has the fields of an IPN; one that is not there is empty. As a form it
// may have cs_ref_code, merchant_ref_code and status alone.
type notice struct{ ordered.Value }

func (n notice) get(name string) string { return strings.TrimSpace(n.At(name).Text()) }

// payment gives amounts only when all of them are there: the host believes no
// unsigned success without. [decided] One that is there and cannot be read, and
// less than what was asked for, is somebody's decision; of more, the host is
// told.
func (n notice) payment(status sdk.PaymentStatus) *sdk.Payment {
	id := n.get("transaction_id")
	p := &sdk.Payment{
		ProviderReference: id, TransactionID: id, Status: status, ProviderStatus: n.get("status"),
	}
	if code := n.get("cs_ref_code"); code != "" {
		p.Message = "cs_ref_code " + code // what TTR Pay's support asks for
	}

	asked, paid := n.At("amount").Text(), n.At("true_amount").Text()
	currency := strings.ToUpper(n.get("currency"))
	if (asked == "") || (paid == "") || (currency == "") {
		return p
	}
	p.ReadAmount(asked, currency)

	switch amount, err := sdk.ParseNumber(paid); {
	case err != nil:
		p.Doubt(fmt.Sprintf("true_amount, what was paid, cannot be read: %.80q", paid))
	case (p.Amount == nil) || (status != sdk.PaymentSucceeded) || amount.Equal(p.Amount.Amount):
	default:
		if !amount.IsNegative() { // less than nothing nobody can pay
			p.Paid = &sdk.Money{Amount: amount, Currency: currency}
		}
		if amount.LessThan(p.Amount.Amount) {
			p.Doubt(fmt.Sprintf("true_amount is %s, less than the amount of %s", amount, p.Amount.Amount))
		}
	}
	return p
}
