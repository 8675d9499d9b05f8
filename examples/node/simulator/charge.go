package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// chargeRequest is what comes in.
type chargeRequest struct {
	MerchantID string `json:"merchant_id"`
	Order      string `json:"order"`
	Amount     string `json:"amount"` // a number is refused
	Currency   string `json:"currency"`
	NotifyURL  string `json:"notify_url"`
	ReturnURL  string `json:"return_url"`
	CancelURL  string `json:"cancel_url"`
}

// createCharge answers a repeat with the same Idempotency-Key with the
// original, and refuses a second charge of one order.
func (s *Simulator) createCharge(r *http.Request, body []byte) (any, *refusal) {
	key := r.Header.Get("Idempotency-Key")
	first, repeated := s.replies[key]
	if repeated && (key != "") {
		if first.request != string(body) {
			return nil, duplicate("another request was made with this key")
		}
		return first.answer, nil
	}

	var req chargeRequest
	if err := json.Unmarshal(body, &req); err != nil {
		return nil, invalid("not the JSON of a charge")
	}
	amount, refused := s.check(req)
	if refused != nil {
		return nil, refused
	}

	// The customer has not paid yet.
	charge := &storedCharge{
		ID:        fmt.Sprintf("ch-%d", len(s.charges)+1),
		Order:     req.Order,
		State:     "open",
		Amount:    amount,
		Currency:  req.Currency,
		PayURL:    s.Base(r) + "/pay/" + req.Order,
		notifyURL: req.NotifyURL,
		returnURL: req.ReturnURL,
		cancelURL: req.CancelURL,
	}

	s.charges = append(s.charges, charge)
	s.replies[key] = reply{string(body), *charge}
	s.Ledger().Add(ledger.Entry{
		Kind:     ledger.Payment,
		ID:       charge.ID,
		OrderID:  charge.Order,
		Amount:   charge.Amount,
		Currency: charge.Currency,
		Status:   charge.State,
	})

	return *charge, nil
}

// check returns the amount of a request that the provider accepts.
func (s *Simulator) check(req chargeRequest) (decimal.Decimal, *refusal) {
	amount, err := sdk.ParseAmount(req.Amount)
	complete := (req.Order != "") && (req.NotifyURL != "") && (req.ReturnURL != "") &&
		(req.CancelURL != "")

	switch {
	case req.MerchantID != merchantID:
		return amount, &refusal{
			http.StatusForbidden,
			"forbidden",
			"the key does not belong to this merchant",
		}
	case !complete:
		return amount, invalid("order, notify_url, return_url and cancel_url are needed")

	case (err != nil) || !amount.IsPositive():
		return amount, invalid("the amount must be a number above zero, as text")
	case (req.Currency != "EUR") && (req.Currency != "USD"):
		return amount, invalid("the currency must be EUR or USD")
	case s.find(req.Order) != nil:
		return amount, duplicate("there is a charge of this order")
	}

	return amount, nil
}

func invalid(
	why string,
) *refusal {
	return &refusal{http.StatusUnprocessableEntity, "invalid", why}
}

func duplicate(
	why string,
) *refusal {
	return &refusal{http.StatusConflict, "duplicate", why}
}

// Settle makes the customer pay.
func (s *Simulator) Settle(reference string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if charge := s.find(reference); (charge != nil) && (charge.State == "open") {
		s.move(charge, "paid")
	}
}

// move changes the state, also in the books, and sends a webhook about it.
func (s *Simulator) move(charge *storedCharge, state string) {
	charge.State = state
	s.Ledger().Change(ledger.Payment, charge.ID, func(entry *ledger.Entry) {
		entry.Status = state
		entry.Moved = state == "paid"
	})

	if s.SendWebhooks {
		go s.Send(
			context.Background(),
			charge.notifyURL,
			webhook(charge, s.Key(webhookKey)),
			1,
			nil,
		)
	}
}

// showPage shows the page to which a redirect leads the customer.
func (s *Simulator) showPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	charge := s.find(r.PathValue("order"))
	if charge == nil {
		http.NotFound(w, r)
		return
	}

	sim.Page{
		Provider: "Acme",
		Amount:   charge.Amount.String(),
		Currency: charge.Currency,
		Open:     charge.State == "open",
		Pay:      "paid",
		Cancel:   "declined",
	}.Show(w)
}

// leavePage sends the customer back to the merchant.
func (s *Simulator) leavePage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	charge := s.find(r.PathValue("order"))
	if charge == nil {
		http.NotFound(w, r)
		return
	}

	// The browser goes back whatever became of the charge.
	state, back := "declined", charge.cancelURL
	if r.FormValue("result") == "paid" {
		state, back = "paid", charge.returnURL
	}
	if charge.State == "open" {
		s.move(charge, state)
	}

	http.Redirect(w, r, back, http.StatusSeeOther)
}
