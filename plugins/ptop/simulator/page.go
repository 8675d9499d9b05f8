package simulator

import (
	"net/http"
	"strings"

	"github.com/payhost/payhost/sdk/conformance/sim"
)

// endings are what the page calls a payment that has ended.
var endings = map[string]string{statusPaid: "paid", statusCanceled: "canceled"}

// showPage is where payment_url leads the customer.
func (s *Simulator) showPage(root string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		entry, found := s.find(root, r.PathValue("id"))
		if !found {
			http.NotFound(w, r)
			return
		}

		mode, rows := "live paths", []sim.Row{
			{
				Name:  "Product",
				Value: entry.Details["product"],
			}, {Name: "Order", Value: entry.OrderID}, {Name: "Transaction", Value: entry.ID},
		}
		if strings.HasSuffix(root, "/test") {
			mode = "sandbox"
		}

		if word := endings[entry.Status]; word != "" {
			rows = append(rows, sim.Row{Name: "Status", Value: word})
		}
		sim.Page{
			Provider: "ptop",
			Mode:     mode,
			Amount:   entry.Amount.StringFixed(2),
			Currency: entry.Currency,
			Rows:     rows,
			Open:     entry.Status == statusInReview,
			Back:     true,
		}.Show(w)
	}
}

// leavePage ends the payment as the form field result says, and sends the
// customer back with the signed result. A payment that has ended stays as it
// is: the customer comes back once more.
func (s *Simulator) leavePage(root string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		entry, found := s.find(root, r.PathValue("id"))
		if !found {
			http.NotFound(w, r)
			return
		}

		status := statusCanceled
		if r.FormValue("result") == "pay" {
			status = statusPaid
		}
		entry = s.settle(entry.ID, status)
		to := entry.Details["fail_url"]
		if entry.Status == statusPaid {
			to = entry.Details["success_url"]
		}

		n := webhookOf(entry, s.Key(s.secretKey))

		// Also from server to server, to the same URL, whatever comes of it.
		// The document promises no repeat.
		s.Send(r.Context(), to, sim.Posted("application/json", n.json()), 1, nil)
		back := sim.WithQuery(to, n.form(digits))
		http.Redirect( //nolint:gosec // to is the caller's, and this is a simulator
			w,
			r,
			back,
			http.StatusSeeOther,
		)
	}
}
