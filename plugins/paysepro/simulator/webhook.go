package simulator

import (
	"context"
	"net/url"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// address is where notifications come from. [seen]
const address = "51.195.200.178"

// fields are those of a notification. [seen]
func (s *Simulator) fields(entry ledger.Entry) url.Values {
	return url.Values{
		"uid": {
			s.uid,
		}, "mid": {s.mid}, "country": {entry.Details["cc"]}, "price": {entry.Amount.StringFixed(2)}, "currency": {entry.Currency},
		"code": {
			entry.ID,
		}, "email": {entry.Details["email"]}, "result": {entry.Status}, "ucode": {entry.OrderID}, "type": {entry.Details["type"]},
		"mode": {"live"},
	}
}

// Settle makes the customer pay every payment with this ucode.
func (s *Simulator) Settle(ucode string) {
	for _, e := range s.OfOrder(ledger.Payment, ucode) {
		s.settle(e.ID, statusPaid)
	}
}

// settle moves a payment that is not paid: what was ko can still be paid, with
// the same code. [seen]
func (s *Simulator) settle(code, status string) (entry ledger.Entry, moved bool) {
	entry, _ = s.Ledger().Change(ledger.Payment, code, func(e *ledger.Entry) {
		if e.Status != statusPaid && e.Status != status {
			e.Status = status
			e.Moved = status == statusPaid
			moved = true
		}
	})
	return entry, moved
}

// Webhooks returns the notification as a query, and as the form that a POST
// would have.
func (s *Simulator) Webhooks(ucode string) []sdk.HTTPRequest {
	var list []sdk.HTTPRequest
	for _, e := range s.OfOrder(ledger.Payment, ucode) {
		if e.Status == statusOpen {
			continue
		}

		text := s.fields(e).Encode()
		for _, n := range []sdk.HTTPRequest{sim.Got(text), sim.Posted("application/x-www-form-urlencoded", text)} {
			n.RemoteAddress = address
			list = append(list, n)
		}
	}

	return list
}

// send tells the module's URL what became of a payment, whatever comes of it. A
// notification has no signature that could be wrong: in its place it names
// another module.
func (s *Simulator) send(ctx context.Context, e ledger.Entry) {
	f := s.fields(e)
	if s.WrongSignature() {
		f.Set("mid", "0")
	}
	s.Send(ctx, s.NotifyURL(), sim.Got(f.Encode()), 1, nil)
}
