package simulator

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// fields are those of a webhook, in the document's words. A canceled payment is
// told as a failed one. [decided]
func fields(entry ledger.Entry) map[string]string {
	status := "-1"
	if entry.Status == statusPaid {
		status = "1"
	}
	amount := entry.Amount.StringFixed(2)
	return map[string]string{
		"cs_ref_code": "CS-" + entry.ID, "status": status, "merchant_ref_code": entry.OrderID, "transaction_id": "TD-" + entry.ID,
		"currency": entry.Currency, "amount": amount, "true_amount": amount, "datetime": entry.Details["ended"],
	}
}

func asJSON(fields map[string]string) sdk.HTTPRequest {
	body, _ := json.Marshal(fields) // texts always encode
	return sim.Posted("application/json", string(body))
}

func asForm(fields map[string]string, names ...string) sdk.HTTPRequest {
	form := url.Values{}
	for name, value := range fields {
		form.Set(name, value)
	}
	if len(names) > 0 {
		form = url.Values{}
		for _, name := range names {
			form.Set(name, fields[name])
		}
	}

	return sim.Posted("application/x-www-form-urlencoded", form.Encode())
}

// Settle makes the customer pay every open payment with this order_id.
func (s *Simulator) Settle(orderID string) {
	for _, e := range s.OfOrder(ledger.Payment, orderID) {
		s.settle(e.ID, statusPaid)
	}
}

// settle ends an open payment, and returns it as it then is.
func (s *Simulator) settle(id, status string) (entry ledger.Entry, ended bool) {
	entry, _ = s.Ledger().Change(ledger.Payment, id, func(e *ledger.Entry) {
		if e.Status == statusOpen {
			e.Status = status
			e.Moved = status == statusPaid
			ended = true
			e.Details["ended"] = time.Now().UTC().Format(time.DateTime)
		}
	})
	return entry, ended
}

// Webhooks returns the webhook in its forms: JSON, a form, and a form without
// what the document's example adds.
func (s *Simulator) Webhooks(orderID string) []sdk.HTTPRequest {
	var list []sdk.HTTPRequest
	for _, e := range s.OfOrder(ledger.Payment, orderID) {
		if e.Status != statusOpen {
			f := fields(e)
			list = append(
				list,
				asJSON(f),
				asForm(f),
				asForm(f, "cs_ref_code", "merchant_ref_code", "status"),
			)
		}
	}

	return list
}

// send tells ipn_url what became of a payment, in the format that was asked
// for, whatever comes of it: the document promises no repeat. A webhook has no
// signature that could be wrong: in its place it is about another merchant's
// order.
func (s *Simulator) send(ctx context.Context, entry ledger.Entry) {
	f := fields(entry)
	if s.WrongSignature() {
		f["merchant_ref_code"] = "somebody-elses"
	}
	written := asForm(f)
	if entry.Details["ipn_format"] == "json" {
		written = asJSON(f)
	}
	s.Send(ctx, entry.Details["ipn_url"], written, 1, nil)
}
