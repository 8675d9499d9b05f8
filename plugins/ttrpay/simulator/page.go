package simulator

import (
	"context"
	_ "embed"
	"html/template"
	"net/http"
	"strings"

	"github.com/payhost/payhost/sdk/conformance/fault"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// failingCard is the document's test card that fails. With its two others, and with any other number, one pays.
const failingCard = "4000000000001018"

// showPage is where payment_link leads the customer.
func (s *Simulator) showPage(w http.ResponseWriter, r *http.Request) {
	e, found := s.books.Find(fault.Payment, r.PathValue("id"))
	if !found {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = page.Execute(w, map[string]any{
		"ID": e.ID, "OrderID": e.OrderID, "Description": e.Details["description"], "Currency": e.Currency,
		"Amount": e.Amount.StringFixed(2), "Open": e.Status == statusOpen, "Status": e.Status,
	})
}

// leavePage ends the payment as the form fields result and card say, sends the notice, and the customer back. A payment
// that has ended stays as it is: the customer comes back once more.
func (s *Simulator) leavePage(w http.ResponseWriter, r *http.Request) {
	e, found := s.books.Find(fault.Payment, r.PathValue("id"))
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
	e, ended := s.settle(e.ID, status)
	if ended {
		s.send(context.WithoutCancel(r.Context()), e)
	}
	to := e.Details["cancel_url"]
	if e.Status == statusPaid {
		to = e.Details["return_url"]
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
