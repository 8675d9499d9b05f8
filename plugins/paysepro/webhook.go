package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// webhook has the fields of a notification; a field that is not there is empty.
type webhook struct{ ordered.Value }

func (w webhook) text(name string) string { return strings.TrimSpace(w.At(name).Text()) }

// ParseWebhook reads a notification, which comes to the URL set in the merchant's
// module. [seen] It is not signed: it counts on the account's own URL, or from
// one of notify_ips.
func (p *provider) ParseWebhook(
	ctx context.Context, req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	fields, _ := providerhttp.Fields(req.Request) // a GET's query [seen]
	came := webhook{fields}
	if came.text("ucode") == "" || came.text("code") == "" || came.text("result") == "" {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the webhook has no ucode, code and result")
	}
	if why := p.foreign(came, req.Payment); why != "" {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "%s", why)
	}

	// The document does not say what Paysepro wants to hear. [decided]
	result := &sdk.WebhookResult{
		Verification: sdk.NotVerified,
		Response:     sdk.OK("text/plain", "OK"),
	}
	fromPaysepro := p.cfg.NotifyIPs.Contain(req.Request.RemoteAddress)
	if req.Scope == sdk.ScopeAccount || fromPaysepro {
		result.Verification = sdk.VerifiedByOrigin
	}

	result.Events = p.events(ctx, came)
	return result, nil
}

// events is empty for a webhook whose result is not known.
func (p *provider) events(ctx context.Context, came webhook) []sdk.Event {
	result := came.text("result")
	status, known := paymentStatuses[result]
	if !known {
		p.rt.Logger.WarnContext(ctx,
			"a webhook has a result that is not known: it changes nothing",
			"result", fmt.Sprintf("%.40q", result))
		return nil
	}

	payment := &sdk.Payment{
		ProviderReference: came.text("code"),
		Status:            status,
		ProviderStatus:    result,
	}
	// Without a currency there is nothing to compare.
	if currency := strings.ToUpper(came.text("currency")); currency != "" {
		payment.ReadAmount(came.At("price").Text(), currency)
	}
	return []sdk.Event{{
		Reference:      came.text("ucode"),
		Payment:        payment,
		BothReferences: true,
	}}
}

// foreign says why a webhook is not one of this account, or not of the payment
// to whose URL it came; "" when it may be. Without that payment, the host holds
// ucode and code against what it knows.
func (p *provider) foreign(came webhook, of *sdk.PaymentContext) string {
	if came.text("uid") != p.cfg.UID || came.text("mid") != p.cfg.MID {
		return "the webhook is another account's or module's"
	}

	if of != nil {
		known := of.ProviderReference
		if came.text("ucode") != of.Reference || (known != "" && came.text("code") != known) {
			return "the webhook is another payment's"
		}
	}

	// No money stands behind a test payment, so a live account never takes its
	// webhook.
	allowed := p.cfg.AllowDebug && p.cfg.Environment == sdk.Sandbox
	if strings.EqualFold(came.text("mode"), "debug") && !allowed {
		return "the webhook is of a test payment: allow_debug takes those, in sandbox"
	}
	return ""
}
