package main

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// messageCodes are the error codes of both calls. [doc] 08 and 17, errors within Paysepro, prove nothing.
var messageCodes = map[sdk.Code][]string{
	sdk.CodeInvalidRequest:    {"01", "02", "03", "04", "16", "32"},                         // a field is empty or unknown
	sdk.CodeAuthentication:    {"05", "06", "11", "22", "40"},                               // ids, access data, key, signature
	sdk.CodePermission:        {"07", "09", "10", "18", "19", "20", "26", "27", "28", "29"}, // disabled or not set up
	sdk.CodeInsufficientFunds: {"12"},
	sdk.CodeNotFound:          {"31"},
	sdk.CodeUnavailable:       {"08", "17"},
}

// check gives the error of an answer, by its code and then by its HTTP status. Only 0, "0" and "00" are success; a code
// is a text of two digits, which a number may have lost one of. [decided]
func check(resp *providerhttp.Response, code, message string) error {
	if code == "0" || code == "00" {
		if resp.Status != http.StatusOK {
			return resp.Unexpected("it says success with an HTTP status that says otherwise")
		}
		return nil
	}
	full := strings.Repeat("0", max(0, 2-len(code))) + code
	for means, codes := range messageCodes {
		if !slices.Contains(codes, full) {
			continue
		}
		if resp.Status >= http.StatusInternalServerError { // whatever a failing server says
			means = sdk.CodeUnavailable
		}
		return sdk.Refused(means, code, message).Means(means)
	}
	return resp.Unexpected("it has no error code that the document knows")
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
	return !amount.LessThan(o.Min.Decimal) && (bound(o.Max) == nil || !amount.GreaterThan(o.Max.Decimal))
}

func bound(a providerhttp.Amount) *decimal.Decimal {
	if a.Decimal.IsPositive() {
		return &a.Decimal
	}
	return nil
}

// readModule reads an answer of getData. Its parts are read one by one, because PHP writes an object that has nothing
// in it as []. The error code stands twice, and both must be success.
func readModule(resp *providerhttp.Response) (*module, error) {
	var answer struct {
		Error   providerhttp.Text  `json:"error"`
		Message providerhttp.FlexibleString `json:"message"`
		Data    ordered.Value      `json:"data"`
	}
	if err := resp.DecodeJSON(&answer); err != nil {
		return nil, err
	}
	for _, code := range []string{string(answer.Error), answer.Data.At("error").Text()} {
		if err := check(resp, code, string(answer.Message)); err != nil {
			return nil, err
		}
	}
	for _, part := range []string{"sites", "modules"} {
		if status := answer.Data.At(part, "status").Text(); status != "enabled" {
			return nil, sdk.Refused(sdk.CodePermission, "", part+" status: "+status)
		}
	}
	m := &module{currency: answer.Data.At("modules", "currency").Text(), gateway: answer.Data.At("gateway", "url").Text()}
	if sdk.CheckCurrency(m.currency) != nil {
		return nil, resp.Unexpected("it names no currency")
	}
	for _, method := range answer.Data.At("modules", "methods").Members() {
		for _, item := range method.Value.Elements() {
			var o offer
			if item.Decode(&o) != nil || o.Method == "" {
				return nil, resp.Unexpected("a payment method cannot be read")
			}
			m.offers = append(m.offers, o)
		}
	}
	return m, nil
}

// readCode reads what createCode makes: an access code, which is enabled once somebody has paid at url [doc], and the price
// in the module's currency.
func readCode(resp *providerhttp.Response, currency string) (*sdk.Payment, error) {
	var c struct {
		Error   providerhttp.Text  `json:"error"`
		Message providerhttp.FlexibleString `json:"message"`
		Code    providerhttp.Text  `json:"code"`
		Price   providerhttp.FlexibleString `json:"price"`
		URL     providerhttp.FlexibleString `json:"url"`
	}
	if err := resp.DecodeJSON(&c); err != nil {
		return nil, err
	}
	if err := check(resp, string(c.Error), string(c.Message)); err != nil {
		return nil, err
	}
	payment, err := resp.Redirect(string(c.Code), string(c.URL))
	if err != nil || c.Price == "" {
		return payment, err
	}
	if payment.Amount = providerhttp.Text(c.Price).Money(currency); payment.Amount == nil {
		return nil, resp.Unexpected("its price cannot be read")
	}
	return payment, nil
}
