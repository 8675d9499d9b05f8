package main

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// answer is {"status": true or false, "result": {…}}. [doc]
type answer struct {
	Status providerhttp.Text `json:"status"`
	Result struct {
		Code        providerhttp.Text  `json:"code"`
		Message     providerhttp.FlexibleString `json:"message"`
		PaymentLink providerhttp.FlexibleString `json:"payment_link"`
	} `json:"result"`

	resp *providerhttp.Response
}

const (
	done         = "00"   // the code of a success [doc]
	badSignature = "E012" // the only error that the document names
)

// readAnswer gives an answer that is JSON and no error. One that says yes and no at once is neither.
func readAnswer(resp *providerhttp.Response) (*answer, error) {
	a := &answer{resp: resp}
	if err := resp.DecodeJSON(a); err != nil {
		return nil, err
	}
	code, refused := a.Result.Code, a.Status == "false" && a.Result.Code != "" && a.Result.Code != done
	switch {
	case resp.Status >= 200 && resp.Status < 300 && a.Status == "true" && code == done:
		return a, nil
	case !refused:
		return nil, resp.Unexpected("it says neither that it succeeded nor why it did not")
	}
	e := resp.Refusal(string(code), string(a.Result.Message))
	if code == badSignature {
		return nil, e.Means(sdk.CodeAuthentication)
	}
	return nil, e
}

// payment reads the answer to a new payment. Until a notice brings the transaction_id, the last segment of payment_link
// is all that TTR Pay calls it. [decided]
func (a *answer) payment() (*sdk.Payment, error) {
	link := string(a.Result.PaymentLink)
	return a.resp.Redirect(providerhttp.LastSegment(link), link)
}
