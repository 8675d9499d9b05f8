package main

import (
	"cmp"
	"slices"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// success is the status of an answer that is not an error. [doc]
const success = "success"

// answer is the answer to any call. ptop refuses in two forms, with any HTTP
// status: {"error", "http_code"} to a new payment, {"status": "error",
// "message"} to a payout. [doc] Both are understood everywhere.
type answer struct {
	Status        providerhttp.Text           `json:"status"`
	Message       providerhttp.FlexibleString `json:"message"`
	Error         providerhttp.FlexibleString `json:"error"`
	Code          providerhttp.Text           `json:"Code"`
	HTTPCode      providerhttp.Text           `json:"http_code"`
	PaymentURL    providerhttp.FlexibleString `json:"payment_url"`
	TransactionID providerhttp.Text           `json:"transaction_id"`
	StatusCode    providerhttp.Text           `json:"status_code"`
	PaymentStatus providerhttp.Text           `json:"payment_status"`
	Data          ordered.Value               `json:"data"`

	resp *providerhttp.Response
}

// paymentStatuses are the meanings of payment-check's codes. [doc]
var paymentStatuses = map[string]sdk.PaymentStatus{
	"0": sdk.PaymentRequiresAction, // in review: the customer has done nothing yet
	"1": sdk.PaymentSucceeded,
	"2": sdk.PaymentCanceled,
}

// payment reads the answer to a new payment. The document's example has no
// transaction_id, which payment-check needs: it is the last segment of
// payment_url. [decided]
func (a *answer) payment() (*sdk.Payment, error) {
	if a.Status != success {
		return nil, a.resp.Unexpected("its status is neither success nor error")
	}

	id := cmp.Or(string(a.TransactionID), providerhttp.LastSegment(string(a.PaymentURL)))
	return a.resp.Redirect(id, string(a.PaymentURL))
}

// paymentCode reads the answer of payment-check, of which the document tells the
// codes and not their place. The code may stand under one of three names, at the
// top or under data. All that stand there must agree, but for the word success,
// which is the envelope's. Code and http_code are HTTP's. [decided]
func (a *answer) paymentCode() (string, error) {
	found := []string{string(a.Status), string(a.StatusCode), string(a.PaymentStatus)}
	for _, name := range []string{"status", "status_code", "payment_status"} {
		value, _ := a.Data.Get(name)
		found = append(found, value.Text())
	}
	found = slices.DeleteFunc(found, func(code string) bool {
		return code == "" || code == success
	})

	// The greatest and the least are the same only when all codes agree.
	if len(found) == 0 ||
		paymentStatuses[found[0]] == "" ||
		slices.Max(found) != slices.Min(found) {
		return "", a.resp.Unexpected("it does not hold one code from 0 to 2")
	}
	return found[0], nil
}
