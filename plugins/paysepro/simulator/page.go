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

// showPage is where the customer is led to.
func (s *Simulator) showPage(w http.ResponseWriter, r *http.Request) {
	e, found := s.books.Find(fault.Payment, r.URL.Query().Get("code"))
	if !found {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = page.Execute(w, map[string]any{
		"Code": e.ID, "OrderID": e.OrderID, "Method": e.Details["type"], "Currency": e.Currency,
		"Amount": e.Amount.StringFixed(2), "Open": e.Status != statusPaid, "Status": e.Status,
	})
}

// leavePage does what the form field result says, sends the notification, and the customer back to this page: where else
// is set in the module, and no call tells it. A payment that was not paid can still be.
func (s *Simulator) leavePage(w http.ResponseWriter, r *http.Request) {
	e, found := s.books.Find(fault.Payment, r.URL.Query().Get("code"))
	if !found {
		http.NotFound(w, r)
		return
	}
	status := statusNot
	if r.FormValue("result") == "pay" {
		status = statusPaid
	}
	if e, moved := s.settle(e.ID, status); moved {
		s.send(context.WithoutCancel(r.Context()), e)
	}
	http.Redirect(w, r, e.Details["page"], http.StatusSeeOther)
}
