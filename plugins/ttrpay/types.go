package main

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// answer is {"status": true or false, "result": {…}}. [doc]
type answer struct {
	Status providerhttp.Text `json:"status"`
	Result struct {
		Code        providerhttp.Text           `json:"code"`
		Message     providerhttp.FlexibleString `json:"message"`
		PaymentLink providerhttp.FlexibleString `json:"payment_link"`
	} `json:"result"`

	resp *providerhttp.Response
}

// paymentStatuses are the statuses that a webhook can have. Only the first is in
// the document's example.
var paymentStatuses = map[string]sdk.PaymentStatus{
	"1":  sdk.PaymentSucceeded,
	"-1": sdk.PaymentFailed, // [seen]
}

// payment reads the answer to a new payment. Until a webhook brings the
// transaction_id, the last segment of payment_link is TTR Pay's only name for
// it. [decided]
func (a *answer) payment() (*sdk.Payment, error) {
	link := string(a.Result.PaymentLink)
	return a.resp.Redirect(providerhttp.LastSegment(link), link)
}
