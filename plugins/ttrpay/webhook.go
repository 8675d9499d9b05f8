package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/signature"
)

// notice is an IPN. As a form it may have the first three fields alone.
type notice struct {
	CSRefCode       providerhttp.Text   `json:"cs_ref_code"`
	Status          providerhttp.Text   `json:"status"`
	MerchantRefCode providerhttp.Text   `json:"merchant_ref_code"` // our order_id
	TransactionID   providerhttp.Text   `json:"transaction_id"`
	Currency        providerhttp.Text   `json:"currency"`
	Amount          providerhttp.Amount `json:"amount"`      // what was asked for
	TrueAmount      providerhttp.Amount `json:"true_amount"` // what was paid
	Datetime        providerhttp.Text   `json:"datetime"`
}

// paymentStatuses are what a notice can say. Only the first is in the document's example.
var paymentStatuses = map[providerhttp.Text]sdk.PaymentStatus{
	"1":  sdk.PaymentSucceeded,
	"-1": sdk.PaymentFailed, // [seen]
}

// ParseWebhook reads an IPN. It is not signed: it counts on the payment's own URL, which only TTR Pay was told, and from
// notify_ips when there are some. What a notice says beyond success and failure is kept by the host as it came, and
// changes nothing.
func (p *provider) ParseWebhook(ctx context.Context, req sdk.ParseWebhookRequest) (*sdk.Notice, error) {
	n, err := readNotice(req.Request.Body)
	if err != nil {
		return nil, err
	}
	// What TTR Pay wants to hear is not said. [decided]
	out := &sdk.Notice{Verification: sdk.NotVerified, Response: sdk.OK("text/plain", "OK")}
	if of := req.Payment; req.Scope == sdk.ScopeIntent && of != nil {
		if string(n.MerchantRefCode) != of.Reference {
			return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the notice is another payment's: merchant_ref_code is not this one's")
		}
		if len(p.cfg.NotifyIPs) == 0 || p.cfg.NotifyIPs.Contain(req.Request.RemoteAddress) {
			out.Verification = sdk.VerifiedByOrigin
		}
	}
	if status := paymentStatuses[n.Status]; status != "" {
		out.Events = []sdk.Event{{Reference: string(n.MerchantRefCode), Payment: n.payment(status), OccurredAt: sdk.TimeZone("UTC").Time(string(n.Datetime))}}
	} else {
		p.rt.Logger.WarnContext(ctx, "a notice has a status that is not known: it changes nothing", "status", fmt.Sprintf("%.40q", string(n.Status)))
	}
	return out, nil
}

// readNotice takes JSON, which is what we ask for, and a form, which is TTR Pay's default. [doc]
func readNotice(body []byte) (*notice, error) {
	var n notice
	fields, _, err := signature.ParseFields(body, "")
	if err == nil {
		err = fields.Decode(&n)
	}
	n.Currency = providerhttp.Text(strings.ToUpper(string(n.Currency)))
	if err != nil || n.Status == "" || n.MerchantRefCode == "" || n.Currency != "" && sdk.CheckCurrency(string(n.Currency)) != nil {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the notice is neither JSON nor a form with status and merchant_ref_code")
	}
	return &n, nil
}

// payment gives amounts only when all of them are there: the host believes no unsigned success without. [decided] Less
// than what was asked for is somebody's decision; of more, the host is told.
func (n *notice) payment(status sdk.PaymentStatus) *sdk.Payment {
	p := &sdk.Payment{ProviderReference: string(n.TransactionID), Status: status, ProviderStatus: string(n.Status)}
	if n.CSRefCode != "" {
		p.Message = "cs_ref_code " + string(n.CSRefCode) // what TTR Pay's support asks for
	}
	asked, paid, currency := n.Amount.Decimal, n.TrueAmount.Decimal, string(n.Currency)
	if !n.Amount.Present || !n.TrueAmount.Present || currency == "" || asked.IsNegative() {
		return p
	}
	p.Amount = &sdk.Money{Amount: asked, Currency: currency}
	if status == sdk.PaymentSucceeded && !paid.Equal(asked) && !paid.IsNegative() { // less than nothing nobody can pay
		p.Paid = &sdk.Money{Amount: paid, Currency: currency}
	}
	if status == sdk.PaymentSucceeded && paid.LessThan(asked) {
		p.Status, p.Message = sdk.PaymentUnderReview, fmt.Sprintf("true_amount is %s, less than the amount of %s", paid, asked)
	}
	return p
}
