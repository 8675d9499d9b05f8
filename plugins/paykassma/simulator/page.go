package simulator

import (
	"net/http"

	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// paidHere returns a payment that has a page.
func (s *Simulator) paidHere(r *http.Request) (ledger.Entry, bool) {
	e, found := s.Ledger().Find(ledger.Payment, r.PathValue("id"))
	return e, found && e.Details["redirect_url"] != ""
}

// showPage is where the link of a new payment leads.
func (s *Simulator) showPage(w http.ResponseWriter, r *http.Request) {
	e, found := s.paidHere(r)
	if !found {
		http.NotFound(w, r)
		return
	}

	rows := []sim.Row{
		{
			Name:  "Method",
			Value: e.Details["system"],
		}, {Name: "Order", Value: e.OrderID}, {Name: "Transaction", Value: e.ID},
	}
	if e.Status != statusOpen {
		rows = append(rows, sim.Row{Name: "Status", Value: e.Status})
	}

	sim.Page{
		Provider: "Paykassma",
		Amount:   e.Amount.StringFixed(2),
		Currency: e.Currency,
		Rows:     rows,
		Open:     e.Status == statusOpen,
		Back:     true,
	}.Show(w)
}

// leavePage ends the payment as the form field result says, tells the merchant,
// and sends the customer back. A payment that has ended stays as it is: the
// customer comes back once more.
func (s *Simulator) leavePage(w http.ResponseWriter, r *http.Request) {
	e, found := s.paidHere(r)
	if !found {
		http.NotFound(w, r)
		return
	}

	if e.Status == statusOpen {
		end := statusCanceled
		if r.FormValue("result") == "pay" {
			end = statusPaid
		}
		s.send(r.Context(), s.settle(e, end))
	}

	http.Redirect(w, r, e.Details["redirect_url"], http.StatusSeeOther)
}
