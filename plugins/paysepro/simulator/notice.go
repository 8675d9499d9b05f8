package simulator

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

// address is where notifications come from. [seen]
const address = "51.195.200.178"

// fields are those of a notification. [seen]
func (s *Simulator) fields(e fault.Entry) url.Values {
	return url.Values{
		"uid": {s.uid}, "mid": {s.mid}, "country": {e.Details["cc"]}, "price": {e.Amount.StringFixed(2)}, "currency": {e.Currency},
		"code": {e.ID}, "email": {e.Details["email"]}, "result": {e.Status}, "ucode": {e.OrderID}, "type": {e.Details["type"]},
		"mode": {"live"},
	}
}

// Settle makes the customer pay every payment with this ucode.
func (s *Simulator) Settle(ucode string) {
	for _, e := range s.ofOrder(ucode) {
		s.settle(e.ID, statusPaid)
	}
}

// settle moves a payment that is not paid: what was ko can still be paid, with the same code. [seen]
func (s *Simulator) settle(code, status string) (e fault.Entry, moved bool) {
	e, _ = s.books.Change(fault.Payment, code, func(e *fault.Entry) {
		if e.Status != statusPaid && e.Status != status {
			e.Status, e.Moved, moved = status, status == statusPaid, true
		}
	})
	return e, moved
}

func (s *Simulator) ofOrder(ucode string) []fault.Entry {
	var found []fault.Entry
	for _, e := range s.books.Entries() {
		if e.Kind == fault.Payment && e.OrderID == ucode {
			found = append(found, e)
		}
	}
	return found
}

// Webhooks gives the notification as a query, and as the form that a POST would have.
func (s *Simulator) Webhooks(ucode string) []sdk.HTTPRequest {
	var list []sdk.HTTPRequest
	for _, e := range s.ofOrder(ucode) {
		if e.Status == statusOpen {
			continue
		}
		text := s.fields(e).Encode()
		list = append(list,
			sdk.HTTPRequest{
				Method: http.MethodGet, Query: text, Header: http.Header{}, RemoteAddress: address, ReceivedAt: time.Now().UTC(),
			},
			sdk.HTTPRequest{
				Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(text),
				RemoteAddress: address, ReceivedAt: time.Now().UTC(),
			})
	}
	return list
}

// send tells the module's URL what became of a payment, whatever comes of it. A notification has no signature that could
// be wrong: in its place it names another module.
func (s *Simulator) send(ctx context.Context, e fault.Entry) {
	s.mu.Lock()
	to, err := url.Parse(s.notifyURL)
	s.mu.Unlock()
	if !s.notices || err != nil || to.Host == "" {
		return
	}
	f := s.fields(e)
	if s.faults.Take(fault.WrongSignature) {
		f.Set("mid", "0")
	}
	query := to.Query()
	for name, values := range f {
		query[name] = values
	}
	to.RawQuery = query.Encode()
	ctx = context.WithoutCancel(ctx) // it may be sent later
	s.faults.Send(func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), http.NoBody)
		if err != nil {
			return
		}
		if resp, err := s.sender.Do(req); err == nil {
			_ = resp.Body.Close()
		}
	})
}
