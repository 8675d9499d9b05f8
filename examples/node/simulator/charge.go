package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// createCharge answers a repeat with the same Idempotency-Key with the original, and refuses a second charge of one order.
func (s *Simulator) createCharge(r *http.Request, body []byte) (any, *refusal) {
	key := r.Header.Get("Idempotency-Key")
	if first, repeated := s.replies[key]; repeated && key != "" {
		if first.request != string(body) {
			return nil, &refusal{http.StatusConflict, "duplicate", "another request was made with this key"}
		}
		return first.answer, nil
	}
	c, no := s.read(body)
	if no != nil {
		return nil, no
	}
	c.ID = fmt.Sprintf("ch-%d", len(s.charges)+1)
	c.PayURL = "http://" + r.Host + "/pay/" + c.Order
	s.charges = append(s.charges, c)
	s.books.Add(ledger.Entry{
		Kind: ledger.Payment, ID: c.ID, OrderID: c.Order, Amount: c.Amount, Currency: c.Currency, Status: c.State,
	})
	s.replies[key] = reply{string(body), *c}
	return *c, nil
}

// read gives the charge that a request asks for, or why it is refused.
func (s *Simulator) read(body []byte) (*charge, *refusal) {
	var in struct {
		MerchantID string `json:"merchant_id"`
		Order      string `json:"order"`
		Amount     string `json:"amount"` // a number is refused
		Currency   string `json:"currency"`
		NotifyURL  string `json:"notify_url"`
		ReturnURL  string `json:"return_url"`
		CancelURL  string `json:"cancel_url"`
	}
	invalid := func(why string) (*charge, *refusal) {
		return nil, &refusal{http.StatusUnprocessableEntity, "invalid", why}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return invalid("not the JSON of a charge")
	}
	amount, err := sdk.ParseAmount(in.Amount)
	switch {
	case in.MerchantID != merchantID:
		return nil, &refusal{http.StatusForbidden, "forbidden", "the key does not belong to this merchant"}
	case in.Order == "" || in.NotifyURL == "" || in.ReturnURL == "" || in.CancelURL == "":
		return invalid("order, notify_url, return_url and cancel_url are needed")
	case err != nil || !amount.IsPositive():
		return invalid("the amount must be a number above zero, as text")
	case in.Currency != "EUR" && in.Currency != "USD":
		return invalid("the currency must be EUR or USD")
	case s.find(in.Order) != nil:
		return nil, &refusal{http.StatusConflict, "duplicate", "there is a charge of this order"}
	}
	return &charge{
		Order: in.Order, State: "open", Amount: amount, Currency: in.Currency,
		notifyURL: in.NotifyURL, returnURL: in.ReturnURL, cancelURL: in.CancelURL,
	}, nil
}

// Settle makes the customer pay.
func (s *Simulator) Settle(reference string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.find(reference); c != nil && c.State == "open" {
		s.move(c, "paid")
	}
}

// move changes the state, also in the books, and sends a notice of it.
func (s *Simulator) move(c *charge, state string) {
	c.State = state
	s.books.Change(ledger.Payment, c.ID, func(e *ledger.Entry) { e.Status, e.Moved = state, state == "paid" })
	if s.sender == nil {
		return
	}
	key, times := webhookKey, 1
	if s.faults.Take(fault.WrongSignature) {
		key = "not the key"
	}
	if s.faults.Take(fault.Duplicate) {
		times = 2
	}
	written := notice(c, key)
	go func() {
		for range times {
			s.send(c.notifyURL, written)
		}
	}()
}

// showPage is where a redirect leads the customer.
func (s *Simulator) showPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprint(w, `<!DOCTYPE html><title>Pay</title><form method="post"><button name="result" value="paid">Pay</button> `+
		`<button name="result" value="declined">Give up</button></form>`)
}

// leavePage sends the customer back to the merchant.
func (s *Simulator) leavePage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(r.PathValue("order"))
	if c == nil {
		http.NotFound(w, r)
		return
	}
	paid := r.FormValue("result") == "paid"
	if c.State == "open" {
		s.move(c, map[bool]string{true: "paid", false: "declined"}[paid])
	}
	http.Redirect(w, r, map[bool]string{true: c.returnURL, false: c.cancelURL}[paid], http.StatusSeeOther)
}
