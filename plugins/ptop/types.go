package main

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// success is the status of an answer that is no error. [doc]
const success = "success"

// answer is what any call may answer. ptop has two ways of saying no, with any HTTP status: {"error", "http_code"} when
// making a payment, {"status": "error", "message"} when paying out. [doc] Both are understood everywhere.
type answer struct {
	Status        providerhttp.Text  `json:"status"`
	Message       providerhttp.FlexibleString `json:"message"`
	Error         providerhttp.FlexibleString `json:"error"`
	Code          providerhttp.Text  `json:"Code"`
	HTTPCode      providerhttp.Text  `json:"http_code"`
	PaymentURL    providerhttp.FlexibleString `json:"payment_url"`
	TransactionID providerhttp.Text  `json:"transaction_id"`
	StatusCode    providerhttp.Text  `json:"status_code"`
	PaymentStatus providerhttp.Text  `json:"payment_status"`
	Data          ordered.Value      `json:"data"`

	resp *providerhttp.Response
}

// readAnswer gives an answer that is JSON and no error. One that says yes and no at once is neither.
func readAnswer(resp *providerhttp.Response) (*answer, error) {
	a := &answer{resp: resp}
	if err := resp.DecodeJSON(a); err != nil {
		return nil, err
	}
	code, status := string(cmp.Or(a.HTTPCode, a.Code)), resp.Status
	if n, err := strconv.Atoi(code); err == nil && status == http.StatusOK {
		status = n // the body knows better
	}
	words := string(cmp.Or(a.Error, a.Message))
	switch {
	case status >= 200 && status < 300 && a.Error == "" && a.Status != "error":
		return a, nil
	case a.Status == success || words == "":
		return nil, resp.Unexpected("it says neither that it succeeded nor why it did not")
	}
	return nil, refusal(resp, status, code, words)
}

// messageCodes are of the words that the document has. [doc] By a word and not to the letter: a duplicate that is taken for a
// plain no would call money unmoved that moved. Somebody used the key before: perhaps an earlier attempt of ours. [decided]
var messageCodes = providerhttp.MessageCodes{
	{"duplicate request", sdk.CodeDuplicate},
	{"signature mismatch", sdk.CodeAuthentication},
}

// refusal gives a well-formed error its meaning: by its words, else by its status.
func refusal(resp *providerhttp.Response, status int, code, words string) error {
	said := *resp
	said.Status = status
	return messageCodes.Apply(said.Refusal(code, words))
}

// payment reads the answer to a new payment. The document's example has no transaction_id, which payment-check needs:
// it is the last segment of payment_url. [decided]
func (a *answer) payment() (*sdk.Payment, error) {
	if a.Status != success {
		return nil, a.resp.Unexpected("its status is neither success nor error")
	}
	id := cmp.Or(string(a.TransactionID), providerhttp.LastSegment(string(a.PaymentURL)))
	return a.resp.Redirect(id, string(a.PaymentURL))
}

// paymentStatuses are what payment-check's codes mean. [doc]
var paymentStatuses = map[string]sdk.PaymentStatus{
	"0": sdk.PaymentRequiresAction, // in review: the customer has done nothing yet
	"1": sdk.PaymentSucceeded,
	"2": sdk.PaymentCanceled,
}

// paymentCode reads the answer of payment-check, of which the document says the codes and not the place. It may stand
// under one of three names, at the top or under data. All that stand there must agree, but for the word success, which
// is the envelope's. Code and http_code are HTTP's. [decided]
func (a *answer) paymentCode() (string, error) {
	codes := []string{string(a.Status), string(a.StatusCode), string(a.PaymentStatus)}
	for _, name := range []string{"status", "status_code", "payment_status"} {
		v, _ := a.Data.Get(name)
		codes = append(codes, v.Text())
	}
	codes = slices.DeleteFunc(codes, func(code string) bool { return code == "" || code == success })
	if len(codes) == 0 || paymentStatuses[codes[0]] == "" || slices.Max(codes) != slices.Min(codes) {
		return "", a.resp.Unexpected("it does not hold one code from 0 to 2")
	}
	return codes[0], nil
}
