package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// payout and refund are as the API shows them; what is not exported stays
// inside.
type payout struct {
	ID        string          `json:"id"`
	Reference string          `json:"reference"`
	Status    string          `json:"status"`
	Amount    decimal.Decimal `json:"amount"`
	Currency  string          `json:"currency"`

	created   time.Time
	notifyURL string
}

type refund struct {
	ID        string          `json:"id"`
	Reference string          `json:"reference"`
	Payment   string          `json:"payment"`
	Status    string          `json:"status"`
	Amount    decimal.Decimal `json:"amount"`
	Currency  string          `json:"currency"`

	notifyURL string
}

// createPayout takes no idempotency key: a reference is used once and refused
// ever after.
func (s *Simulator) createPayout(r *request) (any, *refusal) {
	var in struct{ MerchantID, Reference, Amount, Currency, Name, IBAN, Text, NotifyURL string }
	if no := r.decodeSnake(&in); no != nil {
		return nil, no
	}
	amount, no := checkAmount(in.Amount, in.Currency, 5, 2000)

	switch {
	case no != nil:
		return nil, no
	case in.MerchantID != merchantID:
		return nil, &refusal{
			http.StatusForbidden,
			"forbidden",
			"the key does not belong to this merchant",
		}

	case in.Reference == "" || in.Name == "" || in.IBAN == "":
		return nil, invalid("reference, name and iban are needed")
	case s.payout("order:"+in.Reference) != nil:
		return nil, &refusal{
			http.StatusConflict,
			"duplicate",
			"there is a payout with this reference",
		}

	case amount.GreaterThan(s.balance[in.Currency]):
		return nil, &refusal{
			http.StatusUnprocessableEntity,
			"insufficient_funds",
			"the balance is too low",
		}
	}

	// Nothing has changed up to here: a refused payout leaves the balance as it
	// is.
	s.balance[in.Currency] = s.balance[in.Currency].Sub(amount)
	p := &payout{
		ID:        fmt.Sprintf("out-%d", len(s.payouts)+1),
		Reference: in.Reference,
		Status:    "processing",
		Amount:    amount,
		Currency:  in.Currency,
		created:   now(),
		notifyURL: in.NotifyURL,
	}

	s.payouts = append(s.payouts, p)
	s.Ledger().Add(ledger.Entry{
		Kind:      ledger.Payout,
		ID:        p.ID,
		OrderID:   p.Reference,
		Recipient: in.IBAN,
		Amount:    amount,
		Currency:  p.Currency,
		Status:    p.Status,
		Moved:     true,
	})

	return *p, nil
}

// payout and refund find one as payment does.
func (s *Simulator) payout(id string) *payout {
	order, ours := strings.CutPrefix(id, "order:")
	for _, p := range s.payouts {
		if (ours && p.Reference == order) || p.ID == id {
			return p
		}
	}
	return nil
}

func (s *Simulator) getPayout(r *request) (any, *refusal) {
	if p := s.payout(r.PathValue("payout")); p != nil {
		return *p, nil
	}
	return nil, &refusal{http.StatusNotFound, "not_found", "there is no such payout"}
}

func (s *Simulator) listPayouts(r *request) (any, *refusal) {
	return list(
		r,
		s.payouts,
		func(p *payout) (string, time.Time) { return p.Reference, p.created },
	)
}

// createRefund returns back at most what was taken, over all refunds.
func (s *Simulator) createRefund(r *request) (any, *refusal) {
	var in struct{ Reference, Amount, Text string }
	p, no := s.the(r)
	if no == nil {
		no = r.decodeSnake(&in)
	}

	if no != nil {
		return nil, no
	}
	amount, no := checkAmount(in.Amount, p.Currency, 0, 10000)

	switch {
	case no != nil:
		return nil, no
	case in.Reference == "":
		return nil, invalid("reference is needed")
	case p.Taken == nil || amount.Add(p.refunded).GreaterThan(*p.Taken):
		return nil, &refusal{
			http.StatusUnprocessableEntity,
			"limit",
			"that is more than was paid",
		}

	case s.refund("order:"+in.Reference) != nil:
		return nil, &refusal{
			http.StatusConflict,
			"duplicate",
			"there is a refund with this reference",
		}
	}

	p.refunded = p.refunded.Add(amount)
	f := &refund{
		ID:        fmt.Sprintf("ref-%d", len(s.refunds)+1),
		Reference: in.Reference,
		Payment:   p.Reference,
		Status:    "pending",
		Amount:    amount,
		Currency:  p.Currency,
		notifyURL: p.notifyURL,
	}

	s.refunds = append(s.refunds, f)
	s.Ledger().Add(ledger.Entry{
		Kind:     ledger.Refund,
		ID:       f.ID,
		OrderID:  f.Reference,
		Amount:   amount,
		Currency: f.Currency,
		Status:   f.Status,
		Moved:    true,
	})

	return *f, nil
}

func (s *Simulator) refund(id string) *refund {
	order, ours := strings.CutPrefix(id, "order:")
	for _, f := range s.refunds {
		if (ours && f.Reference == order) || f.ID == id {
			return f
		}
	}
	return nil
}

func (s *Simulator) getRefund(r *request) (any, *refusal) {
	if f := s.refund(r.PathValue("refund")); f != nil {
		return *f, nil
	}
	return nil, &refusal{http.StatusNotFound, "not_found", "there is no such refund"}
}
