package simulator

import (
	"cmp"
	"net/http"
	"net/url"

	"github.com/payhost/payhost/sdk/conformance/sim"
)

// words are what the page calls a status.
var words = map[string]string{
	StatusSuccess:    "paid",
	StatusConfirming: "confirming",
	StatusAbnormal:   "abnormal",
	StatusFailed:     "failed",
	StatusCanceled:   "canceled",
	StatusExpired:    "expired",
	StatusRefunding:  "refunding",
	StatusRefunded:   "refunded",
	StatusNoRefund:   "refund failed",
}

// showPage is where redirect_url leads the customer.
func (s *Simulator) showPage(w http.ResponseWriter, r *http.Request) {
	entry, found := s.find(r.URL.Query().Get("id"), "")
	if !found {
		http.NotFound(w, r)
		return
	}

	rows := []sim.Row{
		{Name: "To", Value: cmp.Or(entry.Details["company_name"], "Simulated Limited")},
		{Name: "Reference", Value: entry.OrderID}, {Name: "Order", Value: entry.ID},
	}
	if word := words[entry.Status]; word != "" {
		rows = append(rows, sim.Row{Name: "Status", Value: word})
	}

	sim.Page{
		Provider: "PayCrypto",
		Amount:   entry.Amount.String(),
		Currency: entry.Currency,
		Rows:     rows,
		Open:     entry.Status == StatusPending,
		Back:     true,
	}.Show(w)
}

// leavePage ends the order as the form field result says, sends the webhook,
// and the customer back to return_url or, without one, to the page. An order
// that has ended stays as it is: the customer comes back once more.
func (s *Simulator) leavePage(w http.ResponseWriter, r *http.Request) {
	entry, found := s.find(r.URL.Query().Get("id"), "")
	if !found {
		http.NotFound(w, r)
		return
	}

	status, reason := StatusCanceled, "Canceled by user"
	if r.PostFormValue("result") == "pay" {
		status, reason = StatusSuccess, "Approved"
	}
	entry = s.change(entry.ID, status, reason, true)
	location := "?id=" + url.QueryEscape(entry.ID)
	if to := entry.Details["return_url"]; to != "" {
		location = sim.WithQuery(to, outcome(entry).Encode())
	}

	// as it is: http.Redirect does not know the prefix under which this is
	// served
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}
