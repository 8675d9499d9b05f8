package simulator

import (
	"net/http"

	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// showPage is where the customer is led to.
func (s *Simulator) showPage(w http.ResponseWriter, r *http.Request) {
	entry, found := s.Ledger().Find(ledger.Payment, r.URL.Query().Get("code"))
	if !found {
		http.NotFound(w, r)
		return
	}

	sim.Page{
		Provider: "Paysepro",
		Amount:   entry.Amount.StringFixed(2),
		Currency: entry.Currency,
		Open:     entry.Status != statusPaid,
		Rows: []sim.Row{
			{
				Name:  "Method",
				Value: entry.Details["type"],
			}, {Name: "Order", Value: entry.OrderID}, {Name: "Code", Value: entry.ID},
			{Name: "Status", Value: entry.Status},
		},
	}.Show(w)
}

// leavePage does what the form field result says, sends the notification, and
// the customer back to this page: where else is set in the module, and no call
// tells it. A payment that was not paid can still be.
func (s *Simulator) leavePage(w http.ResponseWriter, r *http.Request) {
	entry, found := s.Ledger().Find(ledger.Payment, r.URL.Query().Get("code"))
	if !found {
		http.NotFound(w, r)
		return
	}

	status := statusNot
	if r.FormValue("result") == "pay" {
		status = statusPaid
	}
	if e, moved := s.settle(entry.ID, status); moved {
		s.send(r.Context(), e)
	}

	http.Redirect(w, r, entry.Details["page"], http.StatusSeeOther)
}
