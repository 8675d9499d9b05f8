package main

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// answer is what the answers to both calls have.
type answer struct {
	Error   providerhttp.Text           `json:"error"`
	Message providerhttp.FlexibleString `json:"message"`
}

func (a *answer) head() *answer { return a }

// paymentStatuses are the results of a webhook. ko is not final: it also means
// pending, and ok may follow with the same code. [seen]
var paymentStatuses = map[string]sdk.PaymentStatus{
	"ok": sdk.PaymentSucceeded,
	"ko": sdk.PaymentProcessing,
}

// module is what getData says of the payment module in one country.
type module struct {
	currency string
	gateway  string // where payments are created; "" is the usual address
	until    time.Time
	offers   []offer
}

// offer is one payment method. A bound of 0 is none. [decided]
type offer struct {
	Method  string              `json:"method"`
	Country string              `json:"country"` // "" is everywhere
	Min     providerhttp.Amount `json:"pmin"`
	Max     providerhttp.Amount `json:"pmax"`
}

func (o offer) takes(amount decimal.Decimal) bool {
	most := bound(o.Max)
	return !amount.LessThan(o.Min.Decimal) && (most == nil || !amount.GreaterThan(*most))
}

// bound returns nil for what bounds nothing.
func bound(limit providerhttp.Amount) *decimal.Decimal {
	if limit.Decimal.IsPositive() {
		return &limit.Decimal
	}
	return nil
}

// refuses returns what is wrong with a payment before it is sent, nil when
// nothing is. A method that getData does not name is for Paysepro to refuse: it
// may be newer than the answer that we keep. configured is the currency that the
// operator takes the module's for.
func (m *module) refuses(req sdk.CreatePaymentRequest, configured string) *sdk.Error {
	currency := req.Amount.Currency
	if currency != m.currency || (configured != "" && currency != configured) {
		return sdk.Invalid(sdk.Violation{
			Field:   "currency",
			Message: "the payment module's is " + m.currency,
		})
	}

	// A method may be offered more than once; the amount must fit one of its
	// offers.
	same := func(o offer) bool { return o.Method == req.Method }
	fits := func(o offer) bool { return same(o) && o.takes(req.Amount.Amount) }
	if slices.ContainsFunc(m.offers, same) && !slices.ContainsFunc(m.offers, fits) {
		return sdk.NotSent(sdk.CodeLimit,
			"the amount is outside the limits of the payment method")
	}
	return nil
}

// readModule reads an answer of getData. Its parts are read one by one, because
// PHP writes an object that has nothing in it as []. The error code stands twice,
// and both must be success.
func readModule(resp *providerhttp.Response) (*module, error) {
	var got struct {
		answer
		Data ordered.Value `json:"data"`
	}
	if err := readAnswer(resp, &got); err != nil {
		return nil, err
	}
	inner := got.Data.At("error").Text()
	if err := refusal(resp, inner, string(got.Message)); err != nil {
		return nil, err
	}

	// A site or module that is not enabled is refused before a payment is sent.
	for _, part := range []string{"sites", "modules"} {
		if status := got.Data.At(part, "status").Text(); status != "enabled" {
			return nil, sdk.Refused(sdk.CodePermission, "", part+" status: "+status)
		}
	}

	out := &module{
		currency: got.Data.At("modules", "currency").Text(),
		gateway:  got.Data.At("gateway", "url").Text(),
	}
	if sdk.CheckCurrency(out.currency) != nil {
		return nil, resp.Unexpected("it names no currency")
	}

	// An offer that cannot be read fails the answer: without its limits a
	// payment outside of them would be sent.
	for _, method := range got.Data.At("modules", "methods").Members() {
		for _, item := range method.Value.Elements() {
			var offered offer
			if item.Decode(&offered) != nil || offered.Method == "" {
				return nil, resp.Unexpected("a payment method cannot be read")
			}
			out.offers = append(out.offers, offered)
		}
	}
	return out, nil
}

// readCode reads what createCode makes: an access code, which is enabled once
// the customer has paid at url [doc], and the price in the module's currency.
func readCode(resp *providerhttp.Response, currency string) (*sdk.Payment, error) {
	var got struct {
		answer
		Code  providerhttp.Text           `json:"code"`
		Price providerhttp.FlexibleString `json:"price"`
		URL   providerhttp.FlexibleString `json:"url"`
	}
	if err := readAnswer(resp, &got); err != nil {
		return nil, err
	}

	payment, err := resp.Redirect(string(got.Code), string(got.URL))
	if err != nil || got.Price == "" {
		return payment, err
	}

	// A price that was sent must be readable: it may differ from the amount
	// that was asked for.
	payment.Amount = providerhttp.Text(got.Price).Money(currency)
	if payment.Amount == nil {
		return nil, resp.Unexpected("its price cannot be read")
	}
	return payment, nil
}
