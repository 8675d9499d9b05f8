package simulator

import (
	"net/http"

	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// showPage is where the customer is led to.
func (s *Simulator) showPage(w http.ResponseWriter, r *http.Request) {
	e, found := s.Ledger().Find(ledger.Payment, r.URL.Query().Get("code"))
	if !found {
		http.NotFound(w, r)
		return
	}

	sim.Page{
		Provider: "Paysepro",
		Amount:   e.Amount.StringFixed(2),
		Currency: e.Currency,
		Open:     e.Status != statusPaid,
		Rows: []sim.Row{
			{
				Name:  "Method",
				Value: e.Details["type"],
			}, {Name: "Order", Value: e.OrderID}, {Name: "Code", Value: e.ID},
			{Name: "Status", Value: e.Status},
		},
	}.Show(w)
}

// leavePage does what the form field result says, sends the notification, and
// the customer back to this page: where else is set in the module, and no call
// tells it. A payment that was not paid can still be.
func (s *Simulator) leavePage(w http.ResponseWriter, r *http.Request) {
	e, found := s.Ledger().Find(ledger.Payment, r.URL.Query().Get("code"))
	if !found {
		http.NotFound(w, r)
		return
	}

	status := statusNot
	if r.FormValue("result") == "pay" {
		status = statusPaid
	}
	if e, moved := s.settle(e.ID, status); moved {
		s.send(r.Context(), e)
	}

	http.Redirect(w, r, e.Details["page"], http.StatusSeeOther)
}
