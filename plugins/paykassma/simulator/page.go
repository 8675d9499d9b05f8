package simulator

import (
	"context"
	_ "embed"
	"html/template"
	"net/http"

	"github.com/payhost/payhost/sdk/conformance/fault"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// paidHere gives a payment that has a page.
func (s *Simulator) paidHere(r *http.Request) (fault.Entry, bool) {
	e, found := s.books.Find(fault.Payment, r.PathValue("id"))
	return e, found && e.Details["redirect_url"] != ""
}

// showPage is where the link of a new payment leads.
func (s *Simulator) showPage(w http.ResponseWriter, r *http.Request) {
	e, found := s.paidHere(r)
	if !found {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = page.Execute(w, map[string]any{
		"ID": e.ID, "OrderID": e.OrderID, "System": e.Details["system"], "Currency": e.Currency,
		"Amount": e.Amount.StringFixed(2), "Open": e.Status == statusOpen, "Paid": e.Status == statusPaid,
	})
}

// leavePage ends the payment as the form field result says, tells the merchant, and sends the customer back. A payment
// that has ended stays as it is: the customer comes back once more.
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
		s.send(context.WithoutCancel(r.Context()), s.settle(e, end))
	}
	http.Redirect(w, r, e.Details["redirect_url"], http.StatusSeeOther)
}
