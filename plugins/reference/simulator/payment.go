package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// payment is one as the API shows it; what is not exported stays inside.
type payment struct {
	ID        string           `json:"id"`
	Reference string           `json:"reference"`
	Status    string           `json:"status"`
	Message   string           `json:"message,omitempty"`
	Amount    decimal.Decimal  `json:"amount"`
	Currency  string           `json:"currency"`
	Taken     *decimal.Decimal `json:"taken,omitempty"`
	// Transaction is there once the customer has paid.
	Transaction string `json:"transaction,omitempty"`

	PayURL string            `json:"pay_url,omitempty"`
	PayTo  map[string]string `json:"pay_to,omitempty"`

	created              time.Time
	manual               bool
	refunded             decimal.Decimal
	notifyURL, returnURL string
}

// createPayment refuses a second payment under one reference. A repeat with the
// same Idempotency-Key does not come here.
func (s *Simulator) createPayment(r *request) (any, *refusal) {
	var in struct {
		MerchantID, Reference, Amount, Currency, Method, Capture string
		Text, NotifyURL, ReturnURL, CancelURL                    string
	}
	if no := r.decodeSnake(&in); no != nil {
		return nil, no
	}

	amount, no := checkAmount(in.Amount, in.Currency, 1, 10000)
	switch {
	case no != nil:
		return nil, no
	case in.MerchantID != merchantID:
		return nil, &refusal{
			http.StatusForbidden,
			"forbidden",
			"the key does not belong to this merchant",
		}

	case in.Reference == "" || in.ReturnURL == "" || in.NotifyURL == "":
		return nil, invalid("reference, return_url and notify_url are needed")
	case in.Method != "" && in.Method != "card" && in.Method != "transfer":
		return nil, invalid("there is no such method")
	case in.Capture != "automatic" && in.Capture != "manual":
		return nil, invalid("capture is automatic or manual")
	}

	if s.payment("order:"+in.Reference) != nil {
		return nil, &refusal{
			http.StatusConflict,
			"duplicate",
			"there is a payment with this reference",
		}
	}

	p := &payment{
		ID:        fmt.Sprintf("pay-%d", len(s.payments)+1),
		Reference: in.Reference,
		Status:    "pending",
		Amount:    amount,
		Currency:  in.Currency,
		created:   now(),
		manual:    in.Capture == "manual",
		notifyURL: in.NotifyURL,
		returnURL: in.ReturnURL,
	}

	if in.Method == "transfer" {
		p.PayTo = map[string]string{"iban": "DE02120300000000202051", "text": p.ID}
	} else {
		p.PayURL = s.Base(r.Request) + "/pay/" + p.ID
	}

	s.payments = append(s.payments, p)
	s.Ledger().Add(ledger.Entry{
		Kind:     ledger.Payment,
		ID:       p.ID,
		OrderID:  p.Reference,
		Amount:   amount,
		Currency: p.Currency,
		Status:   p.Status,
	})

	return *p, nil
}

// payment finds one by its id, or by ours behind "order:".
func (s *Simulator) payment(id string) *payment {
	order, ours := strings.CutPrefix(id, "order:")
	for _, p := range s.payments {
		if (ours && p.Reference == order) || p.ID == id {
			return p
		}
	}
	return nil
}

// the finds the payment that the path names.
func (s *Simulator) the(r *request) (*payment, *refusal) {
	if p := s.payment(r.PathValue("payment")); p != nil {
		return p, nil
	}
	return nil, &refusal{http.StatusNotFound, "not_found", "there is no such payment"}
}

func (s *Simulator) getPayment(r *request) (any, *refusal) {
	p, no := s.the(r)
	if no != nil {
		return nil, no
	}
	return *p, nil
}

func (s *Simulator) listPayments(r *request) (any, *refusal) {
	return list(
		r,
		s.payments,
		func(p *payment) (string, time.Time) { return p.Reference, p.created },
	)
}

// confirmPayment takes any proof: whether it is true is seen when the money
// arrives, which is Settle.
func (s *Simulator) confirmPayment(r *request) (any, *refusal) {
	var in struct {
		TransactionID, Amount string
		Screenshot            []byte
	}
	p, no := s.the(r)
	if no == nil {
		no = r.decodeSnake(&in)
	}

	switch {
	case no != nil:
		return nil, no
	case p.PayTo == nil || p.Status != "pending":
		return nil, invalid("this payment needs no proof")
	case in.TransactionID == "":
		return nil, invalid("transaction_id is needed")
	}

	s.move(p, "processing")
	return *p, nil
}

// capturePayment takes once; the rest of what was authorized is then free
// again.
func (s *Simulator) capturePayment(r *request) (any, *refusal) {
	var in struct{ Amount string }
	p, no := s.the(r)
	if no == nil {
		no = r.decodeSnake(&in)
	}

	if no == nil && p.Status != "authorized" {
		no = invalid("only an authorized payment can be captured")
	}
	if no != nil {
		return nil, no
	}

	amount := p.Amount
	if in.Amount != "" {
		if amount, no = checkAmount(in.Amount, p.Currency, 0, 10000); no != nil {
			return nil, no
		}
	}

	if amount.GreaterThan(p.Amount) {
		return nil, &refusal{
			http.StatusUnprocessableEntity,
			"limit",
			"that is more than was authorized",
		}
	}

	p.Taken = &amount
	s.Ledger().Add(ledger.Entry{
		Kind:     ledger.Capture,
		ID:       p.ID,
		OrderID:  p.Reference,
		Amount:   amount,
		Currency: p.Currency,
		Status:   "paid",
		Moved:    true,
	})

	s.move(p, "paid")
	return *p, nil
}

// cancelPayment may come again: a canceled payment stays canceled.
func (s *Simulator) cancelPayment(r *request) (any, *refusal) {
	p, no := s.the(r)
	if no != nil {
		return nil, no
	}
	if p.Status == "paid" || p.Status == "failed" {
		return nil, &refusal{
			http.StatusUnprocessableEntity,
			"declined",
			"it is too late to cancel",
		}
	}

	s.move(p, "canceled")
	return *p, nil
}

// move changes the status, also in the books, and sends a webhook of it.
func (s *Simulator) move(p *payment, status string) {
	p.Status = status
	s.Ledger().Change(ledger.Payment, p.ID, func(e *ledger.Entry) {
		e.Status, e.Moved = status, status == "paid"
	})
	s.notify(p.notifyURL, webhook{Payment: p})
}
