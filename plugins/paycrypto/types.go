package main

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// envelope is what every call answers. Its code counts, not the HTTP status. [doc]
type envelope struct {
	Code   providerhttp.Text  `json:"code"`
	Msg    providerhttp.FlexibleString `json:"msg"`
	Result json.RawMessage    `json:"result"`
}

// readAnswer decodes the result of an answer that is no error. That about a single order is wrapped twice. [doc]
func readAnswer(resp *providerhttp.Response, result any) error {
	var e, inner envelope
	err := cmp.Or(resp.DecodeJSON(&e), e.check(resp))
	if err == nil && json.Unmarshal(e.Result, &inner) == nil && inner.Code != "" {
		e, err = inner, inner.check(resp)
	}
	if err == nil && result != nil && json.Unmarshal(e.Result, result) != nil {
		return resp.Unexpected("its result is missing or of another shape")
	}
	return err
}

// codes are the document's, and 117008 [seen]: the order exists, perhaps from an earlier attempt. What is not listed is
// read as its table, by its first three digits. That identity and business prove a no, the rest nothing, is [decided].
var codes = map[string]sdk.Code{
	"111001": sdk.CodeInvalidRequest, "111002": sdk.CodeInvalidRequest, "111003": sdk.CodeNotFound, "111004": sdk.CodeInvalidRequest,
	"111015": sdk.CodeUnavailable, "117008": sdk.CodeDuplicate, "111": sdk.CodeDeclined, "117": sdk.CodeDeclined,
	"112002": sdk.CodePermission, "112003": sdk.CodePermission, "112": sdk.CodeAuthentication, // 112001, 112004: see the clock
	"119005": sdk.CodeRateLimited, "119006": sdk.CodePermission, "119007": sdk.CodeAuthentication,
}

// check gives the error that an answer is, nil when it is none. One that says success and HTTP error at once is neither.
func (e *envelope) check(resp *providerhttp.Response) error {
	code := string(e.Code)
	switch {
	case code == "0" && resp.Status < 300:
		return nil
	case code == "0" || code == "":
		return resp.Unexpected("it has no code, or success beside an HTTP error")
	}
	means := cmp.Or(codes[code], codes[code[:min(3, len(code))]], sdk.CodeUnavailable)
	err := sdk.Refused(means, code, string(e.Msg)).Means(means)
	err.RetryAfter = resp.RetryAfter()
	return err
}

// paymentStatuses are the statuses of orders. [doc] A refunded payment has succeeded before.
var paymentStatuses = map[string]sdk.PaymentStatus{
	"0": sdk.PaymentRequiresAction, "1": sdk.PaymentSucceeded, "2": sdk.PaymentProcessing, "3": sdk.PaymentUnderReview,
	"4": sdk.PaymentFailed, "5": sdk.PaymentCanceled, "6": sdk.PaymentExpired,
	"7": sdk.PaymentSucceeded, "8": sdk.PaymentSucceeded, "9": sdk.PaymentSucceeded,
}

// refundStatuses are those of them that tell of a refund. [doc]
var refundStatuses = map[string]sdk.RefundStatus{"7": sdk.RefundPending, "8": sdk.RefundSucceeded, "9": sdk.RefundFailed}

// order is a record, the result of a new payment, or what a webhook says: each
// has some of these. It is read as far as it can be: what is no id and no
// status may have any form, and must not hide that an order has succeeded.
// Currencies come in either case. [doc]
type order struct {
	id, reference, page, status, reason        string // reference is ours
	currency, amount, paidCurrency, paidAmount string
}

func readOrder(v ordered.Value) order {
	words := func(name string) string { return v.At(name).Message() }
	return order{
		id: v.At("order_id").Text(), reference: v.At("cust_order_id").Text(), status: v.At("status").Text(),
		page: words("redirect_url"), reason: words("reason"), currency: strings.ToUpper(words("currency")), amount: words("amount"),
		paidCurrency: strings.ToUpper(words("paid_currency")), paidAmount: words("paid_amount"),
	}
}

// payment is what an order says. It has no Status when that is not known, and
// no Amount when the order has none.
func (o order) payment() *sdk.Payment {
	p := &sdk.Payment{
		ProviderReference: o.id, Status: paymentStatuses[o.status], ProviderStatus: o.status, Message: o.reason,
		Paid: providerhttp.Text(o.paidAmount).Money(o.paidCurrency),
	}
	p.ReadAmount(o.amount, o.currency)
	return p
}
