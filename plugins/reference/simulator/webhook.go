package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/control"
	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// address is where this provider's requests come from.
const address = "203.0.113.47"

// webhook is the body of one: the thing that changed, as it is now.
type webhook struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	Payment   *payment  `json:"payment,omitempty"`
	Payout    *payout   `json:"payout,omitempty"`
	Refund    *refund   `json:"refund,omitempty"`
}

// write makes the request. The id says what happened to what, so that the same
// webhook always has the same.
func (w webhook) write(key string) sdk.HTTPRequest {
	if w.CreatedAt.IsZero() {
		w.CreatedAt = now()
	}

	switch {
	case w.Payment != nil:
		w.ID = "evt-" + w.Payment.ID + "-" + w.Payment.Status
	case w.Payout != nil:
		w.ID = "evt-" + w.Payout.ID + "-" + w.Payout.Status
	case w.Refund != nil:
		w.ID = "evt-" + w.Refund.ID + "-" + w.Refund.Status
	}

	body, err := json.Marshal(w)
	if err != nil {
		panic(err) // texts and decimals only
	}

	return sdk.HTTPRequest{
		Method:        http.MethodPost,
		Body:          body,
		RemoteAddress: address,
		ReceivedAt:    now(),
		Header: http.Header{
			"Content-Type": {"application/json"},
			"Signature":    {sign(key, string(body))},
		},
	}
}

// notify sends a webhook, or does to it what the faults say. It does not wait
// for the answer, and sends nothing twice.
func (s *Simulator) notify(to string, event webhook) {
	if s.SendWebhooks && to != "" {
		// The document promises no repeat.
		go s.Send(context.Background(), to, event.write(s.Key(webhookKey)), 1, nil)
	}
}

// Webhooks returns the webhook about the reference as it stands, signed with the
// key of today and with the one of before.
func (s *Simulator) Webhooks(reference string) []sdk.HTTPRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := "order:" + reference
	event := webhook{Payment: s.payment(id), Payout: s.payout(id), Refund: s.refund(id)}
	if event.Payment == nil && event.Payout == nil && event.Refund == nil {
		return nil
	}
	return []sdk.HTTPRequest{event.write(webhookKey), event.write(oldWebhookKey)}
}

// OddWebhooks are webhooks from an hour ago, and such as are about nothing that
// is known.
func (s *Simulator) OddWebhooks() map[control.Oddity]func(references ...string) []sdk.HTTPRequest {
	return map[control.Oddity]func(...string) []sdk.HTTPRequest{
		control.Stale: func(references ...string) (list []sdk.HTTPRequest) {
			s.mu.Lock()
			defer s.mu.Unlock()

			for _, reference := range references {
				old := webhook{
					CreatedAt: now().Add(-time.Hour),
					Payment:   s.payment("order:" + reference),
				}
				list = append(list, old.write(webhookKey))
			}

			return list
		},
		control.UnknownKind: func(...string) []sdk.HTTPRequest {
			return []sdk.HTTPRequest{webhook{ID: "evt-news"}.write(webhookKey)}
		},
		control.SecondTransaction: func(references ...string) (list []sdk.HTTPRequest) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, reference := range references {
				again := *s.payment("order:" + reference)
				again.Transaction = transactionID(again.ID, 2)
				list = append(list, webhook{Payment: &again}.write(webhookKey))
			}
			return list
		},
	}
}

// Settle makes the customer pay, or the provider finish a payout or a refund.
func (s *Simulator) Settle(reference string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := "order:" + reference
	if p := s.payment(id); p != nil {
		s.pay(p)
	}

	if p := s.payout(id); p != nil && p.Status == "processing" {
		p.Status = "paid"
		s.Ledger().
			Change(ledger.Payout, p.ID, func(e *ledger.Entry) { e.Status = p.Status })
		s.notify(p.notifyURL, webhook{Payout: p})
	}

	if f := s.refund(id); f != nil && f.Status == "pending" {
		f.Status = "paid"
		s.notify(f.notifyURL, webhook{Refund: f})
	}
}

// pay is what the customer's money does: an authorization is only reserved.
func (s *Simulator) pay(p *payment) {
	if (p.Status != "pending") && (p.Status != "processing") {
		return
	}
	p.Transaction = transactionID(p.ID, 1)

	if p.manual {
		s.move(p, "authorized")
		return
	}

	p.Taken = &p.Amount
	s.move(p, "paid")
}

// transactionID names one of the transactions of a payment.
func transactionID(payment string, number int) string {
	return fmt.Sprintf("tx-%s-%d", payment, number)
}

// Returns returns the request with which the customer comes back as things
// stand.
func (s *Simulator) Returns(reference string) []sdk.HTTPRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.payment("order:" + reference)
	if p == nil {
		return nil
	}
	return []sdk.HTTPRequest{sim.Got(p.returnQuery())}
}

// returnQuery is signed, so that the customer cannot write it.
func (p *payment) returnQuery() string {
	signature := sign(signingKey, p.Reference+"\n"+p.ID+"\n"+p.Status)
	return url.Values{
		"reference": {
			p.Reference,
		}, "payment_id": {p.ID}, "status": {p.Status}, "signature": {signature},
	}.Encode()
}

// showPage is where a redirect leads the customer.
func (s *Simulator) showPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	paid := s.payment(r.PathValue("payment"))
	if paid == nil {
		http.NotFound(w, r)
		return
	}

	sim.Page{
		Provider: "reference",
		Amount:   paid.Amount.String(),
		Currency: paid.Currency,
		Open:     paid.Status == "pending",
		Back:     true,
		Rows: []sim.Row{
			{Name: "Order", Value: paid.Reference},
			{Name: "Status", Value: paid.Status},
		},
		Pay:    "paid",
		Cancel: "failed",
	}.Show(w)
}

// leavePage sends the customer back to the merchant, whatever was pressed.
func (s *Simulator) leavePage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	paid := s.payment(r.PathValue("payment"))
	if paid == nil {
		http.NotFound(w, r)
		return
	}

	switch {
	case r.FormValue("result") == "paid":
		s.pay(paid)
	case paid.Status == "pending":
		s.move(paid, "failed")
	}

	if !sim.IsURL(paid.returnURL) {
		http.Error(w, "return_url is not a URL", http.StatusBadRequest)
		return
	}

	http.Redirect(
		w,
		r,
		sim.WithQuery(paid.returnURL, paid.returnQuery()),
		http.StatusSeeOther,
	)
}
