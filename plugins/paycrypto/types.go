package main

import (
	"encoding/json"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// answer is the answer to every call. Its code counts, not the HTTP status. [doc]
type answer struct {
	Code   providerhttp.Text           `json:"code"`
	Msg    providerhttp.FlexibleString `json:"msg"`
	Result json.RawMessage             `json:"result"`
}

// paymentStatuses are the statuses of orders. [doc] A refunded payment has
// succeeded before.
var paymentStatuses = map[string]sdk.PaymentStatus{
	"0": sdk.PaymentRequiresAction,
	"1": sdk.PaymentSucceeded,
	"2": sdk.PaymentProcessing,
	"3": sdk.PaymentUnderReview,
	"4": sdk.PaymentFailed,
	"5": sdk.PaymentCanceled,
	"6": sdk.PaymentExpired,
	"7": sdk.PaymentSucceeded,
	"8": sdk.PaymentSucceeded,
	"9": sdk.PaymentSucceeded,
}

// refundStatuses are the statuses of orders that tell of a refund. [doc]
var refundStatuses = map[string]sdk.RefundStatus{
	"7": sdk.RefundPending,
	"8": sdk.RefundSucceeded,
	"9": sdk.RefundFailed,
}

// limitResult is the result of limit. The document's table writes min_limt, its
// example min_limit.
type limitResult struct {
	Min      providerhttp.Amount `json:"min_limit"`
	Limt     providerhttp.Amount `json:"min_limt"`
	Max      providerhttp.Amount `json:"max_limit"`
	FiatList []string            `json:"fiat_list"`
}

// page is a page of orders.
type page struct {
	Pages   providerhttp.Amount `json:"pages"`
	Records json.RawMessage     `json:"records"` // null is none [decided]

	list []json.RawMessage
	resp *providerhttp.Response
}

// order is a record, the result of a new payment, or the content of a webhook:
// each has some of these. It is read as far as it can be: a field other than id
// and status may have any form, and must not hide that an order has succeeded.
// Currencies come in either case. [doc]
type order struct {
	id           string
	reference    string // ours
	status       string
	page         string
	reason       string
	currency     string
	amount       string
	paidCurrency string
	paidAmount   string
}

func readOrder(record ordered.Value) order {
	text := func(name string) string { return record.At(name).Message() }
	return order{
		id:           record.At("order_id").Text(),
		reference:    record.At("cust_order_id").Text(),
		status:       record.At("status").Text(),
		page:         text("redirect_url"),
		reason:       text("reason"),
		currency:     strings.ToUpper(text("currency")),
		amount:       text("amount"),
		paidCurrency: strings.ToUpper(text("paid_currency")),
		paidAmount:   text("paid_amount"),
	}
}

// payment returns the payment as the contract has it: with no Status when that is
// not known, and no Amount when the order has none.
func (o order) payment() *sdk.Payment {
	out := &sdk.Payment{
		ProviderReference: o.id,
		Status:            paymentStatuses[o.status],
		ProviderStatus:    o.status,
		Message:           o.reason,
		Paid:              providerhttp.Text(o.paidAmount).Money(o.paidCurrency),
	}
	out.ReadAmount(o.amount, o.currency)
	return out
}
