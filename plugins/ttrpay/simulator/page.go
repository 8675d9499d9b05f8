package simulator

import (
	"net/http"
	"strings"

	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// failingCard is the document's test card that fails. With its two others, and
// with any other number, one pays.
const failingCard = "4000000000001018"

// showPage is where payment_link leads the customer.
func (s *Simulator) showPage(w http.ResponseWriter, r *http.Request) {
	entry, found := s.Ledger().Find(ledger.Payment, r.PathValue("id"))
	if !found {
		http.NotFound(w, r)
		return
	}

	rows := []sim.Row{
		{
			Name:  "Description",
			Value: entry.Details["description"],
		}, {Name: "Order", Value: entry.OrderID}, {Name: "Payment", Value: entry.ID},
	}
	if entry.Status != statusOpen {
		rows = append(rows, sim.Row{Name: "Status", Value: entry.Status})
	}

	sim.Page{
		Provider: "TTR Pay",
		Amount:   entry.Amount.StringFixed(2),
		Currency: entry.Currency,
		Rows:     rows,
		Open:     entry.Status == statusOpen,
		Back:     true,
		Cards: []sim.Row{
			{Name: "4242 4242 4242 4242 · pays", Value: "4242424242424242"},
			{
				Name:  "4141 4141 4141 4141 · pays after a redirect",
				Value: "4141414141414141",
			},
			{Name: "4000 0000 0000 1018 · fails", Value: failingCard},
		},
	}.Show(w)
}

// leavePage ends the payment as the form fields result and card say, sends the
// webhook, and the customer back. A payment that has ended stays as it is: the
// customer comes back once more.
func (s *Simulator) leavePage(w http.ResponseWriter, r *http.Request) {
	entry, found := s.Ledger().Find(ledger.Payment, r.PathValue("id"))
	if !found {
		http.NotFound(w, r)
		return
	}

	status := statusCanceled
	if r.FormValue("result") == "pay" {
		status = statusPaid
		if strings.ReplaceAll(r.FormValue("card"), " ", "") == failingCard {
			status = statusFailed
		}
	}

	entry, ended := s.settle(entry.ID, status)
	if ended {
		s.send(r.Context(), entry)
	}
	// The payment's own status decides, and not the button that was pressed.
	to := entry.Details["cancel_url"]
	if entry.Status == statusPaid {
		to = entry.Details["return_url"]
	}

	http.Redirect(w, r, to, http.StatusSeeOther)
}
