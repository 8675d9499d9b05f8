package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// paymentStatuses are what a notification's result says. ko is not final: it also means pending, and ok may follow with
// the same code. [seen]
var paymentStatuses = map[string]sdk.PaymentStatus{
	"ok": sdk.PaymentSucceeded,
	"ko": sdk.PaymentProcessing,
}

// ParseWebhook reads a notification, which comes to the URL set in the merchant's module. [seen] It is not signed: it
// counts on the account's own URL, or from one of notify_ips.
func (p *provider) ParseWebhook(ctx context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
	fields, _ := providerhttp.Fields(req.Request) // a GET's query [seen]
	n := notice{fields}
	if (n.get("ucode") == "") || (n.get("code") == "") || (n.get("result") == "") {
		return nil, refused("the notification has no ucode, code and result")
	}
	if wrong := p.strange(n, req.Payment); wrong != "" {
		return nil, refused(wrong)
	}
	// What Paysepro wants to hear is not said. [decided]
	out := &sdk.WebhookResult{Verification: sdk.NotVerified, Response: sdk.OK("text/plain", "OK")}
	if req.Scope == sdk.ScopeAccount || p.cfg.NotifyIPs.Contain(req.Request.RemoteAddress) {
		out.Verification = sdk.VerifiedByOrigin
	}
	result := n.get("result")
	status := paymentStatuses[result]
	if status == "" {
		p.rt.Logger.WarnContext(ctx, "a notification has a result that is not known: it changes nothing", "result", fmt.Sprintf("%.40q", result))
		return out, nil
	}

	payment := &sdk.Payment{ProviderReference: n.get("code"), Status: status, ProviderStatus: result}
	if currency := strings.ToUpper(n.get("currency")); currency != "" { // without it there is nothing to compare
		payment.ReadAmount(n.At("price").Text(), currency)
	}
	out.Events = []sdk.Event{{Reference: n.get("ucode"), Payment: payment, BothReferences: true}}
	return out, nil
}

func refused(why string) *sdk.Error { return sdk.NotSent(sdk.CodeInvalidRequest, "%s", why) }

// notice has the fields of a notification; a field that is not there is empty.
type notice struct{ ordered.Value }

func (n notice) get(name string) string { return strings.TrimSpace(n.At(name).Text()) }

// strange says why a notification is not one of this account, or not of the payment of, to whose URL it came; "" when it
// may be. Without of, the host holds ucode and code against what it knows.
func (p *provider) strange(n notice, of *sdk.PaymentContext) string {
	switch {
	case n.get("uid") != p.cfg.UID || n.get("mid") != p.cfg.MID:
		return "the notification is another account's or module's"
	case of != nil && (n.get("ucode") != of.Reference || of.ProviderReference != "" && n.get("code") != of.ProviderReference):
		return "the notification is another payment's"
	case strings.EqualFold(n.get("mode"), "debug") && !(p.cfg.AllowDebug && p.cfg.Environment == sdk.Sandbox):
		return "the notification is of a test payment: allow_debug takes those, in sandbox"
	}
	return ""
}
