package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/payhost/payhost/sdk"
)

// paymentStatuses are what a notification's result says. ko is not final: it also means pending, and ok may follow with
// the same code. [seen]
var paymentStatuses = map[string]sdk.PaymentStatus{
	"ok": sdk.PaymentSucceeded,
	"ko": sdk.PaymentProcessing,
}

// ParseWebhook reads a notification, which comes to the URL set in the merchant's module. [seen] It is not signed: it
// counts on the account's own URL, or from one of notify_ips.
func (p *provider) ParseWebhook(ctx context.Context, req sdk.ParseWebhookRequest) (*sdk.Notice, error) {
	fields := req.Request.Query // of a GET [seen]
	if req.Request.Method == http.MethodPost {
		fields = string(req.Request.Body)
	}
	form, err := url.ParseQuery(fields)
	if err != nil || form.Get("ucode") == "" || form.Get("code") == "" || form.Get("result") == "" {
		return nil, refused("the notification has no ucode, code and result")
	}
	if wrong := p.strange(form, req.Payment); wrong != "" {
		return nil, refused(wrong)
	}
	// What Paysepro wants to hear is not said. [decided]
	ok := sdk.HTTPResponse{Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte("OK")}
	out := &sdk.Notice{Verification: sdk.NotVerified, Response: ok}
	if req.Scope == sdk.ScopeAccount || p.notifyIPs.Contain(req.Request.RemoteAddress) {
		out.Verification = sdk.VerifiedByOrigin
	}
	result := form.Get("result")
	status := paymentStatuses[result]
	if status == "" {
		p.rt.Logger.WarnContext(ctx, "a notification has a result that is not known: it changes nothing", "result", fmt.Sprintf("%.40q", result))
		return out, nil
	}
	payment := &sdk.Payment{ProviderReference: form.Get("code"), Status: status, ProviderStatus: result}
	if price, currency := form.Get("price"), form.Get("currency"); price != "" && currency != "" {
		amount, err := sdk.ParseAmount(price)
		if err != nil || sdk.CheckCurrency(currency) != nil {
			return nil, refused("price or currency of the notification cannot be read")
		}
		payment.Amount = &sdk.Money{Amount: amount, Currency: currency}
	}
	out.Events = []sdk.Event{{Reference: form.Get("ucode"), Payment: payment, BothReferences: true}}
	return out, nil
}

func refused(why string) *sdk.Error { return sdk.NotSent(sdk.CodeInvalidRequest, "%s", why) }

// strange says why a notification is not one of this account, or not of the payment of, to whose URL it came; "" when it
// may be. Without of, the host holds ucode and code against what it knows.
func (p *provider) strange(form url.Values, of *sdk.PaymentContext) string {
	switch {
	case form.Get("uid") != p.cfg.UID || form.Get("mid") != p.cfg.MID:
		return "the notification is another account's or module's"
	case of != nil && (form.Get("ucode") != of.Reference || of.ProviderReference != "" && form.Get("code") != of.ProviderReference):
		return "the notification is another payment's"
	case strings.EqualFold(form.Get("mode"), "debug") && !(p.cfg.AllowDebug && p.cfg.Environment == sdk.Sandbox):
		return "the notification is of a test payment: allow_debug takes those, in sandbox"
	}
	return ""
}
