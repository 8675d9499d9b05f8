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
	entry, found := s.paidHere(r)
	if !found {
		http.NotFound(w, r)
		return
	}

	rows := []sim.Row{
		{
			Name:  "Method",
			Value: entry.Details["system"],
		}, {Name: "Order", Value: entry.OrderID}, {Name: "Transaction", Value: entry.ID},
	}
	if entry.Status != statusOpen {
		rows = append(rows, sim.Row{Name: "Status", Value: entry.Status})
	}

	sim.Page{
		Provider: "Paykassma",
		Amount:   entry.Amount.StringFixed(2),
		Currency: entry.Currency,
		Rows:     rows,
		Open:     entry.Status == statusOpen,
		Back:     true,
	}.Show(w)
}

// leavePage ends the payment as the form field result says, tells the merchant,
// and sends the customer back. A payment that has ended stays as it is: the
// customer comes back once more.
func (s *Simulator) leavePage(w http.ResponseWriter, r *http.Request) {
	entry, found := s.paidHere(r)
	if !found {
		http.NotFound(w, r)
		return
	}

	if entry.Status == statusOpen {
		end := statusCanceled
		if r.FormValue("result") == "pay" {
			end = statusPaid
		}
		s.send(r.Context(), s.settle(entry, end))
	}

	http.Redirect(w, r, entry.Details["redirect_url"], http.StatusSeeOther)
}
